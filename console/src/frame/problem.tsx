import { Alert, Button, Group, Text } from '@mantine/core';
import { isError } from '@sextant/client';
import { useStrings } from '../strings/strings.tsx';
import { messageOf } from './message-of.ts';

/** Returns what an error says to people; `offline` is said where the server does not answer. */
export const textOf = (error: unknown, offline: string): string =>
  isError(error, 'OFFLINE') ? offline : messageOf(error);

/** Shows an error where it belongs, with what to do about it; nothing without one. */
export function Problem({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const { common } = useStrings();
  if (!error) return null;
  return (
    <Alert color="red" role="alert" my="sm">
      <Group justify="space-between">
        <Text size="sm">{textOf(error, common.offline)}</Text>
        {retry && (
          <Button size="compact-sm" variant="default" onClick={retry}>
            {common.retry}
          </Button>
        )}
      </Group>
    </Alert>
  );
}

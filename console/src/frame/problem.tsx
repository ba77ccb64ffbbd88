import { Alert, Button, Group, Text } from '@mantine/core';
import { isError } from '@sextant/client';
import { useStrings } from '../strings/strings.tsx';

/** Shows an error where it belongs, with what to do about it; nothing without one. */
export function Problem({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const { common } = useStrings();
  if (!error) return null;
  const text = isError(error, 'OFFLINE') ? common.offline : error instanceof Error ? error.message : String(error);
  return (
    <Alert color="red" role="alert" my="sm">
      <Group justify="space-between">
        <Text size="sm">{text}</Text>
        {retry && (
          <Button size="compact-sm" variant="default" onClick={retry}>
            {common.retry}
          </Button>
        )}
      </Group>
    </Alert>
  );
}

import { Button, Stack, Text } from '@mantine/core';
import { Page } from '../session/page.tsx';
import { useStrings } from '../strings/strings.tsx';
import { Problem } from './problem.tsx';
import { useTitle } from './title.ts';

/** Stands in the place of the console where a page of it cannot be shown: says why, and loads it again. */
export function Failed({ error }: { readonly error: unknown }) {
  const { failed } = useStrings();
  useTitle(failed.title);
  return (
    <Page title={failed.title}>
      <Stack>
        <Text>{failed.hint}</Text>
        <Problem error={error} />
        <Button onClick={() => window.location.reload()}>{failed.reload}</Button>
      </Stack>
    </Page>
  );
}

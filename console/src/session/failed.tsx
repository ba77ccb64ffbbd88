import { Button, Stack, Text } from '@mantine/core';
import { Problem } from '../frame/problem.tsx';
import { useTitle } from '../frame/title.ts';
import { useStrings } from '../strings/strings.tsx';
import { Page } from './page.tsx';

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

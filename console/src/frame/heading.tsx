import { Group, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTitle } from './title.ts';

/** Shows the heading of a page, and what can be done there. */
export function Heading({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  useTitle(title);
  return (
    <Group justify="space-between" mb="md">
      <Title order={1} size="h2" dir="auto" className="heading">
        {title}
      </Title>
      <Group gap="xs">{children}</Group>
    </Group>
  );
}

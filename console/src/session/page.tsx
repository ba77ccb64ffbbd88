import { Box, Group, Paper, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { LanguageButton, ThemeButton } from '../frame/choices.tsx';

/** Shows a page of its own, for people who are not signed in. */
export function Page({ title, children, wide = false }: { title: string; children: ReactNode; wide?: boolean }) {
  return (
    <Box component="main" p="md" mih="100dvh" className="page-alone">
      <Paper withBorder p="xl" w="100%" maw={wide ? 640 : 420} shadow="sm">
        <Group justify="space-between" mb="md" align="flex-start" className="page-head">
          <Group gap="sm" wrap="nowrap" flex="1 0 auto" maw="100%">
            <img src="/icon.svg" width={32} height={32} alt="" />
            <Title order={1} size="h3">
              {title}
            </Title>
          </Group>
          <Group gap={4} wrap="nowrap">
            <LanguageButton />
            <ThemeButton />
          </Group>
        </Group>
        {children}
      </Paper>
    </Box>
  );
}

import { ActionIcon, AppShell, Box, Burger, Group, Menu, NavLink, Text, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useSextant } from '@sextant/client/react';
import {
  BookOpen,
  Boxes,
  Brain,
  ChartColumn,
  CircleUser,
  Copy,
  Image,
  LogOut,
  MessageSquare,
  Server,
  Settings,
  Users,
} from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { useStrings } from '../strings/strings.tsx';
import { LanguageButton, ThemeButton } from './choices.tsx';
import { copyText } from './copy-text.ts';
import { Failures } from './failures.tsx';
import { useViewer } from './viewer.ts';

const PAGES = [
  ['chat', MessageSquare],
  ['knowledge', BookOpen],
  ['memory', Brain],
  ['images', Image],
  ['vectors', Boxes],
  ['usage', ChartColumn],
  ['people', Users],
  ['system', Server],
] as const;
/** What only administrators find of use. */
const FOR_ADMINS = new Set(['system']);

/** Shows the frame around every page: where one can go, and who is signed in. */
export function Frame({ children }: { readonly children: ReactNode }) {
  const { common, pages, session } = useStrings();
  const sextant = useSextant();
  const viewer = useViewer();
  const [address] = useLocation();
  const [isOpen, { toggle, close }] = useDisclosure();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the menu of a phone.
  useEffect(close, [address]);
  const [, path] = address.split('/');
  // A part of the page about memory, with an address of its own.
  const current = path === 'contexts' ? 'memory' : path;
  const shown = PAGES.filter(([name]) => viewer?.isAdmin || !FOR_ADMINS.has(name));
  return (
    <AppShell header={{ height: 48 }} navbar={{ width: 172, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}>
      <a className="skip" href="#content">
        {common.skip}
      </a>
      <AppShell.Header px="sm">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={common.menu} />
            <img src="/icon.svg" width={26} height={26} alt="" />
            <Text fw={700}>Sextant</Text>
          </Group>
          <Group gap={4} wrap="nowrap">
            <LanguageButton />
            <ThemeButton />
            <Menu position="bottom-end">
              <Menu.Target>
                <Tooltip label={viewer?.displayName ?? session.account}>
                  <ActionIcon variant="subtle" color="gray" aria-label={session.account}>
                    <CircleUser size={20} />
                  </ActionIcon>
                </Tooltip>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>{viewer?.email}</Menu.Label>
                <Menu.Item component={Link} href="/account" leftSection={<Settings size={16} />}>
                  {session.account}
                </Menu.Item>
                <Menu.Item leftSection={<Copy size={16} />} onClick={() => void copyText(viewer?.id ?? '')}>
                  {session.copyId}
                </Menu.Item>
                <Menu.Item leftSection={<LogOut size={16} />} onClick={() => void sextant.session.signOut()}>
                  {session.signOut}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={common.menu}>
        {shown.map(([name, Icon]) => (
          <NavLink
            key={name}
            component={Link}
            href={`/${name}`}
            label={pages[name]}
            leftSection={<Icon size={18} aria-hidden />}
            active={current === name}
            aria-current={current === name ? 'page' : undefined}
            className="way"
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <Failures />
        <Box className="page">{children}</Box>
      </AppShell.Main>
    </AppShell>
  );
}

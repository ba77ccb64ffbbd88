import { Tabs } from '@mantine/core';
import { useLocation, useSearch } from 'wouter';
import { Heading } from '../frame/heading.tsx';
import { useViewer } from '../frame/viewer.ts';
import { useStrings } from '../strings/strings.tsx';
import { Audit } from './audit.tsx';
import { Keys } from './keys.tsx';
import { Sessions } from './sessions.tsx';
import { UsersTable } from './users.tsx';

/** Shows people to administrators, and to everyone their own sessions and keys. */
export function People() {
  const { people, pages } = useStrings();
  const viewer = useViewer();
  const [, go] = useLocation();
  const shown = new URLSearchParams(useSearch()).get('show') ?? (viewer?.isAdmin ? 'users' : 'sessions');
  return (
    <>
      <Heading title={pages.people} />
      <Tabs value={shown} onChange={(value) => go(`/people?show=${value}`)} keepMounted={false}>
        <Tabs.List mb="md" className="one-line">
          {viewer?.isAdmin && <Tabs.Tab value="users">{people.users}</Tabs.Tab>}
          <Tabs.Tab value="sessions">{people.sessions}</Tabs.Tab>
          <Tabs.Tab value="keys">{people.keys}</Tabs.Tab>
          <Tabs.Tab value="audit">{people.audit}</Tabs.Tab>
        </Tabs.List>
        {viewer?.isAdmin && (
          <Tabs.Panel value="users">
            <UsersTable viewerId={viewer.id} />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="sessions">
          <Sessions />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <Keys />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <Audit />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

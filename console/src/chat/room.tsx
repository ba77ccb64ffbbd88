import { useLazyQuery } from '@apollo/client/react';
import { ActionIcon, Avatar, Button, Group, Popover, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import type { Member } from '@sextant/client';
import { UserPlus } from 'lucide-react';
import { Suspense, useState } from 'react';
import { part } from '../frame/part.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useViewer } from '../frame/viewer.ts';
import { useStrings } from '../strings/strings.tsx';
import { FindAcquaintancesDocument, FindPeopleDocument, InvitePersonDocument } from './people.generated.ts';

const InviteByLink = part(() => import('./invite-by-link.tsx'), 'InviteByLink');

/** Shows who is in the room, and invites others. */
export function Room({
  id,
  members,
  isOwner,
}: {
  readonly id: string;
  readonly members: readonly Member[];
  readonly isOwner: boolean;
}) {
  const { chat } = useStrings();
  return (
    <Group gap="xs" wrap="nowrap" role="group" aria-label={chat.here}>
      <Avatar.Group>
        {members.map(({ userId, user }) => (
          <Tooltip key={userId} label={user?.displayName ?? userId}>
            <Avatar size="sm" name={user?.displayName ?? '?'} alt={user?.displayName ?? userId} color="initials" />
          </Tooltip>
        ))}
      </Avatar.Group>
      {isOwner && <Invite id={id} />}
    </Group>
  );
}

/** Shows whose message is to come. */
export function Typing({
  members,
  viewerId,
}: {
  readonly members: readonly Member[];
  readonly viewerId: string | undefined;
}) {
  const { chat } = useStrings();
  const names = members
    .filter(({ typing, userId }) => typing && userId !== viewerId)
    .map(({ user }) => user?.displayName);
  return (
    <Text size="xs" c="dimmed" h={18} role="status">
      {names.length > 0 && chat.typing(names.join(', '))}
    </Text>
  );
}

const ID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

function Invite({ id }: { id: string }) {
  const { chat, common } = useStrings();
  const viewer = useViewer();
  const [findAll, foundAll] = useLazyQuery(FindPeopleDocument);
  const [findKnown, foundKnown] = useLazyQuery(FindAcquaintancesDocument);
  const [given, setGiven] = useState<string>();
  const [invite] = useMutation(InvitePersonDocument);
  const [invited, setInvited] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<string>();
  // Administrators look through all people, others through those whom they share a conversation with.
  const found = viewer?.isAdmin ? foundAll.data?.users?.nodes : foundKnown.data?.people;
  const people = given ? [{ id: given, displayName: given }] : (found ?? []);
  return (
    <Popover position="bottom-end" withArrow trapFocus>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={chat.invite}>
          <UserPlus size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={chat.invite}>
        <Stack gap="xs" w={260}>
          <TextInput
            label={viewer?.isAdmin ? chat.inviteHintAdmin : chat.inviteHint}
            onChange={(event) => {
              const search = event.currentTarget.value.trim();
              const isId = ID.test(search);
              setGiven(isId ? search : undefined);
              if (isId || search.length < 2) return;
              void (viewer?.isAdmin ? findAll : findKnown)({ variables: { search } });
            }}
          />
          {problem && (
            <Text size="sm" role="alert">
              {problem}
            </Text>
          )}
          {people.map((user) => (
            <Group key={user.id} justify="space-between" wrap="nowrap">
              <Text size="sm" truncate>
                {user.displayName}
              </Text>
              <Button
                size="compact-xs"
                disabled={invited.includes(user.id)}
                aria-label={`${chat.invite}: ${user.displayName}`}
                onClick={() =>
                  void invite({ variables: { id, userId: user.id } }).then(
                    () => setInvited((before) => [...before, user.id]),
                    (error: Error) => setProblem(error.message),
                  )
                }
              >
                {invited.includes(user.id) ? chat.invited : chat.invite}
              </Button>
            </Group>
          ))}
          {given === undefined && found?.length === 0 && <Text size="sm">{common.noMatch}</Text>}
          <Suspense>
            <InviteByLink id={id} />
          </Suspense>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

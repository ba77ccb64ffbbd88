import { useApolloClient, useQuery } from '@apollo/client/react';
import {
  ActionIcon,
  Alert,
  Badge,
  Button,
  Group,
  Menu,
  Modal,
  NavLink,
  ScrollArea,
  Select,
  Text,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Archive, Braces, Download, Ellipsis, Folder, Pencil, Pin, Search, SquarePen, Trash2 } from 'lucide-react';
import { type FormEvent, Suspense, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { added, More } from '../frame/more.tsx';
import { part } from '../frame/part.ts';
import { saveText } from '../frame/save.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useStrings } from '../strings/strings.tsx';
import {
  AcceptInvitationDocument,
  ArchiveChatDocument,
  DeclineInvitationDocument,
  DeleteChatDocument,
  ExportChatDocument,
  ListChatsDocument,
  PinChatDocument,
  RenameChatDocument,
  SearchChatsDocument,
} from './list.generated.ts';

const Filing = part(() => import('./filing.tsx'), 'Filing');

interface Listed {
  readonly id: string;
  readonly title?: string | null;
  readonly pinned: boolean;
  readonly unreadCount: number;
  readonly tags: readonly string[];
  readonly folder?: { readonly id: string; readonly name: string } | null;
}

/** Shows the conversations, pinned ones first, what a search finds in them, and invitations. */
export function ChatList({ current }: { readonly current: string | undefined }) {
  const { chat, common } = useStrings();
  const [, go] = useLocation();
  const [text, setText] = useState('');
  const [query] = useDebouncedValue(text.trim(), 250);
  const [shown, setShown] = useState<string | null>(null);
  const { data, previousData, refetch, fetchMore } = useQuery(ListChatsDocument, {
    variables: filterOf(shown),
    refetchWritePolicy: 'merge',
  });
  const found = useQuery(SearchChatsDocument, { variables: { query }, skip: query === '' });
  const [accept] = useMutation(AcceptInvitationDocument);
  const [decline] = useMutation(DeclineInvitationDocument);
  const { conversationFolders, conversationTags } = data ?? previousData ?? {};
  const folders = conversationFolders?.nodes ?? [];
  const tags = conversationTags?.nodes ?? [];
  const listed = data?.conversations?.nodes ?? [];
  const sorted = [...listed].sort((a, b) => Number(b.pinned) - Number(a.pinned));
  const page = data?.conversations?.pageInfo;
  return (
    <nav className="chats" aria-label={chat.list}>
      <Button leftSection={<SquarePen size={16} />} variant="light" fullWidth onClick={() => go('/chat')}>
        {chat.new}
      </Button>
      <TextInput
        my="xs"
        size="sm"
        type="search"
        aria-label={common.search}
        placeholder={common.search}
        leftSection={<Search size={14} />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Select
        mb="xs"
        size="sm"
        aria-label={chat.show}
        placeholder={chat.all}
        clearable
        value={shown}
        onChange={setShown}
        data={[
          { value: 'unread', label: chat.onlyUnread },
          ...group(
            chat.folders,
            folders.map(({ id, name }) => ({ value: `folder:${id}`, label: name })),
          ),
          ...group(
            chat.tags,
            tags.map(({ name }) => ({ value: `tag:${name}`, label: name })),
          ),
        ]}
      />
      {data?.conversationInvitations?.nodes.map(({ conversationId: id, title, invitedBy }) => (
        <Alert key={id} p="xs" mb="xs">
          <Text size="sm">{chat.invitation(invitedBy?.displayName ?? '?', title ?? chat.untitled)}</Text>
          <Group gap="xs" mt={4}>
            <Button
              size="compact-xs"
              onClick={() => void accept({ variables: { id } }).then(() => Promise.all([refetch(), go(`/chat/${id}`)]))}
            >
              {chat.accept}
            </Button>
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => void decline({ variables: { id } }).then(() => refetch())}
            >
              {chat.decline}
            </Button>
          </Group>
        </Alert>
      ))}
      <ScrollArea
        className="scrolls"
        type="auto"
        viewportProps={{ tabIndex: 0, role: 'group', 'aria-label': chat.list }}
      >
        {query !== '' ? (
          found.data?.searchConversations?.nodes.map(
            ({ conversation, snippet }, index) =>
              conversation && (
                <NavLink
                  // biome-ignore lint/suspicious/noArrayIndexKey: a conversation may be found more than once.
                  key={index}
                  component={Link}
                  href={`/chat/${conversation.id}`}
                  label={conversation.title ?? chat.untitled}
                  attributes={{ label: { dir: 'auto' }, description: { dir: 'auto' } }}
                  description={snippet.map(({ text: piece, match }, place) =>
                    // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name.
                    match ? <mark key={place}>{piece}</mark> : piece,
                  )}
                />
              ),
          )
        ) : (
          <>
            {sorted.map((one) => (
              <Row key={one.id} chat={one} folders={folders} isCurrent={one.id === current} changed={refetch} />
            ))}
            <More
              page={page}
              load={(after) =>
                fetchMore({ variables: { ...filterOf(shown), after }, updateQuery: added('conversations') })
              }
            />
          </>
        )}
      </ScrollArea>
    </nav>
  );
}

const group = <Item,>(name: string, items: Item[]) => (items.length === 0 ? [] : [{ group: name, items }]);

/** What is chosen to be shown, as variables of the list. */
function filterOf(shown: string | null) {
  if (shown === 'unread') return { unread: true };
  const [kind, ...rest] = (shown ?? '').split(':');
  if (kind === 'folder') return { folderId: rest.join(':') };
  return kind === 'tag' ? { tag: rest.join(':') } : {};
}

function Row({
  chat: one,
  folders,
  isCurrent,
  changed,
}: {
  chat: Listed;
  folders: readonly { readonly id: string; readonly name: string }[];
  isCurrent: boolean;
  changed(): unknown;
}) {
  const { id, title, pinned, unreadCount } = one;
  const { chat, common, contexts } = useStrings();
  const [, go] = useLocation();
  const graph = useApolloClient();
  const [asks, setAsks] = useState<'rename' | 'delete' | 'file'>();
  const [pin] = useMutation(PinChatDocument);
  const [rename] = useMutation(RenameChatDocument);
  const [archive] = useMutation(ArchiveChatDocument);
  const [remove] = useMutation(DeleteChatDocument);
  const exported = useQuery(ExportChatDocument, { variables: { id }, skip: true });
  const name = title ?? chat.untitled;
  const leave = async () => {
    setAsks(undefined);
    if (isCurrent) go('/chat');
    // Out of each list that is here, however many pages of it were read.
    graph.cache.evict({ id: `Conversation:${id}` });
    await changed();
  };
  return (
    <Group gap={0} wrap="nowrap" className="chat-row">
      <NavLink
        component={Link}
        href={`/chat/${id}`}
        label={name}
        attributes={{ label: { dir: 'auto' } }}
        active={isCurrent}
        aria-current={isCurrent ? 'page' : undefined}
        leftSection={pinned ? <Pin size={14} aria-label={chat.pin} /> : undefined}
        rightSection={
          unreadCount > 0 && !isCurrent ? (
            <Badge size="sm" circle aria-label={chat.unread(unreadCount)}>
              {unreadCount > 99 ? '99+' : unreadCount}
            </Badge>
          ) : undefined
        }
        noWrap
        className="way"
      />
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`${common.actions}: ${name}`}>
            <Ellipsis size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<Pin size={14} />}
            onClick={() => void pin({ variables: { id, pinned: !pinned } }).then(changed)}
          >
            {pinned ? chat.unpin : chat.pin}
          </Menu.Item>
          <Menu.Item leftSection={<Pencil size={14} />} onClick={() => setAsks('rename')}>
            {chat.rename}
          </Menu.Item>
          <Menu.Item leftSection={<Folder size={14} />} onClick={() => setAsks('file')}>
            {chat.file}
          </Menu.Item>
          <Menu.Item
            leftSection={<Download size={14} />}
            onClick={async () => {
              const { data } = await exported.refetch({ id });
              const file = data?.conversation?.export;
              if (file) saveText(file.filename, file.contentType, file.content);
            }}
          >
            {chat.export}
          </Menu.Item>
          <Menu.Item component={Link} href={`/contexts?scope=conversation&of=${id}`} leftSection={<Braces size={14} />}>
            {contexts.title}
          </Menu.Item>
          <Menu.Item
            leftSection={<Archive size={14} />}
            onClick={() => void archive({ variables: { id } }).then(leave)}
          >
            {chat.archive}
          </Menu.Item>
          <Menu.Item leftSection={<Trash2 size={14} />} onClick={() => setAsks('delete')}>
            {common.delete}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asks === 'file' && (
        <Suspense>
          <Filing chat={one} folders={folders} changed={changed} close={() => setAsks(undefined)} />
        </Suspense>
      )}
      <Modal
        opened={asks === 'delete'}
        onClose={() => setAsks(undefined)}
        title={name}
        closeButtonProps={{ 'aria-label': common.close }}
      >
        <Text>{common.confirmDelete}</Text>
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={() => setAsks(undefined)}>
            {common.cancel}
          </Button>
          <Button color="red" onClick={() => void remove({ variables: { id } }).then(leave)}>
            {common.delete}
          </Button>
        </Group>
      </Modal>
      <Modal
        opened={asks === 'rename'}
        onClose={() => setAsks(undefined)}
        title={chat.rename}
        closeButtonProps={{ 'aria-label': common.close }}
      >
        <form
          onSubmit={(event: FormEvent<HTMLFormElement>) => {
            event.preventDefault();
            const given = String(new FormData(event.currentTarget).get('title'));
            setAsks(undefined);
            void rename({ variables: { id, title: given } });
          }}
        >
          <TextInput
            name="title"
            label={chat.title}
            defaultValue={title ?? ''}
            maxLength={200}
            required
            data-autofocus
          />
          <Group justify="flex-end" mt="md">
            <Button type="submit">{common.save}</Button>
          </Group>
        </form>
      </Modal>
    </Group>
  );
}

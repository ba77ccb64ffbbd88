import { useApolloClient, useQuery } from '@apollo/client/react';
import { ActionIcon, Button, Drawer, Group, Select, Skeleton, Text, Title } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { useSextant, useUpload } from '@sextant/client/react';
import { PanelLeft } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { Problem } from '../frame/problem.tsx';
import { useTitle } from '../frame/title.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useViewer } from '../frame/viewer.ts';
import { useStrings } from '../strings/strings.tsx';
import { Attached, useAttached } from './attached.tsx';
import { ChatModelsDocument, SetUpChatDocument } from './chat.generated.ts';
import { Composer, type Draft } from './composer.tsx';
import { ListChatsDocument } from './list.generated.ts';
import { ChatList } from './list.tsx';
import { Message, Sending } from './message.tsx';
import { Room, Typing } from './room.tsx';
import { inputOf, settingsOf, useServerTools } from './settings.ts';
import { SettingsButton } from './settings-button.tsx';
import { ShareButton } from './share-button.tsx';
import { useChat } from './use-chat.ts';
import { useFocusKept } from './use-focus-kept.ts';
import { useNewConversation } from './use-new-conversation.ts';
import { useViewerNews } from './use-viewer-news.ts';

/** Shows the conversations and one of them; without an id a new one, which begins with its first message. */
export function Chat({ id }: { readonly id: string | undefined }) {
  const { chat } = useStrings();
  const isNarrow = useMediaQuery('(max-width: 48em)');
  const [isListOpen, { open, close }] = useDisclosure();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation closes the list of a phone.
  useEffect(close, [id]);
  useViewerNews();
  const toggle = isNarrow && (
    <ActionIcon variant="subtle" color="gray" aria-label={chat.list} onClick={open}>
      <PanelLeft size={18} />
    </ActionIcon>
  );
  return (
    <div className="chat">
      {isNarrow ? (
        <Drawer
          opened={isListOpen}
          onClose={close}
          size="85%"
          title={chat.list}
          closeButtonProps={{ 'aria-label': chat.list }}
        >
          <ChatList current={id} />
        </Drawer>
      ) : (
        <ChatList current={id} />
      )}
      {id === undefined ? <NewChat toggle={toggle} /> : <OpenChat key={id} id={id} toggle={toggle} />}
    </div>
  );
}

function NewChat({ toggle }: { toggle: React.ReactNode }) {
  const { chat } = useStrings();
  const sextant = useSextant();
  const graph = useApolloClient();
  const [, go] = useLocation();
  const asked = new URLSearchParams(useSearch()).get('ask') ?? '';
  const [model, setModel] = useState<string | null>(null);
  const [usesMemory, setUsesMemory] = useState(true);
  const chosen = useServerTools();
  const [settings, setSettings] = useState(() => settingsOf(undefined, chosen.tools));
  const [sending, setSending] = useState<string>();
  const begun = useNewConversation();
  const sent = useRef(new WeakSet<File>());
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
    };
  }, []);
  useTitle(chat.new);
  const send = async (draft: Draft) => {
    setSending(draft.text);
    await begin(draft).finally(() => setSending(undefined));
  };
  const begin = async ({ text, attachments, documents }: Draft) => {
    const conversation = await begun({ memoryEnabled: usesMemory, model, ...inputOf(settings) });
    for (const file of documents) {
      if (sent.current.has(file)) continue;
      await sextant.uploads.document(file, { conversationId: conversation.id });
      sent.current.add(file);
    }
    const serverTools = await chosen.forMessage(usesMemory);
    await conversation.send(text, { serverTools, ...(attachments.length > 0 && { attachments: [...attachments] }) })
      .messageId;
    void graph.refetchQueries({ include: [ListChatsDocument] });
    // A person who has gone elsewhere stays there.
    if (isHere.current) go(`/chat/${conversation.id}`);
  };
  return (
    <section className="thread" aria-label={chat.new}>
      <Group className="thread-head">{toggle}</Group>
      <div className="welcome">
        <Title order={1} size="h2">
          {chat.empty}
        </Title>
        <Text>{chat.emptyHint}</Text>
      </div>
      {sending !== undefined && (
        <div className="messages-inner">
          <Sending text={sending} />
        </div>
      )}
      <Composer
        isReplying={false}
        usesMemory={usesMemory}
        setMemory={setUsesMemory}
        setTyping={() => undefined}
        initial={asked}
        send={send}
        stop={() => undefined}
      >
        <SettingsButton
          settings={{ ...settings, serverTools: chosen.tools }}
          isOwner
          save={async (next) => {
            setSettings(next);
            chosen.keep(next.serverTools);
          }}
        />
        <ModelChoice value={model} choose={setModel} />
      </Composer>
    </section>
  );
}

function OpenChat({ id, toggle }: { id: string; toggle: React.ReactNode }) {
  const { chat, common } = useStrings();
  const viewer = useViewer();
  const graph = useApolloClient();
  const [model, setModel] = useState<string | null>(null);
  const [usesMemory, setUsesMemory] = useState<boolean>();
  const [setUp] = useMutation(SetUpChatDocument);
  const chosen = useServerTools();
  const it = useChat(id, async (memoryEnabled) => ({
    ...(model && { model }),
    useMemory: usesMemory ?? memoryEnabled,
    serverTools: await chosen.forMessage(usesMemory ?? memoryEnabled),
  }));
  const attached = useAttached(id);
  const { upload } = useUpload('document');
  const { conversation } = it;
  const isOwner = conversation?.viewerRole === 'OWNER';
  const title = conversation?.title ?? chat.untitled;
  useTitle(title);
  // A title is made after the first reply: the list shows it as soon as the conversation has it.
  useEffect(() => {
    if (conversation?.title) void graph.refetchQueries({ include: [ListChatsDocument] });
  }, [conversation?.title, graph]);
  const isMemoryUsed = usesMemory ?? conversation?.memoryEnabled ?? true;
  if (!it.isLoading && !conversation) {
    return (
      <section className="thread">
        <Group className="thread-head">{toggle}</Group>
        {it.problem ? <Problem error={it.problem} /> : <Text p="md">{common.notFound}</Text>}
      </section>
    );
  }
  return (
    <section className="thread" aria-label={title}>
      <Group className="thread-head" wrap="nowrap">
        {toggle}
        <Title order={1} size="h5" className="title" dir="auto">
          {title}
        </Title>
        {isOwner && <ShareButton id={id} />}
        <Room id={id} members={it.members} isOwner={isOwner} />
      </Group>
      <Messages it={it} viewerId={viewer?.id} />
      <Typing members={it.members} viewerId={viewer?.id} />
      <Problem error={it.problem} />
      <Composer
        attached={<Attached {...attached} />}
        attach={async (file) => {
          const sending = upload(file, { conversationId: id });
          // It is listed while it is read.
          setTimeout(() => void attached.refetch(), 500);
          await sending.finally(() => attached.refetch());
        }}
        isReplying={it.isReplying}
        usesMemory={isMemoryUsed}
        setMemory={(use) => {
          setUsesMemory(use);
          // Of others each message says whether it draws on memory.
          if (isOwner) void setUp({ variables: { input: { id, memoryEnabled: use } } });
        }}
        setTyping={it.setTyping}
        initial=""
        send={it.send}
        stop={it.stop}
      >
        {conversation && (
          <SettingsButton
            settings={settingsOf(conversation, chosen.tools)}
            isOwner={isOwner}
            save={async (next) => {
              chosen.keep(next.serverTools);
              if (isOwner) await setUp({ variables: { input: { id, ...inputOf(next) } } });
            }}
          />
        )}
        <ModelChoice value={model ?? conversation?.model ?? null} choose={setModel} />
      </Composer>
    </section>
  );
}

/** How near the top earlier messages are read, in pixels. */
const NEAR_TOP = 600;

/**
 * Shows the messages, the newest at the bottom, and stays there while words come unless the person has scrolled up:
 * then earlier ones are read before the person comes to them, and what is looked at stays where it is.
 */
function Messages({ it, viewerId }: { it: ReturnType<typeof useChat>; viewerId: string | undefined }) {
  const { chat } = useStrings();
  const box = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const fromEnd = useRef(0);
  const first = it.messages[0]?.id;
  useFocusKept(inner);
  // biome-ignore lint/correctness/useExhaustiveDependencies: when earlier messages have come in above.
  useLayoutEffect(() => {
    if (!isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight - fromEnd.current;
  }, [first]);
  useEffect(() => {
    const watched = new ResizeObserver(() => {
      if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
    });
    watched.observe(inner.current!);
    return () => watched.disconnect();
  }, []);
  return (
    <div
      className="messages"
      ref={box}
      role="log"
      aria-label={chat.list}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 80;
        fromEnd.current = scrollHeight - scrollTop;
        if (it.hasEarlier && scrollTop < NEAR_TOP && !isAtEnd.current) it.earlier();
      }}
    >
      <div ref={inner} className="messages-inner">
        {it.hasEarlier && (
          <Button variant="subtle" size="compact-sm" onClick={it.earlier}>
            {chat.earlier}
          </Button>
        )}
        {it.isLoading && <Skeleton height={80} />}
        {it.messages.map((message) => (
          <Message
            key={message.id}
            message={message}
            viewerId={viewerId}
            isOwner={it.conversation?.viewerRole === 'OWNER'}
            actions={it.actions}
          />
        ))}
        {it.sending.map(({ id, text }) => (
          <Sending key={id} text={text} />
        ))}
      </div>
    </div>
  );
}

function ModelChoice({ value, choose }: { value: string | null; choose(model: string | null): void }) {
  const { chat } = useStrings();
  const { data } = useQuery(ChatModelsDocument, { fetchPolicy: 'cache-first' });
  const models = data?.models ?? [];
  if (models.length === 0) return null;
  return (
    <Select
      size="xs"
      w={170}
      aria-label={chat.model}
      placeholder={models.find(({ isDefault }) => isDefault)?.id ?? chat.defaultModel}
      data={models.map(({ id }) => id)}
      value={value}
      onChange={choose}
      searchable={models.length > 10}
      clearable={value !== null}
      comboboxProps={{ position: 'top-start', width: 'max-content' }}
    />
  );
}

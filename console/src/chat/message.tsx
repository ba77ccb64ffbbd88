import { ActionIcon, Button, Group, Loader, Popover, Text, Textarea, Tooltip } from '@mantine/core';
import type { ReplyState } from '@sextant/client';
import { useReply } from '@sextant/client/react';
import { ChevronLeft, ChevronRight, Pencil, RefreshCw, ThumbsDown, ThumbsUp, Trash2 } from 'lucide-react';
import { memo, Suspense, useEffect, useRef, useState } from 'react';
import { CopyButton } from '../frame/copy-button.tsx';
import { part } from '../frame/part.ts';
import { Problem } from '../frame/problem.tsx';
import { useAction } from '../frame/use-action.ts';
import { useStrings } from '../strings/strings.tsx';
import type { ChatMessageFragment } from './chat.generated.ts';
import { HowMade } from './how-made.tsx';
import { Sources } from './sources.tsx';
import { ToolCalls } from './tool-calls.tsx';

// A new chat has no reply to show yet, and the field to write in comes first.
const Markdown = part(() => import('./markdown.tsx'), 'Markdown');

/** What can be done with a message. */
export interface MessageActions {
  /** Resolves when the other version is stored; rejects, and the text stays. */
  edit(id: string, text: string): Promise<void>;
  regenerate(id: string): void;
  choose(id: string): void;
  remove(id: string): void;
  /** Resolves when it is stored; rejects, and a comment stays. */
  rate(id: string, rating: 'UP' | 'DOWN' | null, comment?: string): Promise<void>;
  /** Allows or refuses a call of a tool that a reply waits with. */
  decide(id: string, callId: string, isAllowed: boolean): Promise<void>;
}

/** Returns whether a reply is still to come. */
export const isOpen = ({ status }: { readonly status: string }): boolean =>
  status === 'PENDING' || status === 'STREAMING';

interface MessageProps {
  readonly message: ChatMessageFragment;
  readonly viewerId: string | undefined;
  /** Whether the viewer owns the conversation, and so may delete every message. */
  readonly isOwner: boolean;
  readonly actions: MessageActions;
}

/** Shows a message of a person or a reply; one that is being written, word for word. */
export const Message = memo(function Message({ message, viewerId, isOwner, actions }: MessageProps) {
  const { chat } = useStrings();
  const live = useReply(isOpen(message) ? message.id : null);
  const isReply = message.role === 'ASSISTANT';
  const name = isReply
    ? chat.assistant
    : message.author?.id === viewerId
      ? chat.you
      : (message.author?.displayName ?? chat.you);
  return (
    <article
      className={isReply ? 'reply' : 'asked'}
      aria-label={name}
      data-status={live?.status ?? message.status}
      // Takes the focus of what is gone.
      tabIndex={-1}
    >
      <Text size="xs" c="dimmed" className="author" dir="auto">
        {name}
      </Text>
      {message.removedAt ? (
        <Text size="sm" c="dimmed" fs="italic">
          {chat.deleted}
        </Text>
      ) : isReply ? (
        <ReplyBody message={message} live={live} actions={actions} />
      ) : (
        <Asked message={message} viewerId={viewerId} isOwner={isOwner} actions={actions} />
      )}
      {isReply && !isOpen(message) && !message.removedAt && (
        <Group gap={2} className="tools">
          <CopyButton text={message.text} />
          <Tooltip label={chat.regenerate}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={chat.regenerate}
              onClick={() => actions.regenerate(message.id)}
            >
              <RefreshCw size={14} />
            </ActionIcon>
          </Tooltip>
          <HowMade message={message} />
          <Thumbs message={message} actions={actions} />
          {isOwner && <Remove id={message.id} actions={actions} />}
          <Branches message={message} actions={actions} />
        </Group>
      )}
      {message.removedAt && <Branches message={message} actions={actions} />}
    </article>
  );
});

/** Shows what a person has written and the server has not taken yet: while it is away it is tried again for a while. */
export function Sending({ text }: { readonly text: string }) {
  const { chat } = useStrings();
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!isLate) return null;
  return (
    <div className="asked">
      <div className="bubble">
        <Text className="passage" dir="auto">
          {text}
        </Text>
      </div>
      <Text size="xs" c="dimmed" role="status">
        {chat.sending}
      </Text>
    </div>
  );
}

/** Most messages are there before a person could read that they are on their way, in ms. */
const LATE_MS = 300;

function ReplyBody({
  message,
  live,
  actions,
}: {
  message: ChatMessageFragment;
  live: ReplyState | undefined;
  actions: MessageActions;
}) {
  const { chat } = useStrings();
  const isWriting = isOpen(message) && (live === undefined || live.status === 'STREAMING');
  // What was there when the page was read counts until the stream has caught up.
  const text = live && live.text.length >= (isWriting ? 0 : message.text.length) ? live.text : message.text;
  const reasoning = live?.reasoning || message.reasoning;
  const toolCalls = live?.toolCalls.length ? live.toolCalls : message.toolCalls;
  const error = live?.error ?? message.error;
  const status = live?.status ?? message.status;
  return (
    <div aria-live="polite" aria-busy={isWriting}>
      {reasoning && (
        <details className="folded">
          <summary>{chat.reasoning}</summary>
          <Text size="sm" className="passage" dir="auto">
            {reasoning}
          </Text>
        </details>
      )}
      <ToolCalls
        calls={toolCalls}
        isComplete={status === 'COMPLETE'}
        isAsked={message.awaitsViewerApproval}
        decide={(callId, isAllowed) => actions.decide(message.id, callId, isAllowed)}
      />
      {text === '' && isWriting ? (
        <Group gap="xs">
          <Loader size="xs" type="dots" />
          <Text size="sm" c="dimmed">
            {chat.waiting}
          </Text>
        </Group>
      ) : (
        <Suspense
          fallback={
            <Text className="passage" dir="auto">
              {text}
            </Text>
          }
        >
          <Markdown text={text} isWriting={isWriting} />
        </Suspense>
      )}
      {status === 'STOPPED' && <Text size="sm">{chat.stopped}</Text>}
      {status === 'INTERRUPTED' && <Text size="sm">{chat.interrupted}</Text>}
      {error && (
        <Text size="sm" className="failed" role="alert">
          {error.message}
        </Text>
      )}
      <Sources
        sources={(message.citations.length > 0 ? message.citations : (live?.citations ?? [])).map((citation) => ({
          ...citation,
          documentId: 'document' in citation ? (citation.document?.id ?? null) : null,
        }))}
      />
    </div>
  );
}

/** Puts the caret at the end of a field that has just come. */
const writeOn = (field: HTMLTextAreaElement | null) => field?.setSelectionRange(field.value.length, field.value.length);

function Asked({ message, viewerId, isOwner, actions }: MessageProps) {
  const { chat, common } = useStrings();
  const [draft, setDraft] = useState<string>();
  const [problem, setProblem] = useState<unknown>();
  const sending = useAction(async (text: string) => {
    setProblem(undefined);
    await actions.edit(message.id, text).then(() => setDraft(undefined), setProblem);
  });
  if (draft !== undefined) {
    return (
      <div>
        <Problem error={problem} />
        <Textarea
          aria-label={chat.edit}
          autosize
          minRows={2}
          maxRows={12}
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          readOnly={sending.isRunning}
          autoFocus
          ref={writeOn}
        />
        <Group gap="xs" mt="xs" justify="flex-end">
          <Button
            size="compact-sm"
            variant="default"
            disabled={sending.isRunning}
            onClick={() => {
              setDraft(undefined);
              setProblem(undefined);
            }}
          >
            {common.cancel}
          </Button>
          <Button
            size="compact-sm"
            // Not as `loading` does it: a button that cannot be pressed loses the focus.
            aria-busy={sending.isRunning}
            disabled={draft.trim() === ''}
            onClick={() => sending.run(draft)}
          >
            {chat.editSend}
          </Button>
        </Group>
      </div>
    );
  }
  return (
    <>
      <div className="bubble">
        {message.attachments?.map(
          ({ id, url, fileName }) => url && <img key={id} src={url} alt={fileName} className="attached" />,
        )}
        <Text className="passage" dir="auto">
          {message.text}
        </Text>
      </div>
      <Group gap={2} className="tools" justify="flex-end">
        <Branches message={message} actions={actions} />
        <CopyButton text={message.text} />
        <Tooltip label={chat.edit}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={chat.edit}
            onClick={() => setDraft(message.text)}
          >
            <Pencil size={14} />
          </ActionIcon>
        </Tooltip>
        {(isOwner || message.author?.id === viewerId) && <Remove id={message.id} actions={actions} />}
      </Group>
    </>
  );
}

function Remove({ id, actions }: { id: string; actions: MessageActions }) {
  const { chat, common } = useStrings();
  const [asks, setAsks] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <Popover opened={asks} onChange={setAsks} position="top" withArrow trapFocus>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-label={chat.deleteMessage}
          ref={button}
          onClick={() => setAsks((before) => !before)}
        >
          <Trash2 size={14} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={chat.deleteMessage} maw={280}>
        <Text size="sm">{chat.deleteMessageHint}</Text>
        <Group justify="flex-end" mt="xs">
          <Button
            size="compact-sm"
            color="red"
            onClick={() => {
              setAsks(false);
              button.current?.focus();
              actions.remove(id);
            }}
          >
            {common.delete}
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}

function Thumbs({
  message: { id, viewerFeedback },
  actions,
}: {
  message: ChatMessageFragment;
  actions: MessageActions;
}) {
  const { chat, common } = useStrings();
  const [asks, setAsks] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const button = useRef<HTMLButtonElement>(null);
  const rating = viewerFeedback?.rating;
  const rate = (next: 'UP' | 'DOWN' | null) => void actions.rate(id, next).catch(() => undefined);
  return (
    <>
      <Tooltip label={chat.good}>
        <ActionIcon
          variant={rating === 'UP' ? 'light' : 'subtle'}
          color="gray"
          size="sm"
          aria-label={chat.good}
          aria-pressed={rating === 'UP'}
          onClick={() => rate(rating === 'UP' ? null : 'UP')}
        >
          <ThumbsUp size={14} />
        </ActionIcon>
      </Tooltip>
      <Popover opened={asks} onChange={setAsks} position="top" withArrow trapFocus>
        <Popover.Target>
          <ActionIcon
            variant={rating === 'DOWN' ? 'light' : 'subtle'}
            color="gray"
            size="sm"
            aria-label={chat.bad}
            aria-pressed={rating === 'DOWN'}
            ref={button}
            onClick={() => {
              rate(rating === 'DOWN' ? null : 'DOWN');
              setAsks(rating !== 'DOWN');
            }}
          >
            <ThumbsDown size={14} />
          </ActionIcon>
        </Popover.Target>
        <Popover.Dropdown aria-label={chat.bad} w={280}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              const comment = String(new FormData(event.currentTarget).get('comment')).trim();
              const close = () => {
                setProblem(undefined);
                setAsks(false);
                button.current?.focus();
              };
              if (comment === '') close();
              else void actions.rate(id, 'DOWN', comment).then(close, setProblem);
            }}
          >
            <Problem error={problem} />
            <Textarea
              name="comment"
              label={chat.why}
              autosize
              minRows={2}
              maxRows={6}
              maxLength={2000}
              data-autofocus
            />
            <Group justify="flex-end" mt="xs">
              <Button type="submit" size="compact-sm">
                {common.save}
              </Button>
            </Group>
          </form>
        </Popover.Dropdown>
      </Popover>
    </>
  );
}

function Branches({ message, actions }: { message: ChatMessageFragment; actions: MessageActions }) {
  const { chat } = useStrings();
  const { siblingIndex, siblingCount, previousSiblingId, nextSiblingId } = message;
  if (siblingCount < 2) return null;
  const step = (label: string, to: string | null, icon: React.ReactNode) => (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="sm"
      aria-label={label}
      disabled={to === null}
      onClick={() => actions.choose(to!)}
    >
      {icon}
    </ActionIcon>
  );
  return (
    <Group gap={0}>
      {step(chat.previous, previousSiblingId, <ChevronLeft size={14} />)}
      <Text size="xs">{chat.version(siblingIndex + 1, siblingCount)}</Text>
      {step(chat.next, nextSiblingId, <ChevronRight size={14} />)}
    </Group>
  );
}

import { type Conversation, type Member, newId } from '@sextant/client';
import { useSextant } from '@sextant/client/react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useMutation } from '../frame/use-mutation.ts';
import { ChooseBranchDocument, DeleteMessageDocument, RateReplyDocument } from './chat.generated.ts';
import type { Draft } from './composer.tsx';
import { isOpen, type MessageActions } from './message.tsx';
import type { ServerTool } from './settings.ts';
import { useThread } from './use-thread.ts';

/** What a message is sent with, whether it is new or another version. */
interface MessageOptions {
  readonly model?: string;
  readonly useMemory: boolean;
  readonly serverTools: ServerTool[];
}

/**
 * Keeps one conversation: what is in it, who is there, and what can be done.
 *
 * @param optionsOf what a message goes with, in a conversation that uses memory or does not.
 */
export function useChat(id: string, optionsOf: (memoryEnabled: boolean) => Promise<MessageOptions>) {
  const sextant = useSextant();
  const conversation = useMemo(() => sextant.conversation(id), [sextant, id]);
  const { conversation: shown, messages, hasEarlier, earlier, error, refetch } = useThread(id);
  const [chooseBranch] = useMutation(ChooseBranchDocument);
  const [deleteMessage] = useMutation(DeleteMessageDocument);
  const [rateReply] = useMutation(RateReplyDocument);
  const [members, setMembers] = useState<readonly Member[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const reading = useRef<Promise<unknown> | undefined>(undefined);
  const regenerated = useRef(new Set<string>());
  const [sending, setSending] = useState<readonly { readonly id: string; readonly text: string }[]>([]);

  // Events come in numbers, and what they tell is read at once for all of them.
  const read = useCallback(() => {
    reading.current ??= new Promise((resolve) => setTimeout(resolve, 50)).then(() => {
      reading.current = undefined;
      return refetch();
    });
    return reading.current;
  }, [refetch]);

  useEffect(() => {
    const ended = new AbortController();
    void (async () => {
      let present: readonly Member[] = [];
      const options = { signal: ended.signal, onInterruption: () => void read() };
      for await (const event of conversation.events(options)) {
        switch (event.__typename) {
          case 'RoomMembers':
            present = event.members;
            // It does not replay: what came before it was open is read now.
            void read();
            break;
          case 'RoomMemberChanged':
            present = [...present.filter(({ userId }) => userId !== event.member.userId), event.member];
            break;
          case 'RoomMemberLeft':
            present = present.filter(({ userId }) => userId !== event.userId);
            break;
          default:
            void read();
        }
        setMembers(present);
      }
    })().catch(setProblem);
    return () => {
      ended.abort();
      setMembers([]);
    };
  }, [conversation, read]);

  useReading(conversation, shown?.unreadCount ?? 0, messages);
  const done = useCallback(
    async (reply: { readonly messageId: Promise<string> }) => {
      setProblem(undefined);
      await reply.messageId;
      await refetch();
    },
    [refetch],
  );
  const options = useRef(() => optionsOf(true));
  useEffect(() => {
    options.current = () => optionsOf(shown?.memoryEnabled ?? true);
  });
  const actions = useMemo(
    (): MessageActions => ({
      edit: async (messageId, text) => {
        const chosen = await options.current();
        await done(conversation.edit(messageId, text, chosen));
      },
      regenerate: (messageId) => {
        // A second click is not a wish for a second reply.
        if (regenerated.current.has(messageId)) return;
        regenerated.current.add(messageId);
        void options
          .current()
          .then(({ model }) => done(conversation.regenerate(messageId, model === undefined ? {} : { model })))
          .catch(setProblem)
          .finally(() => regenerated.current.delete(messageId));
      },
      remove: (messageId) =>
        void deleteMessage({ variables: { id: messageId } })
          .then(() => refetch())
          .catch(setProblem),
      rate: async (messageId, rating, comment) => {
        try {
          await rateReply({ variables: { input: { id: messageId, rating, comment } } });
        } catch (error) {
          // What is written about a reply tells of its failure beside the field.
          if (comment === undefined) setProblem(error);
          throw error;
        }
      },
      decide: (messageId, callId, isAllowed) =>
        conversation
          .decide(messageId, callId, isAllowed)
          .then(() => setProblem(undefined), setProblem)
          // Refused as well: it may have been decided elsewhere, or its time may be over.
          .then(async () => void (await refetch()))
          .catch(setProblem),
      choose: (messageId) =>
        void chooseBranch({ variables: { id: messageId } })
          .then(() => refetch())
          .catch(setProblem),
    }),
    [conversation, done, chooseBranch, deleteMessage, rateReply, refetch],
  );
  return {
    conversation: shown,
    isLoading: shown === undefined && error === undefined,
    messages,
    members,
    problem: problem ?? (shown ? undefined : error),
    actions,
    isReplying: messages.some(isOpen),
    hasEarlier,
    earlier: () => void earlier().catch(setProblem),
    // An event may show the message before the answer to its sending is here, which may have been lost.
    sending: sending.filter(({ id: sent }) => !messages.some(({ clientMessageId }) => clientMessageId === sent)),
    send: async ({ text, attachments }: Draft) => {
      const sent = newId();
      setSending((before) => [...before, { id: sent, text }]);
      try {
        const chosen = await options.current();
        const images = attachments.length > 0 && { attachments: [...attachments] };
        await done(conversation.send(text, { ...chosen, ...images, clientMessageId: sent }));
      } finally {
        setSending((before) => before.filter((one) => one.id !== sent));
      }
    },
    stop: () =>
      void Promise.all(messages.filter(isOpen).map(({ id: messageId }) => conversation.follow(messageId).stop())).catch(
        setProblem,
      ),
    setTyping: (typing: boolean) => void conversation.setTyping(typing).catch(() => undefined),
  };
}

/** Marks what is on the screen as read, as soon as the page is looked at. */
function useReading(
  conversation: Conversation,
  unread: number,
  messages: readonly { readonly id: string; readonly status: string }[],
): void {
  const last = messages.findLast((message) => !isOpen(message))?.id;
  useEffect(() => {
    if (unread === 0 || last === undefined) return undefined;
    const mark = () => {
      if (document.visibilityState === 'visible') void conversation.markRead(last).catch(() => undefined);
    };
    mark();
    document.addEventListener('visibilitychange', mark);
    return () => document.removeEventListener('visibilitychange', mark);
  }, [conversation, unread, last]);
}

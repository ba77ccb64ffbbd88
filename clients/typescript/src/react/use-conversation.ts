import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ChatMessage, Conversation, SendOptions } from '../conversation.ts';
import type { EditMessageInput } from '../generated/graphql.ts';
import type { Reply, ReplyState } from '../reply.ts';
import { useSextant } from './context.tsx';
import { onceAFrame, pauseOf } from './use-reply.ts';

/** A conversation as a chat window needs it. */
export interface ConversationState {
  /** Oldest first; replies that are being written have their text so far. */
  readonly messages: readonly (ChatMessage & { readonly live?: ReplyState | undefined })[];
  readonly isLoading: boolean;
  readonly error: Error | undefined;
  /** Whether a reply is being written. */
  readonly isReplying: boolean;
  send(text: string, options?: SendOptions): Promise<void>;
  edit(messageId: string, text: string, options?: Partial<EditMessageInput>): Promise<void>;
  regenerate(messageId: string): Promise<void>;
  /** Stops all replies that are being written. */
  stop(): Promise<void>;
}

/** All that is known of one conversation. */
interface Known {
  readonly conversation: Conversation;
  readonly messages?: readonly ChatMessage[];
  readonly live: ReadonlyMap<string, ReplyState>;
  readonly error?: Error | undefined;
}

const nothingOf = (conversation: Conversation): Known => ({ conversation, live: new Map() });

/** Keeps a conversation: its messages, its replies word for word, what others do in it, and what may be done. */
export function useConversation(id: string): ConversationState {
  const sextant = useSextant();
  const conversation = useMemo(() => sextant.conversation(id), [sextant, id]);
  const [kept, setKnown] = useState(() => nothingOf(conversation));
  // Of the conversation that was shown before, no frame is shown as if it were of this one.
  const known = kept.conversation === conversation ? kept : nothingOf(conversation);
  if (known !== kept) setKnown(known);
  /** What comes late of another conversation is left out. */
  const change = useCallback(
    (next: (before: Known) => Partial<Known>) =>
      setKnown((before) => (before.conversation === conversation ? { ...before, ...next(before) } : before)),
    [conversation],
  );
  const fail = useCallback((error: unknown) => change(() => ({ error: error as Error })), [change]);
  const read = useReading(conversation, change, fail);
  const watch = useRef<Watch>(undefined);

  const follow = useCallback(
    async (messageId: string) => {
      // A reply of a conversation that was left is not followed.
      if (watch.current?.conversation !== conversation || watch.current.replies.has(messageId)) return;
      const { signal, replies } = watch.current;
      const reply = conversation.follow(messageId, { signal });
      replies.set(messageId, reply);
      const show = onceAFrame<ReplyState>(
        (state) => change(({ live }) => ({ live: new Map(live).set(messageId, state) })),
        ({ text }) => pauseOf(text),
      );
      try {
        for await (const state of reply) show.later(state);
        if (!signal.aborted) await read();
      } catch (thrown) {
        show.cancel();
        if (signal.aborted) return;
        // What is shown from now on is what is stored, until it is followed again.
        change(({ live }) => ({ live: new Map([...live].filter(([followed]) => followed !== messageId)) }));
        throw thrown;
      } finally {
        replies.delete(messageId);
      }
    },
    [conversation, change, read],
  );

  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    watch.current = { conversation, signal, replies: new Map() };
    void (async () => {
      for await (const _ of conversation.events({ signal, onInterruption: () => void read() })) await read();
    })().catch((error: unknown) => {
      if (!signal.aborted) fail(error);
    });
    void read();
    return () => {
      watch.current = undefined;
      ended.abort();
    };
  }, [conversation, read, fail]);

  // What another device or person asked for, or what a reload interrupted.
  const { messages, live, error } = known;
  useEffect(() => {
    for (const { id: messageId, role, status } of messages ?? [])
      if (role === 'ASSISTANT' && isOpen(status)) void follow(messageId).catch(fail);
  }, [messages, follow, fail]);

  const run = useCallback(
    async (reply: Reply) => {
      change(() => ({ error: undefined }));
      try {
        const messageId = await reply.messageId;
        await read();
        await follow(messageId);
      } catch (thrown) {
        fail(thrown);
        throw thrown;
      }
    },
    [change, read, follow, fail],
  );

  const shown = useMemo(
    () =>
      (messages ?? []).map((message) => {
        const state = live.get(message.id);
        if (!state || !isOpen(message.status)) return message;
        return { ...message, text: state.text, live: state };
      }),
    [messages, live],
  );
  return {
    messages: shown,
    isLoading: messages === undefined && error === undefined,
    error,
    isReplying: shown.some(({ status }) => isOpen(status)),
    send: (text, options) => run(conversation.send(text, options)),
    edit: (messageId, text, options) => run(conversation.edit(messageId, text, options)),
    regenerate: (messageId) => run(conversation.regenerate(messageId)),
    stop: async () => {
      const replies = [...(watch.current?.replies.values() ?? [])];
      await Promise.all(replies.map((reply) => reply.stop()));
    },
  };
}

/** While a conversation is on the screen: what ends with that, and the replies that are followed. */
interface Watch {
  readonly conversation: Conversation;
  readonly signal: AbortSignal;
  readonly replies: Map<string, Reply>;
}

const isOpen = (status: string): boolean => status === 'PENDING' || status === 'STREAMING';

/** Reads the messages again; while one reading is under way, all who ask share the next one. */
function useReading(
  conversation: Conversation,
  change: (next: () => Partial<Known>) => void,
  fail: (error: unknown) => void,
): () => Promise<void> {
  return useMemo(() => {
    let running: Promise<void> | undefined;
    let next: Promise<void> | undefined;
    const once = async () => {
      try {
        const { messages } = await conversation.messages();
        change(() => ({ messages }));
      } catch (error) {
        fail(error);
      }
    };
    const start = (): Promise<void> => {
      running = once().finally(() => {
        running = undefined;
      });
      return running;
    };
    return () => {
      if (!running) return start();
      next ??= running.then(() => {
        next = undefined;
        return start();
      });
      return next;
    };
  }, [conversation, change, fail]);
}

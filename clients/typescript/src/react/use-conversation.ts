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

/** Keeps a conversation: its messages, its replies word for word, what others do in it, and what may be done. */
export function useConversation(id: string): ConversationState {
  const sextant = useSextant();
  const conversation = useMemo(() => sextant.conversation(id), [sextant, id]);
  const [messages, setMessages] = useState<readonly ChatMessage[]>();
  const [live, setLive] = useState<ReadonlyMap<string, ReplyState>>(new Map());
  const [error, setError] = useState<Error>();
  const following = useRef(new Map<string, Reply>());

  const read = useReading(conversation, setMessages, setError);
  const follow = useCallback(
    async (reply: Reply, signal?: AbortSignal) => {
      const messageId = await reply.messageId;
      if (following.current.has(messageId)) return;
      following.current.set(messageId, reply);
      const show = onceAFrame<ReplyState>(
        (state) => setLive((kept) => new Map(kept).set(messageId, state)),
        ({ text }) => pauseOf(text),
      );
      try {
        for await (const state of reply) {
          if (signal?.aborted) break;
          show.later(state);
        }
      } catch (thrown) {
        show.cancel();
        // What is shown from now on is what is stored, until it is followed again.
        setLive((kept) => new Map([...kept].filter(([id]) => id !== messageId)));
        throw thrown;
      } finally {
        following.current.delete(messageId);
      }
      await read();
    },
    [read],
  );

  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    const replies = following.current;
    void (async () => {
      for await (const _ of conversation.events({ signal, onInterruption: () => void read() })) await read();
    })().catch(setError);
    void read();
    return () => {
      ended.abort();
      replies.clear();
    };
  }, [conversation, read]);

  // What another device or person asked for, or what a reload interrupted.
  useEffect(() => {
    const ended = new AbortController();
    for (const { id: messageId, role, status } of messages ?? []) {
      if (role !== 'ASSISTANT' || (status !== 'PENDING' && status !== 'STREAMING')) continue;
      void follow(conversation.follow(messageId, { signal: ended.signal }), ended.signal).catch(setError);
    }
  }, [messages, conversation, follow]);

  const run = useCallback(
    async (reply: Reply) => {
      setError(undefined);
      try {
        await reply.messageId;
        await read();
        await follow(reply);
      } catch (thrown) {
        setError(thrown as Error);
        throw thrown;
      }
    },
    [read, follow],
  );

  const shown = useMemo(
    () =>
      (messages ?? []).map((message) => {
        const state = live.get(message.id);
        if (!state || (message.status !== 'PENDING' && message.status !== 'STREAMING')) return message;
        return { ...message, text: state.text, live: state };
      }),
    [messages, live],
  );
  return {
    messages: shown,
    isLoading: messages === undefined && error === undefined,
    error,
    isReplying: shown.some(({ status }) => status === 'PENDING' || status === 'STREAMING'),
    send: (text, options) => run(conversation.send(text, options)),
    edit: (messageId, text, options) => run(conversation.edit(messageId, text, options)),
    regenerate: (messageId) => run(conversation.regenerate(messageId)),
    stop: async () => void (await Promise.all([...following.current.values()].map((reply) => reply.stop()))),
  };
}

/** Reads the messages again; while one reading is under way, all who ask share the next one. */
function useReading(
  conversation: Conversation,
  show: (messages: readonly ChatMessage[]) => void,
  fail: (error: Error) => void,
): () => Promise<void> {
  return useMemo(() => {
    let running: Promise<void> | undefined;
    let next: Promise<void> | undefined;
    const once = async () => {
      try {
        show((await conversation.messages()).messages);
      } catch (error) {
        fail(error as Error);
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
  }, [conversation, show, fail]);
}

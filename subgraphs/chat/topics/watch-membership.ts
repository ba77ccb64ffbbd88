import type { ConversationTopics } from './conversation-topics.ts';

/** A watch over whether a person still takes part in a conversation. */
export interface MembershipWatch {
  /** Aborts, beside the signal that was given, when the person no longer takes part. */
  readonly signal: AbortSignal;
  ended(): boolean;
  close(): void;
}

/** Watches whether a person takes part in a conversation. Resolves when no removal from now on is missed. */
export async function watchMembership(
  topics: ConversationTopics,
  conversationId: string,
  userId: string,
  signal: AbortSignal,
): Promise<MembershipWatch> {
  const closing = new AbortController();
  const news = await topics.read(conversationId, userId, AbortSignal.any([signal, closing.signal]));
  let hasLeft = false;
  const watching = (async () => {
    for await (const event of news) {
      if (event.type !== 'ParticipantLeft' || event.userId !== userId) continue;
      hasLeft = true;
      closing.abort();
    }
  })();
  // Without the news no reader would be told of a removal: the watch ends too.
  watching.catch(() => closing.abort());
  return {
    signal: AbortSignal.any([signal, closing.signal]),
    ended: () => hasLeft,
    close: () => closing.abort(),
  };
}

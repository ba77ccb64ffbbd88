import type { CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import { Pull, WAIT } from '#platform/base/iteration/pull.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';

/**
 * The news of a conversation that other replicas are told: ids only, everybody reads the rest with their own rights.
 */
export type ConversationNews =
  | {
      readonly type: 'MessageCreated' | 'MessageUpdated' | 'ReplyStarted' | 'ReplyFinished';
      readonly messageId: string;
    }
  | { readonly type: 'ConversationUpdated' }
  | { readonly type: 'ConversationDeleted' }
  | { readonly type: 'ParticipantJoined' | 'ParticipantLeft'; readonly userId: string };

/** News that may wait for a slow reader; beyond it the oldest are dropped. */
const MAX_WAITING = 256;

/** The news of each conversation, on its topic. */
export class ConversationTopics {
  readonly #topics: Topics;

  readonly #onNews: (conversationId: string) => void;

  /** @param onNews is called with the conversation whose state in people's lists has changed. */
  constructor(topics: Topics, onNews: (conversationId: string) => void) {
    this.#topics = topics;
    this.#onNews = onNews;
  }

  async publish(conversationId: string, ...news: readonly ConversationNews[]): Promise<void> {
    if (news.some(({ type }) => type !== 'ReplyStarted')) this.#onNews(conversationId);
    // In this order, without waiting for each: they leave by one connection.
    await Promise.all(news.map((one) => this.#topics.publish(topicOf(conversationId), { ...one })));
  }

  /** Resolves when nothing that is published from now on is missed. */
  async read(conversationId: string, signal: CancelSignal): Promise<AsyncIterableIterator<ConversationNews>> {
    const waiting: ConversationNews[] = [];
    // Events may come before the subscription is confirmed; they wait for the reader as all others do.
    let news: Pull<ConversationNews> | undefined;
    const subscription = await this.#topics.subscribe(topicOf(conversationId), (event) => {
      if (waiting.length >= MAX_WAITING) waiting.shift();
      waiting.push(event as ConversationNews);
      news?.wake();
    });
    news = new Pull({
      signal,
      take: () => waiting.shift() ?? WAIT,
      close: () => subscription.close(),
    });
    // An iteration that begins aborted closes before there is anything to close.
    if (signal.aborted) subscription.close();
    return news;
  }
}

const topicOf = (conversationId: string): string => `chat:conversation:${conversationId}`;

import type { CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import { Pull, WAIT } from '#platform/base/iteration/pull.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import type { OpenReaders } from './open-readers.ts';

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

/** The news as a reader hears them. Where others were missed, the rows say how many have arrived. */
export type HeardNews = ConversationNews | { readonly type: 'NewsMissed'; readonly arrivals: number };

/** News that may wait for a slow reader; beyond it the oldest are dropped, but for those that may end its reading. */
const MAX_WAITING = 256;

/** The news of each conversation, on its topic. */
export class ConversationTopics implements Disposable {
  readonly #topics: Topics;
  readonly #readers: OpenReaders;
  readonly #onNews: (conversationId: string) => void;
  readonly #unheard: () => void;

  /** @param onNews is called with the conversation whose state in people's lists has changed. */
  constructor(topics: Topics, readers: OpenReaders, onNews: (conversationId: string) => void) {
    this.#topics = topics;
    this.#readers = readers;
    this.#onNews = onNews;
    this.#unheard = topics.onMissed(() => readers.lookUp());
  }

  [Symbol.dispose](): void {
    this.#unheard();
  }

  async publish(conversationId: string, ...news: readonly ConversationNews[]): Promise<void> {
    if (news.some(({ type }) => type !== 'ReplyStarted')) this.#onNews(conversationId);
    // In this order, without waiting for each: they leave by one connection.
    await Promise.all(news.map((one) => this.#topics.publish(topicOf(conversationId), { ...one })));
  }

  /**
   * Resolves when nothing that is published from now on is missed. Where news of other processes were lost, the reader
   * hears of it when they can be heard again: that it no longer takes part, or how much has arrived.
   */
  async read(conversationId: string, userId: string, signal: CancelSignal): Promise<AsyncIterableIterator<HeardNews>> {
    const waiting: HeardNews[] = [];
    // Events may come before the subscription is confirmed; they wait for the reader as all others do.
    let news: Pull<HeardNews> | undefined;
    const hear = (event: HeardNews): void => {
      if (waiting.length >= MAX_WAITING) waiting.splice(Math.max(0, waiting.findIndex(isPassing)), 1);
      waiting.push(event);
      news?.wake();
    };
    const subscription = await this.#topics.subscribe(topicOf(conversationId), (event) =>
      hear(event as ConversationNews),
    );
    const remove = this.#readers.add({
      conversationId,
      userId,
      lookedUp: (arrivals) =>
        hear(arrivals === undefined ? { type: 'ParticipantLeft', userId } : { type: 'NewsMissed', arrivals }),
    });
    const close = (): void => {
      remove();
      subscription.close();
    };
    news = new Pull({ signal, take: () => waiting.shift() ?? WAIT, close });
    // An iteration that begins aborted closes before there is anything to close.
    if (signal.aborted) close();
    return news;
  }
}

const isPassing = ({ type }: HeardNews): boolean => type !== 'ParticipantLeft' && type !== 'ConversationDeleted';

const topicOf = (conversationId: string): string => `chat:conversation:${conversationId}`;

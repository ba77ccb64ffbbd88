import { every } from '#platform/base/faults/every.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import { Pull, WAIT } from '#platform/base/iteration/pull.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import type { PrismaClient } from '#prisma/chat/client/client.ts';

/** How long changes of conversations are gathered before those who take part are told, in ms. */
const GATHER_MS = 20;
/** How often a reader looks without being told: news of other processes are lost while Redis is away. In ms. */
const LOOK_EVERY_MS = 60_000;

interface NewsParts {
  readonly db: PrismaClient;
  readonly topics: Topics;
  readonly log: Logger;
  /** Whether there may be other processes. */
  readonly isShared: boolean;
}

/**
 * The news that something of a user has changed. It says no more than that: what it was is read from the rows, so a
 * piece of news that is lost or comes twice does no harm.
 */
export class ViewerNews implements AsyncDisposable {
  readonly #parts: NewsParts;
  readonly #conversations = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> = Promise.resolve();

  constructor(parts: NewsParts) {
    this.#parts = parts;
  }

  /** Tells users, after the change was committed. Never rejects. */
  changed(...userIds: readonly string[]): void {
    for (const userId of userIds) {
      this.#parts.topics.publish(topicOf(userId), 'changed').catch((error: unknown) => {
        this.#parts.log.warn({ err: error }, 'a user could not be told of a change');
      });
    }
  }

  /** Tells all who take part in a conversation; changes of the next moment together. */
  conversationChanged(conversationId: string): void {
    this.#conversations.add(conversationId);
    this.#timer ??= setTimeout(
      guarded({ where: 'viewer news', log: this.#parts.log }, () => {
        this.#timer = undefined;
        this.#telling = this.#telling.then(() => this.#tell());
      }),
      GATHER_MS,
    );
  }

  /** Resolves when nothing that changes from now on is missed. A reader is woken at once, for what was before. */
  async read(userId: string, signal: AbortSignal): Promise<AsyncIterable<'changed'>> {
    let isChanged = true;
    let news: Pull<'changed'> | undefined;
    const wake = (): void => {
      isChanged = true;
      news?.wake();
    };
    const subscription = await this.#parts.topics.subscribe(topicOf(userId), wake);
    const stopLooking = this.#parts.isShared
      ? every(LOOK_EVERY_MS, { where: 'viewer news', log: this.#parts.log }, wake)
      : undefined;
    const close = (): void => {
      stopLooking?.();
      subscription.close();
    };
    news = new Pull({
      signal,
      take: () => {
        if (!isChanged) return WAIT;
        isChanged = false;
        return 'changed';
      },
      close,
    });
    // An iteration that begins aborted closes before there is anything to close.
    if (signal.aborted) close();
    return news;
  }

  async #tell(): Promise<void> {
    const ids = [...this.#conversations];
    this.#conversations.clear();
    try {
      const rows = await this.#parts.db.participant.findMany({
        where: { conversationId: { in: ids } },
        distinct: ['userId'],
        select: { userId: true },
      });
      this.changed(...rows.map(({ userId }) => userId));
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'those who take part could not be told of a change');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#telling;
  }
}

const topicOf = (userId: string): string => `chat:viewer:${userId}`;

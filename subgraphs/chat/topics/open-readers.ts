import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '#platform/base/log/log.ts';
import type { PrismaClient } from '#prisma/chat/client/client.ts';

/** Readers that are looked up by one query, and how long others go first before the next, in ms. */
const AT_ONCE = 500;
const PAUSE_MS = 50;
/** How long to wait for a database that does not answer, in ms. */
const RETRY_MS = 1_000;

/** A person who reads a conversation. */
export interface OpenReader {
  readonly conversationId: string;
  readonly userId: string;
  /**
   * Takes what the rows say after news may have been missed.
   *
   * @param arrivals the number of the last that has arrived; undefined: the reader no longer takes part, or the
   * conversation is gone.
   */
  lookedUp(arrivals: number | undefined): void;
}

/**
 * The readers of conversations in this process. Where they may have missed news, such as that one of them was removed,
 * each is looked up once: the readers of a conversation together, and some hundred at a time.
 */
export class OpenReaders implements Disposable {
  readonly #db: Pick<PrismaClient, '$queryRaw'>;
  readonly #log: Logger;
  readonly #readers = new Set<OpenReader>();
  readonly #closing = new AbortController();
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(db: Pick<PrismaClient, '$queryRaw'>, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  /** @returns what takes the reader away. */
  add(reader: OpenReader): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** Looks all readers up, once; once more when it is asked for meanwhile. Never throws. */
  lookUp(): void {
    this.#again = true;
    this.#looking ??= this.#lookUpAll().finally(() => {
      this.#looking = undefined;
      // It may have been asked for between the last look and now.
      if (this.#again && !this.#closing.signal.aborted) this.lookUp();
    });
  }

  async #lookUpAll(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#again && !signal.aborted) {
      this.#again = false;
      const readers = [...this.#readers].sort((a, b) => (a.conversationId < b.conversationId ? -1 : 1));
      for (let from = 0; from < readers.length && !signal.aborted; ) {
        const some = readers.slice(from, from + AT_ONCE);
        const isDone = await this.#lookUpSome(some).then(
          () => true,
          (error: unknown) => {
            this.#log.warn({ err: error }, 'readers of conversations could not be looked up; they are tried again');
            return false;
          },
        );
        if (isDone) from += AT_ONCE;
        await pause(isDone ? PAUSE_MS : RETRY_MS, undefined, { ref: false, signal }).catch(() => {});
      }
    }
  }

  async #lookUpSome(readers: readonly OpenReader[]): Promise<void> {
    const rows = await this.#db.$queryRaw<{ conversationId: string; userId: string; arrivals: number }[]>`
      SELECT p.conversation_id::text AS "conversationId", p.user_id::text AS "userId", c.arrivals
      FROM participants p JOIN conversations c ON c.id = p.conversation_id
      WHERE (p.conversation_id, p.user_id) IN (SELECT * FROM unnest(
        ${readers.map(({ conversationId }) => conversationId)}::uuid[], ${readers.map(({ userId }) => userId)}::uuid[]))`;
    const found = new Map(rows.map((row) => [keyOf(row), row.arrivals]));
    for (const reader of readers) if (this.#readers.has(reader)) reader.lookedUp(found.get(keyOf(reader)));
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
  }
}

const keyOf = ({ conversationId, userId }: { readonly conversationId: string; readonly userId: string }): string =>
  `${conversationId.toLowerCase()} ${userId.toLowerCase()}`;

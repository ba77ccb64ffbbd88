import type { Logger } from '#platform/base/log/log.ts';
import { LAZILY } from '#platform/data/database/lazy-commit.ts';
import type { PrismaClient } from '#prisma/memory/client/client.ts';

/** How long a note waits for others, in ms. */
const GATHER_MS = 2_000;

interface Use {
  readonly userId: string;
  count: number;
  at: Date;
}

/**
 * The notes of which memories served replies. Every reply makes some, so they are gathered and written by one statement
 * that does not wait for the disk: a killed process loses two seconds of them, which only order what is about equally
 * relevant.
 */
export class Uses implements AsyncDisposable {
  readonly #db: PrismaClient;
  readonly #log: Logger;
  #noted = new Map<string, Use>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(db: PrismaClient, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  /** Notes that memories of a user served a reply. */
  note(userId: string, ids: readonly string[]): void {
    if (ids.length === 0) return;
    const at = new Date();
    for (const id of ids) {
      const use = this.#noted.get(id) ?? { userId, count: 0, at };
      use.count++;
      use.at = at;
      this.#noted.set(id, use);
    }
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
  }

  /** Never rejects. In the order of the ids, so that two processes do not wait for one another. */
  async #write(): Promise<void> {
    if (this.#noted.size === 0) return;
    const uses = [...this.#noted].map(([id, { userId, count, at }]) => ({ id, user_id: userId, count, at }));
    this.#noted = new Map();
    try {
      await this.#db.$executeRawUnsafe(
        `WITH used AS (
           SELECT * FROM jsonb_to_recordset($1::jsonb) AS used (id uuid, user_id text, count int, at timestamptz)
         ), held AS (
           SELECT m.id FROM memories m JOIN used ON used.id = m.id AND used.user_id = m.user_id ORDER BY m.id
           FOR UPDATE OF m
         )
         UPDATE memories m SET uses = uses + used.count, last_used_at = greatest(last_used_at, used.at)
         FROM held JOIN used USING (id) WHERE m.id = held.id AND ${LAZILY}`,
        JSON.stringify(uses),
      );
    } catch (error) {
      this.#log.warn({ err: error, memories: uses.length }, 'uses of memories were not noted');
    }
  }
}

import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bulkhead } from '#platform/base/faults/bulkhead.ts';
import type { Platform } from '#platform/host/platform.ts';
import type { Database } from './parts.ts';

/** Rows that are read at a time: what others ask meanwhile waits for so many at most. */
const BATCH = 100;
const EXPORT_S = 600;
/** The longest pause between two batches, in ms: a database that is slow for a moment holds no export up for long. */
const MAX_PAUSE_MS = 100;

/** Signs a link to everything that memory holds of a user. */
export const exportUrl = (urls: Platform['urls'], userId: string) =>
  urls.sign({
    subgraph: 'memory',
    method: 'GET',
    path: `/exports/${encodeURIComponent(userId)}`,
    expiresInS: EXPORT_S,
    contentType: 'application/x-ndjson',
    fileName: 'memory.jsonl',
  });

/**
 * The exports of a process. They give way: one batch of rows is read at a time, users take turns, and a pause as long
 * as the batch took follows, 100 ms at most: however many there are, no more than half of the loop and of the database
 * is theirs while a batch takes no longer than that.
 */
export class Exports {
  readonly #db: Database;
  readonly #turns = new Bulkhead(1);

  constructor(db: Database) {
    this.#db = db;
  }

  /** Returns everything that memory holds of a user, a JSON object a line; read as it is sent, however much it is. */
  of(userId: string): ReadableStream<Uint8Array> {
    return Readable.toWeb(Readable.from(this.#batches(userId), { highWaterMark: 1 })) as ReadableStream<Uint8Array>;
  }

  async *#batches(userId: string): AsyncGenerator<Uint8Array> {
    yield linesOf([{ type: 'export', version: 1, userId, at: new Date() }]);
    const db = this.#db;
    const batch = { orderBy: { id: 'asc' }, take: BATCH } as const;
    yield* this.#all(
      userId,
      (id) => db.memory.findMany({ where: { userId, ...after(id) }, ...batch }),
      (row) => ({ type: 'memory', ...row, fingerprint: undefined }),
    );
    yield* this.#all(
      userId,
      (id) => db.context.findMany({ where: { userId, ...after(id) }, ...batch }),
      (row) => ({ type: 'context', ...row }),
    );
    yield* this.#all(
      userId,
      (id) => db.document.findMany({ where: { ownerId: userId, ...after(id) }, ...batch }),
      (row) => ({ type: 'document', ...row, original: undefined }),
    );
  }

  /** Reads rows in batches, by id. @param of makes a line of a row. */
  async *#all<Row extends { id: string }>(
    client: string,
    read: (after: string | undefined) => Promise<Row[]>,
    of: (row: Row) => object,
  ): AsyncGenerator<Uint8Array> {
    for (let last: string | undefined; ; ) {
      const { rows, lines } = await this.#turns.run(
        async () => {
          const started = performance.now();
          const rows = await read(last);
          const lines = linesOf(rows.map(of));
          await sleep(Math.min(MAX_PAUSE_MS, performance.now() - started));
          return { rows, lines };
        },
        { client },
      );
      if (rows.length > 0) yield lines;
      if (rows.length < BATCH) return;
      last = rows.at(-1)!.id;
    }
  }
}

const encoder = new TextEncoder();
const linesOf = (objects: readonly object[]): Uint8Array =>
  encoder.encode(objects.map((object) => `${JSON.stringify(object)}\n`).join(''));

const after = (id: string | undefined) => (id === undefined ? {} : { id: { gt: id } });

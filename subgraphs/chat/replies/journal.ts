import { setTimeout as sleep } from 'node:timers/promises';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { ChatMetrics } from '../metrics.ts';
import type { Database } from '../parts.ts';
import type { Piece } from './draft.ts';

/** Shortest time between two writes, in ms: the replies of a process are written together this often. */
const INTERVAL_MS = 25;
/** How often a process says that it still writes its replies, in ms. */
export const HEARTBEAT_MS = 1_000;
const RETRY_MS = [50, 200, 500, 1_000];

export interface JournalReader {
  /** These pieces are in the database now, so readers may have them. */
  durable(pieces: readonly Piece[]): void;
  /** The reply has been taken over or deleted: what is written here no longer counts. */
  lost(): void;
}

/**
 * The journal, which writes replies to the database ahead of their readers, so that what anybody saw survives the
 * process that wrote it.
 *
 * All replies of a process share one INSERT at a time (group commit): the database does at most 40 small writes a
 * second however many replies there are, and a piece waits for a few milliseconds at most, 25 under load.
 */
export class Journal implements AsyncDisposable {
  readonly #db: Database;
  readonly #metrics: ChatMetrics;
  readonly #log: Logger;
  readonly #entries = new Set<JournalEntry>();
  readonly #heartbeat: NodeJS.Timeout;
  #pump: Promise<void> | undefined;
  #closed = false;

  constructor(db: Database, metrics: ChatMetrics, log: Logger) {
    this.#db = db;
    this.#metrics = metrics;
    this.#log = log;
    this.#heartbeat = setInterval(
      guarded({ where: 'reply journal', log }, () => this.#beat()),
      HEARTBEAT_MS,
    ).unref();
  }

  /** Begins a reply; `epoch` is what its claim gave. */
  open(messageId: string, epoch: number, reader: JournalReader): JournalEntry {
    const entry = new JournalEntry(messageId, epoch, reader, () => {
      this.#pump ??= this.#run().finally(() => {
        this.#pump = undefined;
      });
    });
    this.#entries.add(entry);
    return entry;
  }

  /** Ends a reply in the journal. @returns what was not written yet, when nothing of it is being written any more. */
  async close(entry: JournalEntry): Promise<Piece[]> {
    entry.closing = true;
    await entry.writing;
    this.#entries.delete(entry);
    return entry.waiting.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearInterval(this.#heartbeat);
    await this.#pump;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closed; ) {
      const batch = [...this.#entries].filter(({ waiting, closing }) => waiting.length > 0 && !closing);
      if (batch.length === 0) return;
      const startedAt = performance.now();
      const written = this.#write(batch);
      const done = written.then(() => {});
      for (const entry of batch) entry.writing = done;
      failures = (await written) ? 0 : failures + 1;
      const pause = failures === 0 ? INTERVAL_MS : RETRY_MS[Math.min(failures, RETRY_MS.length) - 1]!;
      await sleep(Math.max(0, pause - (performance.now() - startedAt)));
    }
  }

  /** Never rejects: what could not be written waits for the next time. */
  async #write(batch: readonly JournalEntry[]): Promise<boolean> {
    const taken = batch.map((entry) => ({ entry, pieces: entry.take() }));
    const rows = taken.flatMap(({ entry, pieces }) =>
      pieces.map((piece, index) => ({ ...piece, ...entry.key, position: entry.position + index })),
    );
    const observe = this.#metrics.journalSeconds.startTimer();
    try {
      const kept = await this.#db.$queryRaw<{ message_id: string }[]>`
        INSERT INTO reply_chunks (message_id, position, kind, body)
        SELECT piece.message_id, piece.position, piece.kind::"ChunkKind", piece.body
        FROM unnest(${rows.map(({ messageId }) => messageId)}::uuid[], ${rows.map(({ epoch }) => epoch)}::int[],
                    ${rows.map(({ position }) => position)}::int[], ${rows.map(({ kind }) => kind)}::text[],
                    ${rows.map(({ body }) => body)}::text[]) AS piece(message_id, epoch, position, kind, body)
        JOIN messages m ON m.id = piece.message_id AND m.status = 'STREAMING' AND m.epoch = piece.epoch
        ON CONFLICT (message_id, position) DO UPDATE SET body = EXCLUDED.body
        RETURNING message_id::text`;
      observe();
      const ours = new Set(kept.map(({ message_id }) => message_id));
      for (const { entry, pieces } of taken) {
        if (!ours.has(entry.key.messageId)) entry.reader.lost();
        else {
          entry.position += pieces.length;
          entry.reader.durable(pieces);
        }
      }
      return true;
    } catch (error) {
      this.#metrics.journalFailures.inc();
      this.#log.warn(
        { err: error, replies: batch.length },
        'replies could not be written to the database; trying again',
      );
      for (const { entry, pieces } of taken) entry.waiting.unshift(...pieces);
      return false;
    }
  }

  async #beat(): Promise<void> {
    const entries = [...this.#entries];
    if (entries.length === 0) return;
    try {
      const alive = await this.#db.$queryRaw<{ id: string }[]>`
        UPDATE messages m SET heartbeat_at = now()
        FROM unnest(${entries.map(({ key }) => key.messageId)}::uuid[], ${entries.map(({ key }) => key.epoch)}::int[]) AS mine(id, epoch)
        WHERE m.id = mine.id AND m.status = 'STREAMING' AND m.epoch = mine.epoch
        RETURNING m.id::text`;
      const ours = new Set(alive.map(({ id }) => id));
      for (const entry of entries) {
        if (!ours.has(entry.key.messageId) && !entry.closing) entry.reader.lost();
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'the database did not take the heartbeat of running replies');
    }
  }
}

/** A reply in the journal. */
export class JournalEntry {
  readonly key: { readonly messageId: string; readonly epoch: number };
  readonly reader: JournalReader;
  readonly waiting: Piece[] = [];
  /** Position of the next piece. */
  position = 1;
  /** Resolves when nothing of it is under way to the database. */
  writing: Promise<void> = Promise.resolve();
  closing = false;
  readonly #wake: () => void;

  constructor(messageId: string, epoch: number, reader: JournalReader, wake: () => void) {
    this.key = { messageId, epoch };
    this.reader = reader;
    this.#wake = wake;
  }

  /** Hands over a piece; `durable` is called with it, or with it as part of a longer one, in order. */
  push(piece: Piece): void {
    const last = this.waiting.at(-1);
    if (last && last.kind === piece.kind && piece.kind !== 'PART') {
      this.waiting[this.waiting.length - 1] = { kind: piece.kind, body: last.body + piece.body };
    } else this.waiting.push(piece);
    this.#wake();
  }

  take(): Piece[] {
    return this.waiting.splice(0);
  }
}

import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { hotRows } from '#platform/data/database/hot-statements.ts';
import { Prisma } from '#prisma/chat/client/client.ts';
import { append, type Piece } from '../draft/draft.ts';
import type { ChatMetrics } from '../metrics.ts';
import type { Database } from '../parts.ts';
import { isTurnOf } from './turn.ts';

/** Least time between two groups of pieces, in ms: a person sees no step that is shorter. */
const GROUP_MS = 40;
/** How long the first piece of a group waits for those that were read in the same moment, in ms. */
const MOMENT_MS = 5;
/** How often a process writes its replies to the database, which says that it still writes them too, in ms. */
const CHECKPOINT_MS = 1_000;

/** A reply, as far as the journal that it is written in tells it something. */
export interface JournalListener {
  /** It is time to hand what has gathered to the stream log. */
  show(): void;
  /** The reply has been taken over or deleted: what is written here no longer counts. */
  lost(): void;
}

/**
 * The journal of the replies that this process writes: it says when each shows what has gathered (OngoingReply does, in
 * ongoing-reply.ts), and keeps a copy of all of them in the database.
 *
 * The stream log keeps what it has shown though this process is killed; the copy is a second old at most, for the case
 * that the log is lost with the process. The more replies a process writes, the less often it reads from their
 * providers (llm/provider/gathering.ts), for all of them in one moment: what a moment brings is one group.
 */
export class Journal implements AsyncDisposable {
  readonly #db: Database;
  readonly #metrics: ChatMetrics;
  readonly #log: Logger;
  readonly #entries = new Set<JournalEntry>();
  readonly #checkpoints: NodeJS.Timeout;
  #group: NodeJS.Timeout | undefined;
  /** When the last group was shown, by `performance.now()`. */
  #shownAt = 0;
  #checkpoint: Promise<void> | undefined;

  constructor(db: Database, metrics: ChatMetrics, log: Logger) {
    this.#db = db;
    this.#metrics = metrics;
    this.#log = log;
    this.#checkpoints = setInterval(
      guarded({ where: 'reply journal', log }, () => this.#keep()),
      CHECKPOINT_MS,
    ).unref();
  }

  /** Begins a reply; `epoch` is what its claim gave. */
  open(messageId: string, epoch: number, listener: JournalListener): JournalEntry {
    const entry = new JournalEntry(messageId, epoch, listener);
    this.#entries.add(entry);
    return entry;
  }

  /** Says that something has gathered: all replies of the process show what they have together, before long. */
  gather(): void {
    this.#group ??= setTimeout(
      guarded({ where: 'reply journal', log: this.#log }, () => this.#show()),
      Math.max(MOMENT_MS, this.#shownAt + GROUP_MS - performance.now()),
    );
  }

  /** Ends a reply in the journal: all its pieces are shown, and nothing of it is being written any more. */
  async close(entry: JournalEntry): Promise<void> {
    this.#entries.delete(entry);
    entry.listener.show();
    await this.#checkpoint;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#checkpoints);
    clearTimeout(this.#group);
    await this.#checkpoint;
  }

  #show(): void {
    this.#group = undefined;
    this.#shownAt = performance.now();
    for (const { listener } of this.#entries) listener.show();
  }

  /** One at a time: a database that is slow is not asked for more. */
  #keep(): void {
    if (this.#entries.size === 0) return;
    this.#checkpoint ??= this.#write([...this.#entries]).finally(() => {
      this.#checkpoint = undefined;
    });
  }

  /**
   * Writes what is new, and when this process was last alive. Never rejects: what could not be written waits for the
   * next time. No reader waits for the disk: what a crash of the database takes, the stream log has.
   */
  async #write(entries: readonly JournalEntry[]): Promise<void> {
    const taken = entries.map((entry) => ({ entry, pieces: entry.take() }));
    const rows = taken.flatMap(({ entry, pieces }) =>
      pieces.map((piece, index) => ({ ...piece, id: entry.messageId, position: entry.position + index })),
    );
    const observe = this.#metrics.journalSeconds.startTimer();
    try {
      const kept = await hotRows<{ id: string | null }>(
        this.#db,
        Prisma.sql`
        WITH soon AS (SELECT set_config('synchronous_commit', 'off', true)),
        alive AS (
          UPDATE messages m SET heartbeat_at = now(), status = 'STREAMING', epoch = mine.epoch
          FROM unnest(${entries.map(({ messageId }) => messageId)}::uuid[], ${entries.map(({ epoch }) => epoch)}::int[])
            AS mine(id, epoch)
          WHERE m.id = mine.id AND ${isTurnOf(Prisma.sql`mine.epoch`)}
          RETURNING m.id
        ), kept AS (
          INSERT INTO reply_chunks (message_id, position, kind, body)
          SELECT piece.id, piece.position, piece.kind::"ChunkKind", piece.body
          FROM unnest(${rows.map(({ id }) => id)}::uuid[], ${rows.map(({ position }) => position)}::int[],
                      ${rows.map(({ kind }) => kind)}::text[], ${rows.map(({ body }) => body)}::text[])
            AS piece(id, position, kind, body)
          JOIN alive ON alive.id = piece.id
          ON CONFLICT (message_id, position) DO UPDATE SET body = EXCLUDED.body
        )
        SELECT alive.id::text FROM soon LEFT JOIN alive ON true`,
      );
      observe();
      const ours = new Set(kept.map(({ id }) => id));
      for (const { entry, pieces } of taken) {
        if (ours.has(entry.messageId)) entry.position += pieces.length;
        else if (this.#entries.has(entry)) entry.listener.lost();
      }
    } catch (error) {
      this.#metrics.journalFailures.inc();
      this.#log.warn(
        { err: error, replies: entries.length },
        'replies could not be written to the database; trying again',
      );
      for (const { entry, pieces } of taken) entry.unwritten.unshift(...pieces);
    }
  }
}

/** A reply in the journal. */
export class JournalEntry {
  readonly messageId: string;
  readonly epoch: number;
  readonly listener: JournalListener;
  /** Pieces that the database does not have yet. */
  readonly unwritten: Piece[] = [];
  /** Position of the next piece that is written. */
  position = 1;

  constructor(messageId: string, epoch: number, listener: JournalListener) {
    this.messageId = messageId;
    this.epoch = epoch;
    this.listener = listener;
  }

  /** Adds a piece to what is written next. */
  push(piece: Piece): void {
    append(this.unwritten, piece);
  }

  take(): Piece[] {
    return this.unwritten.splice(0);
  }
}

import { isUuid } from '../base/uuid.ts';
import type { SqlClient } from './outbox/outbox.ts';

/** A job or an event that failed too often and waits for a person. */
export interface ParkedItem {
  readonly id: string;
  readonly of: 'JOB' | 'EVENT';
  /** The kind of job, or the type of event. */
  readonly kind: string;
  readonly attempts: number;
  /** Why the last attempt failed. */
  readonly problem: string | undefined;
  readonly parkedAt: Date;
}

interface Row extends Omit<ParkedItem, 'problem'> {
  readonly problem: string | null;
}

/** How many are read at once. */
const PAGE = 500;

/** What a drop leaves in the place of the problem: the event counts as dealt with. */
const DROPPED = 'dropped by an administrator';

/**
 * The jobs and events that one owner has parked. Its processes see a retry within a minute, or at once where it is
 * asked for in the process itself; until then it is listed.
 */
export class ParkedWork {
  readonly #client: SqlClient;
  readonly #retried: () => void;
  #hasJobs: Promise<boolean> | undefined;

  /** @param retried called when something is to be tried again, for a process that can do it at once. */
  constructor(client: SqlClient, retried: () => void = () => {}) {
    this.#client = client;
    this.#retried = retried;
  }

  /**
   * Lists the oldest first. What it was about is not told: it may hold what users have written.
   *
   * @param after the last one of the page before.
   */
  async list(limit: number, after?: ParkedItem): Promise<ParkedItem[]> {
    const jobs = `SELECT id, 'JOB' AS of, kind, attempts, problem, finished_at AS "parkedAt" FROM jobs
      WHERE state = 'PARKED' UNION ALL`;
    const rows = await this.#client.$queryRawUnsafe<Row[]>(
      `SELECT * FROM (${(await this.#withJobs()) ? jobs : ''}
       SELECT id, 'EVENT' AS of, type AS kind, attempts, problem, parked_at AS "parkedAt" FROM inbox_events
       WHERE parked_at IS NOT NULL) AS parked
       WHERE $2::timestamptz IS NULL OR ("parkedAt", id) > ($2::timestamptz, $3::uuid)
       ORDER BY "parkedAt", id LIMIT $1::int`,
      limit,
      after?.parkedAt.toISOString() ?? null,
      after?.id ?? null,
    );
    return rows.map((row) => ({
      id: row.id,
      of: row.of,
      kind: row.kind,
      attempts: row.attempts,
      problem: row.problem ?? undefined,
      parkedAt: new Date(row.parkedAt),
    }));
  }

  /** Yields all, the oldest first, also while they are tried again or dropped. */
  async *all(): AsyncGenerator<ParkedItem> {
    let last: ParkedItem | undefined;
    do {
      const page = await this.list(PAGE, last);
      yield* page;
      last = page.length < PAGE ? undefined : page.at(-1);
    } while (last);
  }

  /** How many there are. */
  async count(): Promise<number> {
    const jobs = (await this.#withJobs()) ? "(SELECT count(*) FROM jobs WHERE state = 'PARKED') +" : '';
    const [row] = await this.#client.$queryRawUnsafe<{ count: number }[]>(
      `SELECT (${jobs} (SELECT count(*) FROM inbox_events WHERE parked_at IS NOT NULL))::int AS count`,
    );
    return row!.count;
  }

  /**
   * Gives it another round of attempts. Where another job of its key waits, or comes to wait at this moment, that one
   * stands for both.
   *
   * @returns false when it is not parked here.
   */
  async retry(id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    const isParked =
      ((await this.#withJobs()) && (await this.#retryJob(id))) ||
      // Consumers look for parked events without an attempt.
      (await this.#change(`UPDATE inbox_events SET attempts = 0 WHERE id = $1::uuid AND parked_at IS NOT NULL`, id));
    if (isParked) this.#retried();
    return isParked;
  }

  /** It is queued as a new one is, and so gives way where one of its key waits, however many do so at once. */
  async #retryJob(id: string): Promise<boolean> {
    const [row] = await this.#client.$queryRawUnsafe<{ count: number }[]>(
      `WITH parked AS (DELETE FROM jobs WHERE id = $1::uuid AND state = 'PARKED' RETURNING *),
       queued AS (
         INSERT INTO jobs (id, kind, key, payload, user_id, problem, created_at)
         SELECT id, kind, key, payload, user_id, problem, created_at FROM parked
         ON CONFLICT (kind, key) WHERE state = 'WAITING' DO NOTHING)
       SELECT count(*)::int AS count FROM parked`,
      id,
    );
    return row!.count === 1;
  }

  /** Gives it up for good. @returns false when it is not parked here. */
  async drop(id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    return (
      ((await this.#withJobs()) &&
        (await this.#change(`DELETE FROM jobs WHERE id = $1::uuid AND state = 'PARKED'`, id))) ||
      // The note of it stays, for the case that it is delivered once more.
      this.#change(
        `UPDATE inbox_events SET parked_at = NULL, event = NULL, handled_at = now(), problem = '${DROPPED}'
         WHERE id = $1::uuid AND parked_at IS NOT NULL`,
        id,
      )
    );
  }

  async #change(sql: string, id: string): Promise<boolean> {
    return (await this.#client.$executeRawUnsafe(sql, id)) === 1;
  }

  /** Not every owner has jobs. */
  #withJobs(): Promise<boolean> {
    this.#hasJobs ??= Promise.resolve(
      this.#client.$queryRawUnsafe<{ there: boolean }[]>(`SELECT to_regclass('jobs') IS NOT NULL AS there`),
    ).then(([row]) => row!.there);
    return this.#hasJobs;
  }
}

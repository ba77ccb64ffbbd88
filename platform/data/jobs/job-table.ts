import { v7 as uuidv7 } from 'uuid';
import type { Json } from '../../base/json/json.ts';
import type { SqlClient, SqlTransaction } from '../outbox/outbox.ts';
import type { EnqueueOptions, JobState, JobStatus } from './jobs.ts';

export interface ClaimedJob {
  readonly id: string;
  readonly kind: string;
  readonly payload: Json;
  /** Whose it is; empty for the installation's own. */
  readonly userId: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Proves that the job is ours: every later statement names it. */
  readonly lease: string;
}

/** Who comes next. */
export interface Turn {
  /** The user whose turn was the last. */
  readonly after: string;
  /** Users who hold as many places as one user may. */
  readonly without: readonly string[];
}

interface StatusRow {
  id: string;
  kind: string;
  key: string | null;
  state: JobState;
  attempts: number;
  done: number;
  total: number;
  problem: string | null;
  created_at: Date;
  finished_at: Date | null;
}

/**
 * The statements on one owner's `jobs` table. All times are the database's, so that processes need not agree on one.
 */
export class JobTable<Tx extends SqlTransaction> {
  readonly #client: SqlClient<Tx>;

  constructor(client: SqlClient<Tx>) {
    this.#client = client;
  }

  async insert(tx: SqlTransaction, kind: string, payload: Json, options: EnqueueOptions): Promise<string> {
    const key = options.key ?? null;
    const inserted = await tx.$queryRawUnsafe<{ id: string }[]>(
      `INSERT INTO jobs (id, kind, key, payload, run_after, user_id)
       VALUES ($1::uuid, $2, $3, $4::jsonb, COALESCE($5::timestamptz, now()), $6)
       ON CONFLICT (kind, key) WHERE state = 'WAITING' DO NOTHING RETURNING id`,
      uuidv7(),
      kind,
      key,
      JSON.stringify(payload),
      options.runAfter?.toISOString() ?? null,
      options.userId ?? '',
    );
    if (inserted[0]) return inserted[0].id;
    const waiting = await tx.$queryRawUnsafe<{ id: string }[]>(
      `SELECT id FROM jobs WHERE kind = $1 AND key = $2 AND state = 'WAITING'`,
      kind,
      key,
    );
    // Claimed between the two statements: it began before this transaction's change, so another one is needed.
    return waiting[0]?.id ?? this.insert(tx, kind, payload, options);
  }

  /**
   * Takes a job whose holder is gone, otherwise the next job whose time has come: of the user after `turn.after` who
   * has one, in the order of their ids, and after the last user of the first again. One walk along an index, however
   * many jobs wait.
   *
   * @param turn whose turn was the last, and which users get none.
   */
  async claim(kinds: readonly string[], turn: Turn, leaseMs: number): Promise<ClaimedJob | undefined> {
    const next = (which: string) => `(
      SELECT id FROM jobs AS candidate
      WHERE ${which} AND state = 'WAITING' AND run_after <= now()
        AND kind = ANY($1::text[]) AND user_id <> ALL($4::text[])
        AND NOT EXISTS (
          SELECT FROM jobs AS other
          WHERE other.kind = candidate.kind AND other.key = candidate.key AND other.state = 'RUNNING')
      ORDER BY user_id, run_after, id LIMIT 1 FOR UPDATE SKIP LOCKED)`;
    const [row] = await this.#client.$queryRawUnsafe<(Omit<ClaimedJob, 'attempt'> & { attempts: number })[]>(
      `UPDATE jobs SET state = 'RUNNING', attempts = attempts + 1, lease = gen_random_uuid(),
              lease_until = now() + $2 * interval '1 millisecond'
       WHERE id = COALESCE(
         (SELECT id FROM jobs
          WHERE state = 'RUNNING' AND lease_until < now() AND kind = ANY($1::text[]) AND user_id <> ALL($4::text[])
          ORDER BY run_after, id LIMIT 1 FOR UPDATE SKIP LOCKED),
         ${next('user_id > $3')}, ${next('user_id <= $3')})
       RETURNING id, kind, payload, user_id AS "userId", attempts, lease`,
      kinds,
      leaseMs,
      turn.after,
      turn.without,
    );
    if (row === undefined) return undefined;
    const { attempts, ...job } = row;
    return { ...job, attempt: attempts };
  }

  /** Renews leases; returns those that are still ours. */
  async renew(leases: readonly string[], leaseMs: number): Promise<Set<string>> {
    const rows = await this.#client.$queryRawUnsafe<{ lease: string }[]>(
      `UPDATE jobs SET lease_until = now() + $2 * interval '1 millisecond'
       WHERE lease = ANY($1::uuid[]) AND state = 'RUNNING' RETURNING lease`,
      leases,
      leaseMs,
    );
    return new Set(rows.map((row) => row.lease));
  }

  /**
   * Ends a job together with its effect. The row is changed first: it locks the job, and whoever lost it finds that out
   * before anything else is written.
   *
   * @returns false when the job is no longer ours; then nothing was written.
   */
  async finish(
    job: ClaimedJob,
    state: 'DONE' | 'PARKED',
    problem: string | undefined,
    effect: ((tx: Tx) => Promise<void>) | undefined,
  ): Promise<boolean> {
    return this.#client.$transaction(
      async (tx) => {
        const changed = await tx.$executeRawUnsafe(
          `UPDATE jobs SET state = $3, problem = $4, lease = NULL, lease_until = NULL, finished_at = now()
           WHERE id = $1::uuid AND lease = $2::uuid AND state = 'RUNNING'`,
          job.id,
          job.lease,
          state,
          problem ?? null,
        );
        if (changed !== 1) return false;
        await effect?.(tx);
        return true;
      },
      { maxWait: 10_000, timeout: 30_000 },
    );
  }

  /**
   * Gives a job back to be claimed again after `delayMs`. When another one of its key has come to wait meanwhile, that
   * one stands for both.
   *
   * @param counted whether the attempt counts: not when the process was shut down in the middle of it.
   */
  async giveBack(job: ClaimedJob, delayMs: number, problem: string | undefined, counted: boolean): Promise<void> {
    await this.#client.$executeRawUnsafe(
      `UPDATE jobs AS job SET lease = NULL, lease_until = NULL, problem = COALESCE($4, job.problem),
              run_after = now() + $3 * interval '1 millisecond', attempts = job.attempts - $5,
              state = CASE WHEN other.id IS NULL THEN 'WAITING' ELSE 'DONE' END,
              finished_at = CASE WHEN other.id IS NULL THEN NULL ELSE now() END
       FROM jobs AS self LEFT JOIN jobs AS other
         ON other.kind = self.kind AND other.key = self.key AND other.state = 'WAITING'
       WHERE self.id = job.id AND job.id = $1::uuid AND job.lease = $2::uuid AND job.state = 'RUNNING'`,
      job.id,
      job.lease,
      delayMs,
      problem ?? null,
      counted ? 0 : 1,
    );
  }

  async progress(job: ClaimedJob, done: number, total: number): Promise<void> {
    await this.#client.$executeRawUnsafe(
      'UPDATE jobs SET done = $3, total = $4 WHERE id = $1::uuid AND lease = $2::uuid',
      job.id,
      job.lease,
      done,
      total,
    );
  }

  /**
   * Ends the leases of all jobs of these kinds: for a database that only this process uses, whose earlier holders are
   * all dead.
   */
  async orphanAll(kinds: readonly string[]): Promise<void> {
    await this.#client.$executeRawUnsafe(
      `UPDATE jobs SET lease_until = now() - interval '1 second' WHERE state = 'RUNNING' AND kind = ANY($1::text[])`,
      kinds,
    );
  }

  async forgetFinished(days: number): Promise<number> {
    return this.#client.$executeRawUnsafe(
      `DELETE FROM jobs WHERE state = 'DONE' AND finished_at < now() - $1 * interval '1 day'`,
      days,
    );
  }

  async get(id: string): Promise<JobStatus | undefined> {
    const [row] = await this.#client.$queryRawUnsafe<StatusRow[]>(
      `SELECT id, kind, key, state, attempts, done, total, problem, created_at, finished_at
       FROM jobs WHERE id = $1::uuid`,
      id,
    );
    return (
      row && {
        id: row.id,
        kind: row.kind,
        key: row.key ?? undefined,
        state: row.state,
        attempts: row.attempts,
        done: row.done,
        total: row.total,
        problem: row.problem ?? undefined,
        createdAt: row.created_at,
        finishedAt: row.finished_at ?? undefined,
      }
    );
  }

  async retry(id: string): Promise<boolean> {
    const changed = await this.#client.$executeRawUnsafe(
      `UPDATE jobs AS job SET state = 'WAITING', attempts = 0, run_after = now(), finished_at = NULL
       WHERE id = $1::uuid AND state = 'PARKED' AND NOT EXISTS (
         SELECT FROM jobs AS other WHERE other.kind = job.kind AND other.key = job.key AND other.state = 'WAITING')`,
      id,
    );
    return changed === 1;
  }

  async counts(): Promise<{ kind: string; state: JobState; count: number }[]> {
    return this.#client.$queryRawUnsafe(
      `SELECT kind, state, count(*)::int AS count FROM jobs WHERE state <> 'DONE' GROUP BY kind, state ORDER BY kind, state`,
    );
  }

  /** Jobs that are running or whose time has come. */
  async busy(): Promise<number> {
    const rows = await this.#client.$queryRawUnsafe<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM jobs WHERE state = 'RUNNING' OR (state = 'WAITING' AND run_after <= now())`,
    );
    return rows[0]?.count ?? 0;
  }
}

import { v7 as uuidv7 } from 'uuid';
import type { Json } from '../../base/json/json.ts';
import { LAZILY } from '../database/lazy-commit.ts';
import type { SqlClient, SqlTransaction } from '../outbox/outbox.ts';
import type { EnqueueOptions, JobState, JobStatus, NewJob } from './jobs.ts';

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

/** The choice of who comes next, and of how much of it. */
export interface Turn {
  /** The user whose turn was the last. */
  readonly after: string;
  /** Free places. */
  readonly places: number;
  /** How many places one user may hold. */
  readonly placesOfUser: number;
  /** Places that are held, by user. */
  readonly held: Readonly<Record<string, number>>;
}

/** The find of a look for work. */
export interface Claimed {
  /** In the order of turns. */
  readonly jobs: readonly ClaimedJob[];
  /** Another process took something that was to be claimed: there may be more. */
  readonly isContended: boolean;
  /** Work waits whose time has come, but not its turn: one of its key runs, or its user holds enough places. */
  readonly isBlocked: boolean;
}

/** The end of a job: done or given up, with what is written together with it. */
export interface JobEnd<Tx extends SqlTransaction> {
  readonly job: ClaimedJob;
  readonly state: 'DONE' | 'PARKED';
  readonly problem?: string | undefined;
  readonly effect?: ((tx: Tx) => Promise<void>) | undefined;
}

/** The outcome of an end: the job was ours. */
export interface Ended {
  /** Whether another one of its key waits. */
  readonly isNextWaiting: boolean;
}

/** A row of a look for work: a job, or what stands for one that was not claimed. */
interface ClaimRow extends Omit<ClaimedJob, 'attempt' | 'id'> {
  readonly candidate: string | null;
  readonly id: string | null;
  readonly attempts: number;
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

  async insertAll(tx: SqlTransaction, kind: string, jobs: readonly NewJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const rows = jobs.map(({ payload, key, userId }) => ({
      id: uuidv7(),
      key: key ?? null,
      payload,
      user_id: userId ?? '',
    }));
    await tx.$executeRawUnsafe(
      `INSERT INTO jobs (id, kind, key, payload, user_id)
       SELECT id, $1, key, payload, user_id
       FROM jsonb_to_recordset($2::jsonb) AS job (id uuid, key text, payload jsonb, user_id text) ORDER BY key, id
       ON CONFLICT (kind, key) WHERE state = 'WAITING' DO NOTHING`,
      kind,
      JSON.stringify(rows),
    );
  }

  /**
   * Takes jobs whose holders are gone, then those whose time has come: of each user one, before of any a second, from
   * the user after `turn.after` on in the order of their ids, and after the last user from the first again. A few steps
   * along an index, however many jobs wait.
   */
  async claim(kinds: readonly string[], turn: Turn, leaseMs: number): Promise<Claimed> {
    const due = `state = 'WAITING' AND run_after <= now() AND kind = ANY($1::text[])`;
    const walk = (name: string, first: string, last: string) => `${name} (user_id, turn) AS (
      (SELECT user_id, 1 FROM jobs WHERE ${due} AND ${first} AND ${last} ORDER BY user_id LIMIT 1)
      UNION ALL
      SELECT (SELECT user_id FROM jobs WHERE ${due} AND user_id > ${name}.user_id AND ${last} ORDER BY user_id LIMIT 1),
        turn + 1
      FROM ${name} WHERE ${name}.user_id IS NOT NULL AND turn <= $4)`;
    const rows = await this.#client.$queryRawUnsafe<ClaimRow[]>(
      `WITH RECURSIVE ${walk('later', 'user_id > $3', 'true')}, ${walk('earlier', 'user_id <= $3', 'user_id <= $3')},
       users AS (
         SELECT user_id, turn FROM later WHERE user_id IS NOT NULL
         UNION ALL SELECT user_id, turn + 1000000 FROM earlier WHERE user_id IS NOT NULL),
       waiting AS (
         SELECT job.id, users.user_id, users.turn, row_number() OVER (PARTITION BY users.user_id ORDER BY run_after, id)
           AS nth
         FROM users LEFT JOIN LATERAL (
           SELECT id, run_after FROM jobs AS candidate
           WHERE ${due} AND candidate.user_id = users.user_id AND NOT EXISTS (
             SELECT FROM jobs AS other
             WHERE other.kind = candidate.kind AND other.key = candidate.key AND other.state = 'RUNNING')
           ORDER BY run_after, id
           LIMIT CASE WHEN users.user_id = '' THEN $4
             ELSE least($4, $5 - coalesce(($6::jsonb ->> users.user_id)::int, 0)) END) AS job ON true),
       orphaned AS (
         SELECT id, user_id, 0 AS turn, row_number() OVER (PARTITION BY user_id ORDER BY run_after, id) AS nth
         FROM jobs WHERE state = 'RUNNING' AND lease_until < now() AND kind = ANY($1::text[])),
       chosen AS (
         SELECT id, row_number() OVER (ORDER BY turn > 0, nth, turn) AS place FROM (
           SELECT * FROM orphaned
           WHERE user_id = '' OR nth <= $5 - coalesce(($6::jsonb ->> user_id)::int, 0)
           UNION ALL SELECT id, user_id, turn, nth FROM waiting WHERE id IS NOT NULL) AS candidates
         ORDER BY place LIMIT $4),
       locked AS (
         SELECT id FROM jobs WHERE id IN (SELECT id FROM chosen)
           AND (state = 'WAITING' OR (state = 'RUNNING' AND lease_until < now()))
         FOR UPDATE SKIP LOCKED),
       taken AS (
         UPDATE jobs SET state = 'RUNNING', attempts = attempts + 1, lease = gen_random_uuid(),
           lease_until = now() + $2 * interval '1 millisecond'
         WHERE id IN (SELECT id FROM locked) AND ${LAZILY}
         RETURNING id, kind, payload, user_id, attempts, lease)
       SELECT chosen.id AS candidate, taken.id, kind, payload, user_id AS "userId", attempts, lease, place
       FROM chosen LEFT JOIN taken ON taken.id = chosen.id
       UNION ALL (SELECT NULL, NULL, NULL, NULL, user_id, NULL, NULL, NULL FROM waiting WHERE id IS NULL LIMIT 1)
       ORDER BY place`,
      kinds,
      leaseMs,
      turn.after,
      turn.places,
      turn.placesOfUser,
      JSON.stringify(turn.held),
    );
    return {
      jobs: rows.flatMap(({ candidate: _, attempts, id, ...job }) =>
        id === null
          ? []
          : [{ id, kind: job.kind, payload: job.payload, userId: job.userId, lease: job.lease, attempt: attempts }],
      ),
      isContended: rows.some(({ candidate, id }) => candidate !== null && id === null),
      isBlocked: rows.some(({ candidate }) => candidate === null),
    };
  }

  /** Renews leases; returns those that are still ours. */
  async renew(leases: readonly string[], leaseMs: number): Promise<Set<string>> {
    const rows = await this.#client.$queryRawUnsafe<{ lease: string }[]>(
      `UPDATE jobs SET lease_until = now() + $2 * interval '1 millisecond'
       WHERE lease = ANY($1::uuid[]) AND state = 'RUNNING' AND ${LAZILY} RETURNING lease`,
      leases,
      leaseMs,
    );
    return new Set(rows.map((row) => row.lease));
  }

  /**
   * Ends jobs together with their effects, all or none. The rows are changed first: that locks the jobs, and a process
   * that lost one finds that out before anything else of it is written. What a job that is done was about is not kept.
   *
   * @param lazily whether it is done again when the database crashes right after it.
   * @returns what became of each, by its lease. One that is missing is no longer ours: nothing of it was written.
   */
  async finish(ends: readonly JobEnd<Tx>[], lazily = false): Promise<Map<string, Ended>> {
    const rows = ends.map(({ job, state, problem }) => ({ id: job.id, lease: job.lease, state, problem }));
    const end = async (on: SqlTransaction) => {
      const ended = await on.$queryRawUnsafe<{ lease: string; next: boolean }[]>(
        `UPDATE jobs SET state = ended.state, problem = ended.problem, lease = NULL, lease_until = NULL,
           finished_at = now(), payload = CASE WHEN ended.state = 'DONE' THEN 'null' ELSE payload END
         FROM jsonb_to_recordset($1::jsonb) AS ended (id uuid, lease uuid, state text, problem text)
         WHERE jobs.id = ended.id AND jobs.lease = ended.lease AND jobs.state = 'RUNNING' ${lazily ? `AND ${LAZILY}` : ''}
         RETURNING ended.lease, EXISTS (
           SELECT FROM jobs AS other
           WHERE other.kind = jobs.kind AND other.key = jobs.key AND other.state = 'WAITING') AS next`,
        JSON.stringify(rows),
      );
      return new Map(ended.map(({ lease, next }) => [lease, { isNextWaiting: next }]));
    };
    if (ends.every(({ effect }) => effect === undefined)) return end(this.#client);
    return this.#client.$transaction(
      async (tx) => {
        const ended = await end(tx);
        for (const { job, effect } of ends) if (effect && ended.has(job.lease)) await effect(tx);
        return ended;
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
              finished_at = CASE WHEN other.id IS NULL THEN NULL ELSE now() END,
              payload = CASE WHEN other.id IS NULL THEN job.payload ELSE 'null' END
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
      `UPDATE jobs SET done = $3, total = $4 WHERE id = $1::uuid AND lease = $2::uuid AND ${LAZILY}`,
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

  async counts(): Promise<{ kind: string; state: JobState; count: number }[]> {
    return this.#client.$queryRawUnsafe(
      `SELECT kind, state, count(*)::int AS count FROM jobs WHERE state <> 'DONE' GROUP BY kind, state ORDER BY kind, state`,
    );
  }
}

import type { Json } from '../../base/json/json.ts';
import type { SqlTransaction } from '../outbox/outbox.ts';

/**
 * The background jobs that survive the process: rows in the owner's own Postgres tables, written in the transaction of
 * the change that they follow from, claimed with FOR UPDATE SKIP LOCKED, held by a lease. A job that is lost by a
 * killed process is claimed again when its lease ends; what it did to the owner's tables is committed together with the
 * job's end, so that it happens once. Work outside those tables (vectors, blobs) must be safe to repeat: use ids that
 * follow from the payload.
 *
 * The table is the same for every owner. Copy the model into prisma/<owner>/schema.prisma:
 *
 * ```prisma
 * /// Work to be done in the background; the platform's job runner claims it.
 * model Job {
 *   id           String    @id @db.Uuid
 *   kind         String
 *   /// At most one waiting job of a kind has a given key.
 *   key          String?
 *   payload      Json
 *   /// Whose work it is: the work of one user takes turns with that of others. Empty: the installation's own.
 *   userId       String    @default("") @map("user_id")
 *   /// WAITING, RUNNING, DONE or PARKED (failed too often).
 *   state        String    @default("WAITING")
 *   attempts     Int       @default(0)
 *   runAfter     DateTime  @default(now()) @map("run_after") @db.Timestamptz(3)
 *   /// While RUNNING: whose it is, and until when.
 *   lease        String?   @db.Uuid
 *   leaseUntil   DateTime? @map("lease_until") @db.Timestamptz(3)
 *   done         Int       @default(0)
 *   total        Int       @default(0)
 *   problem      String?
 *   createdAt    DateTime  @default(now()) @map("created_at") @db.Timestamptz(3)
 *   finishedAt   DateTime? @map("finished_at") @db.Timestamptz(3)
 *
 *   @@index([state, runAfter])
 *   @@map("jobs")
 * }
 * ```
 *
 * and append to its migration: `CREATE UNIQUE INDEX "jobs_waiting_key" ON "jobs" ("kind", "key") WHERE "state" =
 * 'WAITING';` and `CREATE INDEX "jobs_waiting_user" ON "jobs" ("user_id", "run_after", "id") WHERE "state" =
 * 'WAITING';`
 *
 * Users take turns: after a job of one user comes one of each other user who has work waiting, however much the first
 * has queued; and of several places in a process one user holds all but one at most.
 */
export interface Jobs<Tx extends SqlTransaction = SqlTransaction> extends AsyncDisposable {
  /** Says what is to be done about a kind of job. Before `start`. */
  handle(kind: string, handler: JobHandler<Tx>): void;
  /** Begins to claim jobs of the kinds that have a handler. */
  start(): void;
  /**
   * Records a job in a running transaction: it runs if and only if the transaction commits, and soon after that.
   *
   * @param tx of a client that tells its commits (`tellsCommits`), as those of `openStorage` do.
   *
   * @returns the job's id: that of the waiting job with the same kind and key, if there is one.
   */
  enqueue(tx: SqlTransaction, kind: string, payload: Json, options?: EnqueueOptions): Promise<string>;
  /** Records several jobs of a kind by one statement; otherwise as `enqueue`. */
  enqueueAll(tx: SqlTransaction, kind: string, jobs: readonly NewJob[]): Promise<void>;
  /** A job by id, or undefined. Finished jobs are kept for a week. */
  get(id: string): Promise<JobStatus | undefined>;
  /** Parked and waiting jobs, by kind, for health and metrics. */
  counts(): Promise<readonly { readonly kind: string; readonly state: JobState; readonly count: number }[]>;
  /** Resolves with the job's state when it is done, parked or gone, or after `timeoutMs` with whatever it is then. */
  settled(id: string, timeoutMs: number): Promise<JobState | undefined>;
}

export interface EnqueueOptions {
  /**
   * At most one waiting job of a kind has this key: a second enqueue changes nothing, so it must mean the same. Jobs of
   * one key never run at the same time.
   */
  readonly key?: string | undefined;
  /** Whose work it is. Users take turns. Default: the installation's own work, which takes turns like a user's. */
  readonly userId?: string | undefined;
  /** Not before. */
  readonly runAfter?: Date | undefined;
}

/** A job that is recorded together with others. */
export interface NewJob extends Pick<EnqueueOptions, 'key' | 'userId'> {
  readonly payload: Json;
}

export type JobState = 'WAITING' | 'RUNNING' | 'DONE' | 'PARKED';

export interface JobStatus {
  readonly id: string;
  readonly kind: string;
  readonly key: string | undefined;
  readonly state: JobState;
  readonly attempts: number;
  readonly done: number;
  readonly total: number;
  /** Why the last attempt failed, for people. */
  readonly problem: string | undefined;
  readonly createdAt: Date;
  readonly finishedAt: Date | undefined;
}

/** The work that is to be done about one kind of job. `Tx` is the client inside the owner's transactions. */
export interface JobHandler<Tx extends SqlTransaction = SqlTransaction> {
  /**
   * Does the work. What it returns is run in the transaction that ends the job: the only place to write what must
   * happen exactly once. A throw is tried again with growing pauses; throw a JobRefused when trying again is of no use.
   * What says that a store or a provider is away is not an attempt: the job waits until it is back.
   */
  run(payload: Json, context: JobContext): Promise<((tx: Tx) => Promise<void>) | void>;
  /** The job was parked: record the failure where users see it. In the transaction that parks it. */
  parked?(payload: Json, problem: string, tx: Tx): Promise<void>;
  /** Called when the end of a job is committed, done or parked: the moment to tell those who watch. Must not throw. */
  ended?(payload: Json): void;
  /** Attempts before it is parked; default 5. */
  readonly attempts?: number;
}

export interface JobContext {
  readonly id: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborts when the process shuts down or the lease is lost; pass it on to whatever takes time. */
  readonly signal: AbortSignal;
  /** Notes how far it is; written at most twice a second. */
  progress(done: number, total: number): void;
}

/**
 * The error that a handler throws to refuse a job: the job is parked at once, because trying again would end in the
 * same way.
 */
export class JobRefused extends Error {
  override name = 'JobRefused';
}

export const MAX_JOB_ATTEMPTS = 5;

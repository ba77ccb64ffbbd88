import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { isAway } from '../../base/errors/outage.ts';
import { every } from '../../base/faults/every.ts';
import type { Json } from '../../base/json/json.ts';
import type { Logger } from '../../base/log/log.ts';
import type { Subscription, Topics } from '../../realtime/topics/topics.ts';
import { afterCommit } from '../database/after-commit.ts';
import type { SqlClient, SqlTransaction } from '../outbox/outbox.ts';
import { JobEnds } from './job-ends.ts';
import { type JobMetrics, jobMetrics } from './job-metrics.ts';
import { type ClaimedJob, type Ended, JobTable } from './job-table.ts';
import {
  type EnqueueOptions,
  type JobHandler,
  JobRefused,
  type JobState,
  type JobStatus,
  type Jobs,
  MAX_JOB_ATTEMPTS,
  type NewJob,
} from './jobs.ts';
import { Looks } from './looks.ts';
import { RestingKinds } from './resting-kinds.ts';

export interface JobRunnerOptions {
  /** The owner of the table, for log and metrics. */
  readonly owner: string;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Jobs at a time in this process, of one user all but one of them; default 2. */
  readonly concurrency?: number | undefined;
  /** Whether no other process uses the database: then jobs of a killed predecessor go on at once. Default false. */
  readonly exclusive?: boolean | undefined;
  /**
   * How long the end of a job waits for that of others, with which it shares a transaction, in ms. For short work that
   * no person waits for: a crash of the database may take the last of them, which are then done again. Default 0.
   */
  readonly gatherMs?: number | undefined;
  /** How long a job stays ours without a sign of life; default 30 s. */
  readonly leaseMs?: number | undefined;
  /** Longest wait between two looks for what no other process told of; default 20 s. */
  readonly lookMs?: number | undefined;
  /** By which a process with all places taken tells the others of work. Default: none, there is one process. */
  readonly topics?: Pick<Topics, 'publish' | 'subscribe'> | undefined;
  /** Pause after the first failure; each later one is four times as long, up to ten minutes. Default 1 s. */
  readonly backoffMs?: number | undefined;
  /** Pause when something is away that a job needs; each later one is twice as long, up to a minute. Default 2 s. */
  readonly awayMs?: number | undefined;
}

/** Returns the topic on which the processes of an owner are told of work. */
export const jobTopic = (owner: string): string => `jobs:${owner}`;

const MAX_BACKOFF_MS = 600_000;
const PROGRESS_MS = 500;
const SHUTDOWN_MS = 5_000;
const KEEP_DAYS = 7;
const CLEANUP_MS = 3_600_000;
/** Pause after another process was faster. */
const CONTENDED_MS = 20;
/** First pause while there is work that waits for other work to end; each later one is twice as long. */
const BLOCKED_MS = 500;
const SHUTDOWN = new Error('the process is shutting down');

interface Running {
  readonly job: ClaimedJob;
  readonly aborter: AbortController;
  renewedAt: number;
}

/** The job runner of one owner in one process. */
export class JobRunner<Tx extends SqlTransaction> implements Jobs<Tx> {
  readonly #table: JobTable<Tx>;
  readonly #ends: JobEnds<Tx>;
  readonly #handlers = new Map<string, JobHandler<Tx>>();
  readonly #running = new Map<string, Running>();
  readonly #log: Logger;
  readonly #metrics: JobMetrics;
  readonly #options: Required<Omit<JobRunnerOptions, 'log' | 'metrics' | 'topics' | 'awayMs'>>;
  readonly #topics: JobRunnerOptions['topics'];
  #attempts = new Set<Promise<void>>();
  readonly #resting: RestingKinds;
  readonly #looks: Looks;
  /** The user whose job was claimed last. */
  #lastTurn = '';
  /** Whether there was work at the last look that could not be taken: a place, a key or a user must become free. */
  #isShort = false;
  #blockedLooks = 0;
  #heard: Subscription | undefined;
  readonly #stops: (() => void)[] = [];
  #state: 'new' | 'started' | 'closed' = 'new';

  constructor(client: SqlClient<Tx>, options: JobRunnerOptions) {
    this.#table = new JobTable(client);
    this.#log = options.log;
    this.#metrics = jobMetrics(options.metrics);
    this.#topics = options.topics;
    this.#options = {
      owner: options.owner,
      concurrency: options.concurrency ?? 2,
      exclusive: options.exclusive ?? false,
      gatherMs: options.gatherMs ?? 0,
      leaseMs: options.leaseMs ?? 30_000,
      lookMs: options.lookMs ?? 20_000,
      backoffMs: options.backoffMs ?? 1_000,
    };
    this.#resting = new RestingKinds(options.awayMs ?? 2_000);
    this.#looks = new Looks(() => this.#claim(), options.log);
    this.#ends = new JobEnds(this.#table, this.#options.gatherMs, options.log);
  }

  handle(kind: string, handler: JobHandler<Tx>): void {
    if (this.#state !== 'new') throw new Error('handlers are registered before the start');
    this.#handlers.set(kind, handler);
  }

  start(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'started') throw new Error('a job runner is started once');
    this.#state = 'started';
    this.#looks.open();
    const { exclusive, leaseMs } = this.#options;
    const first = exclusive
      ? this.#table.orphanAll([...this.#handlers.keys()]).catch((error) => this.#warn(error, 'look for orphaned jobs'))
      : null;
    void Promise.resolve(first).then(() => this.#looks.now());
    void this.#listen();
    this.#every(leaseMs / 3, () => void this.#renew());
    this.#every(
      CLEANUP_MS,
      () => void this.#table.forgetFinished(KEEP_DAYS).catch((error) => this.#warn(error, 'cleanup')),
    );
  }

  enqueue(tx: SqlTransaction, kind: string, payload: Json, options: EnqueueOptions = {}): Promise<string> {
    const waitMs = options.runAfter ? options.runAfter.getTime() - Date.now() : 0;
    afterCommit(tx, () => (waitMs > 0 ? this.#looks.after(waitMs) : this.#tell()));
    return this.#table.insert(tx, kind, payload, options);
  }

  enqueueAll(tx: SqlTransaction, kind: string, jobs: readonly NewJob[]): Promise<void> {
    if (jobs.length > 0) afterCommit(tx, () => this.#tell());
    return this.#table.insertAll(tx, kind, jobs);
  }

  /** Work was queued here: for this process, or for one that has a place free. */
  #tell(): void {
    if (this.#running.size >= this.#options.concurrency || this.#state !== 'started')
      void this.#topics?.publish(this.#topic, null).catch((error) => this.#warn(error, 'tell of jobs'));
    this.#looks.now();
  }

  async #listen(): Promise<void> {
    try {
      this.#heard = await this.#topics?.subscribe(this.#topic, () => {
        if (this.#running.size < this.#options.concurrency) this.#looks.now();
      });
      if (this.#state === 'closed') this.#heard?.close();
    } catch (error) {
      this.#warn(error, 'hear of jobs');
    }
  }

  get #topic(): string {
    return jobTopic(this.#options.owner);
  }

  get(id: string): Promise<JobStatus | undefined> {
    return this.#table.get(id);
  }

  counts() {
    return this.#table.counts();
  }

  async settled(id: string, timeoutMs: number): Promise<JobState | undefined> {
    // Not by the clock of the wall, which may be set back by an hour.
    const until = performance.now() + timeoutMs;
    for (let pause = 5; ; pause = Math.min(pause * 2, 200)) {
      const state = (await this.#table.get(id))?.state;
      if (state === undefined || state === 'DONE' || state === 'PARKED' || performance.now() >= until) return state;
      await sleep(Math.min(pause, Math.max(1, until - performance.now())));
    }
  }

  /** Ends running jobs where they are and gives them back; they go on elsewhere or after the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const stop of this.#stops) stop();
    this.#heard?.close();
    await this.#looks.close();
    for (const { aborter } of this.#running.values()) aborter.abort(SHUTDOWN);
    this.#ends.hurry();
    await Promise.race([Promise.allSettled(this.#attempts), sleep(SHUTDOWN_MS, undefined, { ref: false })]);
  }

  async #claim(): Promise<void> {
    const { concurrency, leaseMs, lookMs } = this.#options;
    this.#isShort = true;
    const places = concurrency - this.#running.size;
    if (places <= 0 || this.#handlers.size === 0) return;
    const turn = {
      after: this.#lastTurn,
      places,
      // The last place is for another user. A single place is for any.
      placesOfUser: Math.max(1, concurrency - 1),
      held: this.#held(),
    };
    const kinds = [...this.#handlers.keys()].filter((kind) => !this.#resting.has(kind));
    if (kinds.length === 0) return this.#looks.whenDue();
    const { jobs, isContended, isBlocked } = await this.#table.claim(kinds, turn, leaseMs);
    this.#isShort = isBlocked || jobs.length === places || this.#isAnyFull(turn.placesOfUser, jobs);
    this.#lastTurn = jobs.at(-1)?.userId ?? this.#lastTurn;
    for (const job of jobs) this.#begin(job);
    // What blocks may end in another process, which does not know that this one waits for it.
    this.#blockedLooks = isBlocked ? this.#blockedLooks + 1 : 0;
    if (isContended) this.#looks.after(CONTENDED_MS * (0.5 + Math.random()));
    else if (isBlocked) this.#looks.after(Math.min(BLOCKED_MS * 2 ** this.#blockedLooks, lookMs));
    // Processes do not look in step.
    this.#looks.after(lookMs * (0.75 + Math.random() / 2));
    this.#looks.whenDue();
  }

  #begin(job: ClaimedJob): void {
    const running: Running = { job, aborter: new AbortController(), renewedAt: performance.now() };
    this.#running.set(job.lease, running);
    if (this.#state === 'closed') running.aborter.abort(SHUTDOWN);
    const attempt = this.#attempt(running).finally(() => {
      this.#running.delete(job.lease);
      this.#attempts.delete(attempt);
      if (this.#isShort) this.#looks.soon();
    });
    this.#attempts.add(attempt);
  }

  /** Places that are held, by user. */
  #held(): Record<string, number> {
    const byUser = Map.groupBy(this.#running.values(), ({ job }) => job.userId);
    return Object.fromEntries([...byUser].map(([user, jobs]) => [user, jobs.length]));
  }

  /** Whether a user holds as many places as one may, those claimed now included. */
  #isAnyFull(placesOfUser: number, jobs: readonly ClaimedJob[]): boolean {
    const all = [...[...this.#running.values()].map(({ job }) => job), ...jobs];
    const byUser = Map.groupBy(all, ({ userId }) => userId);
    return [...byUser].some(([user, own]) => user !== '' && own.length >= placesOfUser);
  }

  /** One attempt at one job; never rejects. */
  async #attempt({ job, aborter }: Running): Promise<void> {
    const labels = { owner: this.#options.owner, kind: job.kind };
    const log = this.#log.child({ job: job.id, kind: job.kind, attempt: job.attempt });
    this.#metrics.running.inc(labels);
    const timed = this.#metrics.seconds.startTimer(labels);
    let outcome: string;
    try {
      outcome = await this.#run(job, aborter.signal, log);
    } catch (error) {
      outcome = await this.#failed(job, error, aborter.signal, log).catch((secondError) => {
        // The database is away: the lease ends by itself, and the job is claimed again.
        log.error({ err: secondError }, 'the failure of a job could not be recorded');
        return 'lost';
      });
    }
    timed();
    this.#metrics.running.dec(labels);
    this.#metrics.outcomes.inc({ ...labels, outcome });
  }

  async #run(job: ClaimedJob, signal: AbortSignal, log: Logger): Promise<string> {
    signal.throwIfAborted();
    const handler = this.#handlers.get(job.kind)!;
    const limit = handler.attempts ?? MAX_JOB_ATTEMPTS;
    if (job.attempt > limit) throw new JobRefused(`The process that worked on it ended ${job.attempt - 1} times.`);
    let written = 0;
    const effect = await handler.run(job.payload, {
      id: job.id,
      attempt: job.attempt,
      signal,
      progress: (done, total) => {
        if (Date.now() - written < PROGRESS_MS) return;
        written = Date.now();
        this.#table.progress(job, done, total).catch((error) => log.debug({ err: error }, 'progress was not noted'));
      },
    });
    signal.throwIfAborted();
    this.#resting.isBack(job.kind);
    if (this.#isEnded(await this.#ends.end({ job, state: 'DONE', effect: effect ?? undefined }))) {
      handler.ended?.(job.payload);
      return 'done';
    }
    log.warn('a job was taken over by another process while it ran');
    return 'lost';
  }

  async #failed(job: ClaimedJob, error: unknown, signal: AbortSignal, log: Logger): Promise<string> {
    if (signal.reason === SHUTDOWN) {
      await this.#table.giveBack(job, 0, undefined, false);
      return 'released';
    }
    if (signal.aborted) return 'lost';
    const handler = this.#handlers.get(job.kind)!;
    const problem = (error instanceof Error ? error.message : String(error)).slice(0, 500);
    if (isAway(error)) {
      const waitMs = this.#resting.rest(job.kind);
      log.warn({ err: error, waitMs }, 'what a job needs is away: jobs of its kind wait for it');
      await this.#table.giveBack(job, waitMs, problem, false);
      this.#looks.expect(waitMs);
      return 'waiting';
    }
    if (error instanceof JobRefused || job.attempt >= (handler.attempts ?? MAX_JOB_ATTEMPTS)) {
      // A refusal is an answer, as to a file that is not a picture; giving up is a failure of ours.
      if (error instanceof JobRefused) log.warn({ err: error }, 'a job is refused');
      else log.error({ err: error }, 'a job is parked');
      const parked = handler.parked?.bind(handler);
      const effect = parked && ((tx: Tx) => parked(job.payload, problem, tx));
      const ended = await this.#ends.end({ job, state: 'PARKED', problem, effect });
      if (this.#isEnded(ended)) handler.ended?.(job.payload);
      return 'parked';
    }
    const pause = Math.min(this.#options.backoffMs * 4 ** (job.attempt - 1), MAX_BACKOFF_MS);
    log.warn({ err: error, pause }, 'a job failed and is tried again');
    const waitMs = pause * (0.75 + Math.random() / 2);
    await this.#table.giveBack(job, waitMs, problem, true);
    this.#looks.expect(waitMs);
    return 'retried';
  }

  #isEnded(ended: Ended | undefined): boolean {
    if (ended?.isNextWaiting) this.#isShort = true;
    return ended !== undefined;
  }

  /** Keeps what runs ours. A job that is not, or that we could not renew in time, is stopped: another may have it. */
  async #renew(): Promise<void> {
    const { leaseMs } = this.#options;
    const running = [...this.#running.values()];
    if (running.length === 0) return;
    try {
      const startedAt = performance.now();
      const ours = await this.#table.renew(
        running.map(({ job }) => job.lease),
        leaseMs,
      );
      for (const entry of running) {
        if (ours.has(entry.job.lease)) entry.renewedAt = startedAt;
        else if (this.#running.has(entry.job.lease)) entry.aborter.abort(new Error('the lease of the job was lost'));
      }
    } catch (error) {
      this.#warn(error, 'renew the leases of jobs');
      for (const entry of running) {
        if (performance.now() - entry.renewedAt <= leaseMs) continue;
        entry.aborter.abort(new Error('the lease of the job ran out'));
      }
    }
  }

  #every(ms: number, work: () => void): void {
    this.#stops.push(every(ms, { where: 'jobs', log: this.#log }, work));
  }

  #warn(error: unknown, what: string): void {
    if (this.#state !== 'closed') this.#log.warn({ err: error }, `could not ${what}`);
  }
}

import { getCompileCacheDir } from 'node:module';
import os from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { hasLittleMemory } from '#platform/base/config/available-memory.ts';
import { CodedError, rateLimited } from '#platform/base/errors/errors.ts';
import { FairQueue } from '#platform/base/faults/fair-queue.ts';
import { recentlyUsed } from '#platform/base/recently-used.ts';
import { ThreadClient } from '#platform/base/thread/thread-rpc.ts';
import { type Opinion, usable } from './opinion.ts';
import type { Plan } from './plan.ts';
import type { Planner, PlanRequest } from './planner.ts';
import type { PlannerChoice, PlannerRole } from './planners.ts';
import type { PlanningData, PlanningMethods } from './planning-thread.ts';

export interface PlanningOptions {
  readonly sdl: string;
  /** Default: `auto`. */
  readonly choice?: PlannerChoice | undefined;
  /** Longest planning of one operation, in milliseconds of a processor that it need not share. Default: 5,000. */
  readonly timeoutMs?: number | undefined;
  /** After how long an operation counts as slow, in milliseconds, half of them of a processor. Default: 500. */
  readonly slowMs?: number | undefined;
  /** Told of each operation, with the time from the request for its plan to the plan or the refusal. */
  readonly planned?: PlanningObserver | undefined;
  /**
   * Opens the place in which a planner works. Default: a thread (planning-thread.ts), which starts when something is
   * asked.
   */
  readonly open?: OpenPlanner | undefined;
}

/** A place in which a planner works, such as a thread. */
export type PlannerPlace = Pick<ThreadClient<PlanningMethods>, 'start' | 'call' | 'cpuMs' | 'kill'>;
export type OpenPlanner = (sdl: string, role: PlannerRole) => PlannerPlace;

/** The end of an operation that was to be planned; `slow` has a plan as well. */
export type PlanningOutcome = 'planned' | 'slow' | 'refused';
export type PlanningObserver = (outcome: PlanningOutcome, ms: number, text: string) => void;

/** Operations of one client that wait in a lane at most. */
const MAX_WAITING_OF_CLIENT = 50;
const MAX_SLOW_OF_CLIENT = 5;

/** How long a client whose operation was slow is kept apart from those whose operations were not. */
const APART_MS = 60_000;
/** A thread with nothing to do for this long ends, and gives its memory back: 50 MB. */
const IDLE_MS = hasLittleMemory() ? 10_000 : 60_000;

/** Of a slow thread, as of a process that is `nice`. */
const SLOW_PRIORITY = 10;
/**
 * An operation that has not had its time of the processor yet, because others have it, is planned on: for so many times
 * the limit at most.
 */
const MAX_STRETCH = 2;
/** Share of the limit that has to have been processor time for the limit to count. */
const OWN_SHARE = 0.8;
/** Longest wait for a turn; where the thread is still starting, the longer one. */
const MAX_WAIT_MS = 15_000;
const MAX_START_MS = 45_000;
/** An operation whose thread others keep from the processor is not slow yet, for so many times the limit. */
const MAX_UNCERTAIN = 4;
/** How often is looked whether a thread has started. */
const LOOK_MS = 1_000;

/** A field with @fromContext, in a supergraph. */
const USES_CONTEXT = /contextArguments:\s*\[\s*\{/;

const MB = 1024 * 1024;
/** What any operation may need; a process with little memory has no more than half of that to give. */
const LEAST_THREAD_MB = hasLittleMemory() ? 128 : 256;
/** A thread that needs more memory than this dies, instead of the process. */
const MAX_THREAD_MB = Math.min(
  1_024,
  Math.max(LEAST_THREAD_MB, Math.floor(getHeapStatistics().heap_size_limit / MB / 4)),
);

/** Planning makes many objects that are soon of no use. */
const YOUNG_GENERATION_MB = 24;

/** An operation that is to be planned. */
interface Job {
  readonly asked: PlanRequest;
  readonly resolve: (plan: Plan) => void;
  readonly reject: (error: unknown) => void;
  /** The threads that work on it. */
  readonly threads: Set<Thread>;
  /** Lanes that it waits in or is planned in. */
  attempts: number;
  /** A plan that another planner may know better. */
  opinion: Opinion | undefined;
  failure: unknown;
  isSettled: boolean;
  isBegun: boolean;
  isDoubled: boolean;
  /** Refuses it: first when it has waited too long, then when it has been planned for too long. */
  deadline: NodeJS.Timeout;
}

/** What plans one operation at a time. */
interface Thread {
  readonly client: PlannerPlace;
  readonly role: PlannerRole;
  number: number | undefined;
  /** Processor time that it had had when it began with what it works on, in milliseconds. */
  cpuBefore: number;
  isBusy: boolean;
  /** Whether it has begun with what it works on: a thread that has ended starts again first. */
  isReady: boolean;
  timer: NodeJS.Timeout | undefined;
}

interface Lane {
  readonly queue: FairQueue<Job>;
  readonly maxOfClient: number;
  thread: Thread;
}

/**
 * A planner that works in threads (planners.ts says what each of them does), as nothing bounds the time that planning
 * takes: Apollo's planner needs ten seconds for an operation of 1.4 KB that asks seven subgraphs for what all of them
 * have. What Apollo's planner is in doubt about the native one plans instead. What takes long is given to the native
 * one as well, and the first plan counts; without any, the operation is refused after a time. A thread that works for
 * nothing is ended, and so is one that has nothing to do.
 *
 * There are two lanes, so that slow operations do not hold up quick ones: an operation that takes long takes its thread
 * along to the slow lane, and what its client asks for next waits there. In each lane clients take turns.
 */
export class Planning implements Planner {
  readonly name: string;
  readonly #timeoutMs: number;
  readonly #slowMs: number;
  readonly #quick: Lane;
  readonly #slow: Lane;
  /** The native planner beside Apollo's. */
  readonly #second: Lane | undefined;
  readonly #planned: PlanningObserver | undefined;
  /** Whether it is asked for what takes long: values of @fromContext are lost on it. */
  readonly #isFaster: boolean;
  /** Clients whose operations were slow. */
  readonly #apart = recentlyUsed<true>(10_000, { ttl: APART_MS });

  constructor({ sdl, choice = 'auto', timeoutMs = 5_000, slowMs = 500, planned, open = openThread }: PlanningOptions) {
    this.name = choice;
    this.#planned = planned;
    this.#timeoutMs = timeoutMs;
    this.#slowMs = slowMs;
    const role = choice === 'auto' ? 'first' : choice;
    const lane = (of: PlannerRole, maxOfClient: number): Lane => createLane(open(sdl, of), of, maxOfClient);
    this.#quick = lane(role, MAX_WAITING_OF_CLIENT);
    this.#slow = lane(role, MAX_SLOW_OF_CLIENT);
    this.#second = choice === 'auto' ? lane('second', MAX_SLOW_OF_CLIENT) : undefined;
    this.#isFaster = !USES_CONTEXT.test(sdl);
  }

  /** Starts a thread, so that the first operation need not wait for it. */
  start(): void {
    const { thread } = this.#quick;
    if (thread.isBusy) return;
    thread.client.start();
    rest(thread);
  }

  /**
   * Plans an operation.
   *
   * @throws {CodedError} OPERATION_TOO_COMPLEX when that takes too long; RATE_LIMITED when the client has too many
   * operations that wait to be planned, and SERVICE_UNAVAILABLE when all clients together have.
   */
  plan(asked: PlanRequest): Promise<Plan> {
    const plan = this.#plan(asked);
    const tell = this.#planned;
    if (tell) {
      const started = performance.now();
      const told = (isPlanned: boolean) => (): void => {
        const ms = performance.now() - started;
        tell(isPlanned ? (ms > this.#slowMs ? 'slow' : 'planned') : 'refused', ms, asked.text);
      };
      plan.then(told(true), told(false));
    }
    return plan;
  }

  #plan(asked: PlanRequest): Promise<Plan> {
    const lane = this.#apart.has(asked.client) ? this.#slow : this.#quick;
    if (lane.queue.of(asked.client) >= lane.maxOfClient) {
      return Promise.reject(rateLimited('Too many new operations wait to be planned.', RETRY_AFTER_S));
    }
    return new Promise((resolve, reject) => {
      const job: Job = {
        asked,
        resolve,
        reject,
        threads: new Set(),
        attempts: 0,
        opinion: undefined,
        failure: undefined,
        isSettled: false,
        isBegun: false,
        isDoubled: false,
        deadline: setTimeout(() => this.#hasWaited(lane, job, MAX_WAIT_MS), MAX_WAIT_MS),
      };
      this.#enter(lane, job);
    });
  }

  #enter(lane: Lane, job: Job): void {
    job.attempts++;
    lane.queue.add(job.asked.client, job);
    this.#next(lane);
  }

  #next(lane: Lane): void {
    const { thread } = lane;
    if (thread.isBusy) return;
    let job = lane.queue.take();
    while (job?.isSettled) job = lane.queue.take();
    if (job) this.#begin(lane, thread, job);
    else rest(thread);
  }

  #begin(lane: Lane, thread: Thread, job: Job): void {
    clearTimeout(thread.timer);
    thread.isBusy = true;
    thread.isReady = false;
    thread.cpuBefore = Number.POSITIVE_INFINITY;
    job.threads.add(thread);
    const started = (number: number | undefined): void => {
      thread.number = number;
      thread.isReady = true;
      void thread.client.cpuMs().then((ms) => {
        thread.cpuBefore = ms ?? 0;
      });
      if (!job.threads.has(thread)) return;
      if (lane !== this.#second) {
        const since = performance.now();
        thread.timer = setTimeout(() => this.#looksSlow(thread, job, since), this.#slowMs);
      }
      if (job.isBegun) return;
      job.isBegun = true;
      clearTimeout(job.deadline);
      job.deadline = setTimeout(() => this.#isLate(job, performance.now()), this.#timeoutMs);
    };
    // That a thread has to start first does not make an operation slow.
    thread.client.call('ready', undefined).then(started, () => undefined);
    const { text, conditions, overrides } = job.asked;
    thread.client.call('plan', { text, conditions, overrides }).then(
      (opinion) => {
        this.#free(thread);
        if (!job.threads.delete(thread)) return;
        job.attempts--;
        const { plan, isDoubted, failure } = opinion;
        if (plan && !isDoubted) return this.#settle(job, () => job.resolve(plan));
        job.opinion = opinion;
        job.failure ??= failure;
        this.#double(job);
        if (job.attempts === 0) this.#conclude(job, job.failure);
      },
      (error: unknown) => {
        this.#free(thread);
        if (!job.threads.delete(thread)) return;
        job.attempts--;
        const isDead = error instanceof CodedError && error.code === 'SERVICE_UNAVAILABLE';
        // What Apollo's planner says of it is said first.
        if (!(lane === this.#second && job.failure)) job.failure = isDead ? tooSlow(this.#timeoutMs) : error;
        if (lane !== this.#second) this.#double(job);
        if (job.attempts === 0) this.#conclude(job, job.failure);
      },
    );
  }

  /**
   * Refuses an operation whose time is over, unless its threads have hardly run: on a machine that is busy with other
   * things, or where other operations come first, that says nothing about the operation.
   *
   * @param since when it became late for the first time.
   */
  async #isLate(job: Job, since: number): Promise<void> {
    const had = await Promise.all(
      [...job.threads].map(async ({ client, cpuBefore }) => {
        const now = await client.cpuMs();
        return now === undefined ? this.#timeoutMs : now - cpuBefore;
      }),
    );
    if (job.isSettled) return;
    const leftMs = this.#timeoutMs * OWN_SHARE - Math.max(0, ...had);
    const isOver = performance.now() - since >= this.#timeoutMs * (MAX_STRETCH - 1);
    if (leftMs <= 0 || isOver || job.threads.size === 0) return this.#conclude(job, tooSlow(this.#timeoutMs));
    job.deadline = setTimeout(() => this.#isLate(job, since), Math.max(leftMs, 50));
  }

  /** Refuses an operation whose turn has not come, unless what it waits for is the start of the thread. */
  #hasWaited(lane: Lane, job: Job, ms: number): void {
    const { isBusy, isReady } = lane.thread;
    if (isBusy && !isReady && ms < MAX_START_MS)
      job.deadline = setTimeout(() => this.#hasWaited(lane, job, ms + LOOK_MS), LOOK_MS);
    else this.#settle(job, () => job.reject(tooBusy()));
  }

  /** Takes an operation for slow, unless its thread has hardly run. */
  async #looksSlow(thread: Thread, job: Job, since: number): Promise<void> {
    const ms = (await thread.client.cpuMs()) ?? Number.POSITIVE_INFINITY;
    if (!job.threads.has(thread)) return;
    const isUncertain = performance.now() - since < this.#slowMs * MAX_UNCERTAIN;
    if (ms - thread.cpuBefore < this.#slowMs / 2 && isUncertain)
      thread.timer = setTimeout(() => this.#looksSlow(thread, job, since), this.#slowMs / 2);
    else this.#isSlow(thread, job);
  }

  /** Others need not wait for it, and another planner may be faster. */
  #isSlow(thread: Thread, job: Job): void {
    this.#apart.set(job.asked.client, true);
    if (this.#isFaster) this.#double(job);
    if (this.#quick.thread !== thread) return;
    if (this.#slow.thread.isBusy) {
      job.threads.delete(thread);
      job.attempts--;
      this.#enter(this.#slow, job);
      thread.client.kill();
    } else {
      giveWay(thread);
      this.#quick.thread = this.#slow.thread;
      this.#slow.thread = thread;
      this.#next(this.#quick);
    }
    this.start();
  }

  #double(job: Job): void {
    if (job.isDoubled || !this.#second) return;
    job.isDoubled = true;
    this.#enter(this.#second, job);
  }

  #free(thread: Thread): void {
    thread.isBusy = false;
    clearTimeout(thread.timer);
    for (const lane of [this.#quick, this.#slow, this.#second]) if (lane?.thread === thread) this.#next(lane);
  }

  /** No better plan will come. */
  #conclude(job: Job, failure: unknown): void {
    const plan = job.opinion && usable(job.opinion);
    this.#settle(job, () => (plan ? job.resolve(plan) : job.reject(failure)));
  }

  #settle(job: Job, end: () => void): void {
    if (job.isSettled) return;
    job.isSettled = true;
    clearTimeout(job.deadline);
    end();
    for (const thread of job.threads) stop(thread);
    job.threads.clear();
  }
}

const createLane = (client: PlannerPlace, role: PlannerRole, maxOfClient: number): Lane => ({
  queue: new FairQueue(),
  maxOfClient,
  thread: { client, role, number: undefined, cpuBefore: 0, isBusy: false, isReady: false, timer: undefined },
});

function openThread(sdl: string, role: PlannerRole): PlannerPlace {
  const data: PlanningData = { sdl, role, compiled: getCompileCacheDir() };
  const file = new URL('./planning-thread.ts', import.meta.url);
  const limits = { maxOldGenerationSizeMb: MAX_THREAD_MB, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
  return new ThreadClient<PlanningMethods>(file, data, 'The planner', { limits });
}

/**
 * Ends what a thread works on. Native code goes on in a thread that has ended; it is told to stop, and counts as busy
 * until it has.
 */
function stop({ client, role }: Thread): void {
  if (role === 'first' || role === 'apollo') client.kill();
  else client.call('stop', undefined).catch(() => undefined);
}

/** Lets everything that answers requests have the processor first. */
function giveWay({ number }: Thread): void {
  try {
    if (number !== undefined) os.setPriority(number, SLOW_PRIORITY);
  } catch {
    // Where it is not allowed, or the thread has just ended.
  }
}

function rest(thread: Thread): void {
  clearTimeout(thread.timer);
  thread.timer = setTimeout(() => thread.client.kill(), IDLE_MS).unref();
}

const RETRY_AFTER_S = 5;

const tooBusy = (): CodedError =>
  new CodedError('SERVICE_UNAVAILABLE', 'Too many new operations are being planned. Try again in a few seconds.');

const tooSlow = (timeoutMs: number): CodedError =>
  new CodedError(
    'OPERATION_TOO_COMPLEX',
    `No plan for the operation was found within ${timeoutMs} ms. Nest it less deeply, or send its parts one by one.`,
    { limit: 'PLANNING_TIMEOUT_MS' },
  );

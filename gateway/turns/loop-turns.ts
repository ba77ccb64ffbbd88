import { type CodedError, rateLimited } from '#platform/base/errors/errors.ts';
import { FairQueue } from '#platform/base/faults/fair-queue.ts';
import { recentlyUsed } from '#platform/base/recently-used.ts';

export interface LoopTurnsOptions {
  /** Processor time that one client's new operations may take in a minute, in milliseconds; 0 sets no limit. */
  readonly msPerMinute: number;
  /** Processor time of this thread so far, in milliseconds. Default: what the system counted. */
  readonly processorMs?: () => number;
}

/** A function that does a part of the work for a client's new operation when it is the client's turn. */
export type Work = <T>(client: string, stage: () => T) => T | Promise<T>;

/** The part of a minute's allowance that a client may use at once, when it has used nothing for long. */
const BURST = 1 / 5;
/** Work in one round of the loop, in milliseconds. What is longer is done alone, and its client rests afterwards. */
const SLICE_MS = 2;
/** A client rests this many times as long as its work was beyond a slice: others are answered meanwhile. */
const REST = 5;
/** Of what a client may use at once: below it its stages together count as one, however short each is. */
const MUCH_LEFT = 3 / 4;
/** New operations of one client that wait at most. */
const MAX_WAITING_OF_CLIENT = 100;
/** Longest wait for the allowance. */
const MAX_WAIT_MS = 10_000;

/** What one client has used. */
interface Account {
  /** Milliseconds of its allowance at the time `at`; less than nothing when the last operation took more. */
  left: number;
  at: number;
  /** Its next stage has to wait until then. */
  restsUntil: number;
  /** Milliseconds of its work since it rested last. */
  sinceRest: number;
  /** Whether an operation of it is being read: the others cannot know yet what that costs. */
  isReading: boolean;
}

interface Waiting {
  /** Begins, or is refused where its client owes too much by now. Does nothing the second time. */
  readonly end: () => void;
}

/**
 * The turns by which the loop is shared out among clients whose operations are not known yet, or whose messages are
 * large. Reading, validating and compiling one takes as long as a thousand known ones, and a client that asks for
 * another thing waits meanwhile. So the work is done in stages, a slice in each round of the loop, clients by turns;
 * and each client has an allowance of processor time, beyond which its new operations wait, and are refused where too
 * many do. Known operations, and known refusals, cost nothing of it.
 */
export class LoopTurns {
  readonly #burst: number;
  readonly #perMs: number;
  readonly #processorMs: () => number;
  readonly #accounts = recentlyUsed<Account>(10_000);
  readonly #waiting = new FairQueue<Waiting>();
  readonly #stages = new FairQueue<() => void>();
  /** Of this round of the loop, in milliseconds. */
  #used = 0;
  #isRound = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ msPerMinute, processorMs = threadMs }: LoopTurnsOptions) {
    this.#burst = msPerMinute === 0 ? Number.POSITIVE_INFINITY : msPerMinute * BURST;
    this.#perMs = msPerMinute / 60_000;
    this.#processorMs = processorMs;
  }

  /**
   * Lets a client begin with a new operation: at once (undefined) or when its allowance is there again. A client that
   * begins calls `read` when the operation is read and validated, or refused.
   *
   * @throws {CodedError} RATE_LIMITED, by rejecting, where too many wait or the wait is too long.
   */
  begin(client: string): Promise<void> | undefined {
    if (this.#perMs === 0) return undefined;
    const account = this.#account(client);
    if (this.#waiting.of(client) === 0 && this.#mayBegin(client)) {
      account.isReading = true;
      return undefined;
    }
    if (this.#waiting.of(client) >= MAX_WAITING_OF_CLIENT || this.#msUntilLeft(account) > MAX_WAIT_MS) {
      return Promise.reject(this.#refusal(account));
    }
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const end = (): void => {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(deadline);
        const account = this.#account(client);
        if (account.left > 0) {
          account.isReading = true;
          resolve();
        } else {
          reject(this.#refusal(account));
        }
      };
      const deadline = setTimeout(end, MAX_WAIT_MS);
      this.#waiting.add(client, { end });
      this.#look();
    });
  }

  /** Says that the operation which a client has begun is read, so that its next one may begin. */
  read(client: string): void {
    this.#account(client).isReading = false;
    if (this.#waiting.size > 0) this.#look();
  }

  /**
   * Does what is one stage by itself, at the expense of a client. One whose allowance is used up waits for its turn.
   *
   * @throws {CodedError} RATE_LIMITED, by rejecting, as `begin`; what the stage throws.
   */
  async take<T>(client: string, stage: () => T): Promise<T> {
    // One after another is for work that nothing is known of; what this costs follows from its length.
    if (this.#perMs === 0 || this.#account(client).left > 0) return this.work(client, stage);
    const turn = this.begin(client);
    if (turn) await turn;
    try {
      return await this.work(client, stage);
    } finally {
      this.read(client);
    }
  }

  /**
   * Does a stage, in this round of the loop or a later one, at the expense of a client. Rejects with what it throws.
   */
  readonly work: Work = (client, stage) => {
    if (this.#stages.size === 0 && this.#used < SLICE_MS && this.#isRested(client)) return this.#charge(client, stage);
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          resolve(this.#charge(client, stage));
        } catch (error) {
          reject(error as Error);
        }
      };
      this.#stages.add(client, run);
      this.#look();
    });
  };

  #charge<T>(client: string, stage: () => T): T {
    const before = this.#processorMs();
    const began = performance.now();
    try {
      return stage();
    } finally {
      const now = performance.now();
      const ms = now - began;
      const account = this.#account(client);
      account.left -= this.#processorMs() - before;
      this.#used += ms;
      // A client's first operations are not held up; one that goes on and on leaves the loop free most of the time.
      account.sinceRest = account.left >= this.#burst * MUCH_LEFT ? ms : account.sinceRest + ms;
      if (account.sinceRest > SLICE_MS) {
        account.restsUntil = now + REST * account.sinceRest;
        account.sinceRest = 0;
      }
      this.#look();
    }
  }

  /** Does in each round what may be done. */
  #look(): void {
    if (this.#isRound) return;
    this.#isRound = true;
    setImmediate(() => {
      this.#isRound = false;
      this.#used = 0;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      for (let next = this.#nextWaiting(); next; next = this.#nextWaiting()) next.end();
      while (this.#used < SLICE_MS) {
        const stage = this.#stages.take(this.#isRested);
        if (!stage) break;
        stage();
      }
      this.#sleep();
    });
  }

  /** Looks again when a client's rest or want ends. */
  #sleep(): void {
    if (this.#isRound || this.#timer) return;
    let ms = Number.POSITIVE_INFINITY;
    const now = performance.now();
    for (const client of this.#stages.clients) ms = Math.min(ms, this.#account(client).restsUntil - now);
    for (const client of this.#waiting.clients) {
      const account = this.#account(client);
      if (!account.isReading) ms = Math.min(ms, this.#msUntilLeft(account));
    }
    if (ms < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#look(), Math.max(1, ms));
  }

  #nextWaiting(): Waiting | undefined {
    return this.#waiting.take((client) => {
      const account = this.#account(client);
      return !account.isReading && (account.left > 0 || this.#msUntilLeft(account) > MAX_WAIT_MS);
    });
  }

  #mayBegin(client: string): boolean {
    const { isReading, left } = this.#account(client);
    return !isReading && left > 0;
  }

  readonly #isRested = (client: string): boolean => this.#account(client).restsUntil <= performance.now();

  #account(client: string): Account {
    const now = performance.now();
    let account = this.#accounts.get(client);
    if (!account) {
      account = { left: this.#burst, at: now, restsUntil: 0, sinceRest: 0, isReading: false };
      this.#accounts.set(client, account);
    }
    account.left = Math.min(this.#burst, account.left + (now - account.at) * this.#perMs);
    account.at = now;
    return account;
  }

  #msUntilLeft({ left }: Account): number {
    return left > 0 ? 0 : (1 - left) / this.#perMs;
  }

  #refusal(account: Account): CodedError {
    const ms = Math.max(1_000, this.#msUntilLeft(account));
    return rateLimited(
      'New operations of this client took more processor time than one may have.',
      Math.ceil(ms / 1_000),
    );
  }
}

/** Time that others use the processor, on a busy machine, is not a client's fault. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

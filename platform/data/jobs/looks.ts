import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';

/** How long after a job is due it is looked for, in ms: more than once, since clocks differ. */
const LATE_MS = [1, 50, 500] as const;
/** Moments that are kept; beyond them the looks of every day have to do. */
const MAX_DUE = 3_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
const FAILED_LOOK_MS = 1_000;

/** The moments at which a job runner looks for work: one look at a time, and never none while work is expected. */
export class Looks {
  readonly #look: () => Promise<void>;
  readonly #log: Logger;
  #turn: Promise<void> | undefined;
  #again = false;
  #isSoon = false;
  /** Moments at which jobs are expected, by the clock of this process. */
  #due: number[] = [];
  #next: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined;
  #isOpen = false;

  /** @param look claims work. A look that rejects is logged, and another follows a second later. */
  constructor(look: () => Promise<void>, log: Logger) {
    this.#look = look;
    this.#log = log;
  }

  /** Until then no look is made. */
  open(): void {
    this.#isOpen = true;
  }

  /** Makes no further look. Resolves when the one under way is done. */
  async close(): Promise<void> {
    this.#isOpen = false;
    clearTimeout(this.#next?.timer);
    await this.#turn;
  }

  /** Looks now, or again after the look that is under way. */
  now(): void {
    if (!this.#isOpen) return;
    if (this.#turn) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#turn = this.#look()
      .catch((error) => {
        if (this.#isOpen) this.#log.warn({ err: error }, 'could not look for jobs');
        this.after(FAILED_LOOK_MS);
      })
      .finally(() => {
        this.#turn = undefined;
        if (this.#again) this.now();
      });
  }

  /** Looks when all jobs that end at this moment have left their places. */
  soon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    setImmediate(() => {
      this.#isSoon = false;
      this.now();
    });
  }

  /** Looks after some time in milliseconds, unless it does before. */
  after(ms: number): void {
    if (!this.#isOpen) return;
    const at = performance.now() + ms;
    if (this.#next && this.#next.at <= at) return;
    clearTimeout(this.#next?.timer);
    const look = () => {
      this.#next = undefined;
      this.now();
    };
    // A timer holds 24 days at most.
    const timer = setTimeout(guarded({ where: 'jobs', log: this.#log }, look), Math.min(ms, MAX_TIMER_MS)).unref();
    this.#next = { at, timer };
  }

  /** Looks when a job is due that waits, and a little later: the clock of the database is another one. */
  expect(waitMs: number): void {
    const at = performance.now() + waitMs;
    if (this.#due.length < MAX_DUE) this.#due.push(...LATE_MS.map((ms) => at + ms));
    this.after(waitMs + LATE_MS[0]);
  }

  /** Plans the next look for a job that is expected: an earlier one may have stood in its place and found nothing. */
  whenDue(): void {
    const now = performance.now();
    this.#due = this.#due.filter((at) => at > now);
    if (this.#due.length > 0) this.after(this.#due.reduce((first, at) => Math.min(first, at)) - now);
  }
}

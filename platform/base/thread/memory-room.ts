import { setTimeout as sleep } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import { guarded } from '../faults/guarded.ts';
import type { Logger } from '../log/log.ts';
import { collectGarbage } from './collect-garbage.ts';

export interface MemoryRoomOptions {
  /** What there is, in MiB. */
  readonly memoryMb: number;
  /** Returns how much of it is in use and cannot be dropped, in MiB. */
  readonly usedMb: () => Promise<number>;
  readonly log?: Logger | undefined;
  readonly metrics?: Registry | undefined;
  /** Time between two looks, in ms. */
  readonly lookMs?: number;
  /** The same while work is under way. */
  readonly watchMs?: number;
  /** How long it is believed that memory is short, in ms, after a piece has found it so. */
  readonly believedMs?: number;
  /** How long memory must have been short of all that a piece may need, in ms, until half of it is enough. */
  readonly patienceMs?: number;
}

/** Stays free beside what a piece needs, in MiB: the code that runs, which the kernel would read again and again. */
const RESERVE_MB = 32;
/** With less than this free, in MiB, the kernel is about to end the process. */
const FULL_MB = 24;
const LOOK_MS = 500;
/** The same while work is under way, which may take tens of MB at a time. */
const WATCH_MS = 50;
const PATIENCE_MS = 15_000;
/** What pieces before have found out is of use to those that follow, and not to one that comes hours later. */
const BELIEVED_MS = 10 * 60_000;
/** Garbage is collected so often meanwhile, in ms: it takes a tenth of a second. */
const COLLECT_MS = 5_000;
/** A wait that is longer than this is told, in ms. */
const WORTH_TELLING_MS = 10_000;

/** The memory that is free for work which needs much of it. */
export class MemoryRoom {
  readonly #options: MemoryRoomOptions;
  /** The piece that waits. */
  #held: { readonly needsMb: number; readonly usedMb: number } | undefined;
  /**
   * Since when there has not been room for so much. One piece after another need not wait for what does not come: with
   * little memory in use by others all the time, each would.
   */
  #short: { readonly needsMb: number; readonly since: number; seen: number } | undefined;

  constructor(options: MemoryRoomOptions) {
    this.#options = options;
    const isHeld = () => (this.#held === undefined ? 0 : 1);
    if (options.metrics)
      void new Gauge({
        name: 'sextant_heavy_work_held_back',
        help: 'Whether heavy work waits because memory is nearly full.',
        registers: [options.metrics],
        collect() {
          this.set(isHeld());
        },
      });
  }

  /** Watches that memory does not become full while work is under way, and says so once if it does. */
  watch(full: () => void): Disposable & { readonly isFull: boolean } {
    const { memoryMb, usedMb, log, watchMs = WATCH_MS } = this.#options;
    let isFull = false;
    const look = async (): Promise<void> => {
      const used = Math.round(await usedMb());
      if (isFull || memoryMb - used >= FULL_MB) return;
      isFull = true;
      // Half was too little: it waits again.
      this.#short = undefined;
      log?.warn({ usedMb: used, memoryMb }, 'heavy work is ended because memory is full, and done again later');
      full();
    };
    const timer = setInterval(guarded({ where: 'heavy work', log }, look), watchMs);
    timer.unref();
    return {
      get isFull() {
        return isFull;
      },
      [Symbol.dispose]: () => {
        clearInterval(timer);
      },
    };
  }

  /** Why work waits, for /health; undefined while none does. */
  get problem(): string | undefined {
    if (this.#held === undefined) return undefined;
    const { needsMb, usedMb } = this.#held;
    return `documents, pictures or text recognition wait for memory: ${usedMb} of ${this.#options.memoryMb} MB are in use, and the next of them may need ${needsMb}`;
  }

  /**
   * Waits until there is room for a piece: for what it may need, or where that has not been there for 15 seconds, for
   * half of that.
   *
   * @throws the signal's reason when it aborts.
   */
  async wait(needsMb: number, signal?: AbortSignal): Promise<void> {
    const {
      memoryMb,
      usedMb,
      log,
      lookMs = LOOK_MS,
      patienceMs = PATIENCE_MS,
      believedMs = BELIEVED_MS,
    } = this.#options;
    const began = performance.now();
    let isTold = false;
    let collectAt = 0;
    try {
      while (true) {
        signal?.throwIfAborted();
        const used = Math.round(await usedMb());
        const now = performance.now();
        const isRoomFor = (wantedMb: number): boolean => memoryMb - used >= wantedMb + RESERVE_MB;
        if (isRoomFor(needsMb)) {
          if (this.#short !== undefined && needsMb >= this.#short.needsMb) this.#short = undefined;
          break;
        }
        if (this.#short === undefined || now - this.#short.seen > believedMs)
          this.#short = { needsMb, since: now, seen: now };
        this.#short.seen = now;
        if (now - this.#short.since > patienceMs && isRoomFor(needsMb / 2)) break;
        if (now > collectAt) {
          collectGarbage();
          collectAt = performance.now() + COLLECT_MS;
        }
        this.#held = { needsMb, usedMb: used };
        if (!isTold && now - began > WORTH_TELLING_MS) {
          isTold = true;
          log?.warn({ usedMb: used, memoryMb, needsMb }, 'heavy work waits for memory');
        }
        await sleep(lookMs, undefined, { ref: false });
      }
      if (isTold) log?.info({ waitedMs: Math.round(performance.now() - began) }, 'heavy work goes on');
    } finally {
      this.#held = undefined;
    }
  }
}

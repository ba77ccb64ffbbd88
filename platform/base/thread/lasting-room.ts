import { getHeapStatistics } from 'node:v8';
import { availableMemoryMb } from '../config/available-memory.ts';
import { processMemoryMb } from '../config/used-memory.ts';
import { CodedError } from '../errors/errors.ts';
import type { Logger } from '../log/log.ts';
import { collectGarbage } from './collect-garbage.ts';

/** A part of the memory that may be full, from 0 to 1. */
export type Fullness = () => number;

/** So much of the heap, and of the memory of the container, may be full when something begins that lasts. */
const HEAP_SHARE = 0.8;
const MEMORY_SHARE = 0.94;
/** The time between two looks, in ms: at 5,000 subscriptions a second they take some 5 MB meanwhile. */
const LOOK_MS = 50;
/** Garbage is collected so often at most, in ms: with a heap that is nearly full it takes a quarter of a second. */
const COLLECT_MS = 5_000;
/** The time between two lines of the log, in ms. */
const TELL_MS = 10_000;
/** When a client that was refused may come again, in seconds. */
const RETRY_AFTER_S = 2;

/** Returns how full the heap of this thread is. V8 ends the process when there is nothing left. */
const heapFullness: Fullness = () => {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
};

/** Returns how full the memory is that this process may use. The kernel ends the process when there is nothing left. */
const memoryFullness: Fullness = () => processMemoryMb() / (Number(process.env['MEMORY_MB']) || availableMemoryMb());

/**
 * The memory for what lasts: subscriptions, and the sockets that carry them. Clients who were all dropped come back all
 * at once, and where they are more than a process has memory for, it must not end with all that it holds: those who
 * came too late are told to come again, to another replica or when others have left.
 */
export class LastingRoom {
  readonly #fullness: { readonly heap: Fullness; readonly memory: Fullness };
  readonly #collect: () => void;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #collectedAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  #isFull = false;

  constructor({ heap = heapFullness, memory = memoryFullness, collect = collectGarbage } = {}) {
    this.#fullness = { heap, memory };
    this.#collect = collect;
  }

  /** Returns why nothing more that lasts may begin; undefined while it may. */
  refusal(log: Logger | undefined): CodedError | undefined {
    const now = performance.now();
    if (now - this.#lookedAt >= LOOK_MS) {
      this.#isFull = this.#look(now);
      this.#lookedAt = performance.now();
    }
    if (!this.#isFull) return undefined;
    if (now - this.#toldAt >= TELL_MS) {
      this.#toldAt = now;
      log?.warn('memory is nearly full: sockets and subscriptions are refused until others have left');
    }
    return new CodedError('SERVICE_UNAVAILABLE', 'This server has no memory for more at the moment. Try again soon.', {
      retryAfter: RETRY_AFTER_S,
    });
  }

  #look(now: number): boolean {
    if (!this.#isOver()) return false;
    // Most of what is in use may be garbage: V8 waits with collecting it until it needs the room.
    if (now - this.#collectedAt < COLLECT_MS) return true;
    this.#collect();
    this.#collectedAt = performance.now();
    return this.#isOver();
  }

  #isOver(): boolean {
    return this.#fullness.heap() > HEAP_SHARE || this.#fullness.memory() > MEMORY_SHARE;
  }
}

/** That of this process. */
export const lastingRoom = new LastingRoom();

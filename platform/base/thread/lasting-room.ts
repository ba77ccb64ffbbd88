import { getHeapStatistics } from 'node:v8';
import { availableMemoryMb } from '../config/available-memory.ts';
import { usedMemory } from '../config/used-memory.ts';
import { CodedError } from '../errors/errors.ts';
import { report } from '../faults/guarded.ts';
import type { Logger } from '../log/log.ts';
import { collectGarbage } from './collect-garbage.ts';

/** The looks at what may be full. Defaults: those of this process. */
export interface LastingRoomOptions {
  /** Returns how full the heap of this thread is, from 0 to 1. */
  readonly heap?: () => number;
  /** Returns how full the memory is that the processes of this container may use, from 0 to 1. */
  readonly memory?: () => Promise<number>;
  readonly collect?: () => void;
}

/** So few lasting things cannot be what fills the memory of a process. */
const FEW = 200;
/** So much of the heap, and of the memory of the container, may be full when something begins that lasts. */
const HEAP_SHARE = 0.8;
const MEMORY_SHARE = 0.94;
/** The time between two looks, in ms: at 5,000 subscriptions a second they take some 5 MB meanwhile. */
const LOOK_MS = 50;
/** Garbage is collected for so much of the time at most, from 0 to 1. */
const COLLECT_SHARE = 0.05;
/** The time between two lines of the log, in ms. */
const TELL_MS = 10_000;
/** When a client that was refused may come again, in seconds. */
const RETRY_AFTER_S = 2;

/** The `refused` of such a refusal's extensions, by which a gateway knows that another replica may have room. */
export const REFUSED_FOR_MEMORY = 'memory';

/** V8 ends the process when there is nothing left. */
const heapFullness = (): number => {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
};

/** The kernel ends the process when there is nothing left. */
function memoryFullness(): () => Promise<number> {
  const memoryMb = availableMemoryMb();
  const usedMb = usedMemory(memoryMb);
  return async () => (await usedMb()) / memoryMb;
}

/**
 * The memory for what lasts: subscriptions, and the sockets that carry them. Clients who were all dropped come back all
 * at once, and where they are more than a process has memory for, it must not end with all that it holds: those who
 * came too late are told to come again, to another replica or when others have left.
 */
export class LastingRoom {
  readonly #heap: () => number;
  readonly #memory: () => Promise<number>;
  readonly #collect: () => void;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #mayCollectAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  #memoryIsFull = false;
  #isFull = false;

  constructor({ heap = heapFullness, memory = memoryFullness(), collect = collectGarbage }: LastingRoomOptions = {}) {
    this.#heap = heap;
    this.#memory = memory;
    this.#collect = collect;
  }

  /**
   * Returns why nothing more that lasts may begin; undefined while it may.
   *
   * @param held how many there are: few are never refused, since others fill the memory then.
   */
  refusal(held: number, log: Logger | undefined): CodedError | undefined {
    if (held < FEW) return undefined;
    const now = performance.now();
    if (now - this.#lookedAt >= LOOK_MS) {
      this.#isFull = this.#look(now);
      this.#lookedAt = performance.now();
      void this.#lookAtMemory(log);
    }
    if (!this.#isFull) return undefined;
    if (now - this.#toldAt >= TELL_MS) {
      this.#toldAt = now;
      log?.warn('memory is nearly full: sockets and subscriptions are refused until others have left');
    }
    return new CodedError('SERVICE_UNAVAILABLE', 'This server has no memory for more at the moment. Try again soon.', {
      retryAfter: RETRY_AFTER_S,
      refused: REFUSED_FOR_MEMORY,
    });
  }

  #look(now: number): boolean {
    if (!this.#isOver()) return false;
    // Most of what is in use may be garbage: V8 waits with collecting it until it needs the room.
    if (now < this.#mayCollectAt) return true;
    this.#collect();
    const collected = performance.now();
    this.#mayCollectAt = collected + (collected - now) / COLLECT_SHARE;
    return this.#isOver();
  }

  #isOver(): boolean {
    return this.#memoryIsFull || this.#heap() > HEAP_SHARE;
  }

  async #lookAtMemory(log: Logger | undefined): Promise<void> {
    try {
      this.#memoryIsFull = (await this.#memory()) > MEMORY_SHARE;
    } catch (error) {
      report(error, 'memory of the container', log);
    }
  }
}

/** That of this process. */
export const lastingRoom = new LastingRoom();

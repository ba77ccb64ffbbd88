import type { Registry } from 'prom-client';
import { Cancellation } from '../cancellation/cancellation.ts';
import { untilAborted } from '../cancellation/until-aborted.ts';
import { hasLittleMemory } from '../config/available-memory.ts';
import { usedMemory } from '../config/used-memory.ts';
import { Bulkhead } from '../faults/bulkhead.ts';
import { report } from '../faults/guarded.ts';
import type { Logger } from '../log/log.ts';
import { MemoryRoom } from './memory-room.ts';

/** A kind of heavy work, such as the recognition of text. */
export interface HeavyKind {
  /** The most memory that a piece of it takes, in MiB. */
  readonly needsMb: number;
  /** Gives back the memory that it keeps for its next piece, such as that of a thread that has nothing to do. */
  release(): Promise<void>;
  /** Ends what it does now, where it can: its piece fails, and its memory is free. */
  end?(): void;
}

export interface HeavyWorkOptions {
  readonly memoryMb: number;
  readonly log?: Logger;
  readonly metrics?: Registry;
  /** After which work that is called off gives its turn on, though it has not ended. */
  readonly graceMs?: number;
  /** Returns how much memory is in use, in MiB. Default: that of the container, or of this process. */
  readonly usedMb?: () => Promise<number>;
}

/** What is called off gives its turn on after this long at the latest, in ms, whether or not it has ended. */
const GRACE_MS = 10_000;
/** So many times a piece is begun that memory is too little for; then it fails. */
const MAX_TRIES = 5;

/**
 * The background work of a process that takes a hundred MB for a while: documents, pictures, text recognition. With
 * little memory one piece is done at a time, what another kind keeps for its next piece is given back before, and a
 * piece begins when there is room for it. Where it takes more than there is, it is ended and done again later. So what
 * does not fit waits, where the kernel would end the process.
 */
export class HeavyWork {
  readonly #turns: Bulkhead | undefined;
  readonly #room: MemoryRoom | undefined;
  readonly #graceMs: number;
  #last: HeavyKind | undefined;

  constructor({ memoryMb, log, metrics, graceMs = GRACE_MS, usedMb = usedMemory(memoryMb) }: HeavyWorkOptions) {
    this.#graceMs = graceMs;
    if (!hasLittleMemory(memoryMb)) return;
    this.#turns = new Bulkhead(1);
    this.#room = new MemoryRoom({ memoryMb, usedMb, log, metrics });
  }

  /** Why work waits for memory, for /health; undefined while none does. */
  get problem(): string | undefined {
    return this.#room?.problem;
  }

  /**
   * Does a piece of work, in its turn where there is one: again from its beginning, where memory was too little for it.
   * A piece must not wait for another one. Where there are turns, one that does not end when its signal aborts is given
   * up, and rejects with the signal's reason.
   */
  async run<T>(kind: HeavyKind, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#turns === undefined) return work();
    const piece = async (): Promise<T> => {
      await this.#release(kind);
      return this.#inRoom(kind, signal, work);
    };
    return this.#turns.run(() => this.#untilGivenUp(piece(), signal), { signal });
  }

  /** Does a piece when there is room for it; where there was too little, it is ended and done again. */
  async #inRoom<T>(kind: HeavyKind, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      await this.#room!.wait(kind.needsMb, signal);
      using watch = this.#room!.watch(() => kind.end?.());
      try {
        return await work();
      } catch (error) {
        if (!watch.isFull || signal?.aborted || tries === MAX_TRIES) throw error;
      }
    }
  }

  /** Has the kind that worked last give back what it keeps, where it is another one. */
  async #release(kind: HeavyKind): Promise<void> {
    const last = this.#last;
    this.#last = kind;
    if (last === kind) return;
    // What it cannot give back does not fail this kind's piece.
    await last?.release().catch((error: unknown) => report(error, 'heavy work', undefined));
  }

  async #untilGivenUp<T>(piece: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const givenUp = new Cancellation();
    let timer: NodeJS.Timeout | undefined;
    const wait = (): void => {
      timer = setTimeout(() => {
        report(new Error('heavy work goes on though it was called off'), 'heavy work', undefined);
        givenUp.abort(signal?.reason);
      }, this.#graceMs);
    };
    signal?.addEventListener('abort', wait, { once: true });
    try {
      return await untilAborted(piece, givenUp);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wait);
    }
  }
}

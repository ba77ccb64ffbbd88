import { hasLittleMemory } from '../config/available-memory.ts';
import { Bulkhead } from '../faults/bulkhead.ts';

/** A kind of heavy work, such as the recognition of text. */
export interface HeavyKind {
  /** Gives back the memory that it keeps for its next piece, such as that of a thread that has nothing to do. */
  release(): Promise<void>;
}

/**
 * The background work of a process that takes a hundred MB for a while: documents, pictures, text recognition. With
 * little memory one piece is done at a time, and what another kind keeps for its next piece is given back before. So
 * what does not fit waits, where the kernel would end the process.
 */
export class HeavyWork {
  readonly #turns: Bulkhead | undefined;
  #last: HeavyKind | undefined;

  constructor({ memoryMb }: { readonly memoryMb: number }) {
    this.#turns = hasLittleMemory(memoryMb) ? new Bulkhead(1) : undefined;
  }

  /** Does a piece of work, in its turn where there is one. A piece must not wait for another one. */
  async run<T>(kind: HeavyKind, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#turns === undefined) return work();
    return this.#turns.run(async () => {
      signal?.throwIfAborted();
      const last = this.#last;
      this.#last = kind;
      if (last !== kind) await last?.release();
      return work();
    });
  }
}

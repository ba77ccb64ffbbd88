import { SCAN_WASM } from './scan.wasm.ts';

/** Bytes of a block: a page of WebAssembly memory. Small, because a tenant with three memories takes one too. */
export const BLOCK_BYTES = 65_536;
/** Query (at most 4096 floats) and the scores of one block. */
const SCRATCH_BLOCKS = 1;
const QUERY_AT = 0;
const SCORES_AT = 16_384;
/** Blocks by which the memory grows: 16 MiB. */
const GROWTH = 256;
/** All that 32-bit addresses reach: 4 GiB. */
const MAX_BLOCKS = 65_536;

type Scan = (row: number, query: number, out: number, count: number, stride: number) => void;

/**
 * The memory of all matrices of one thread: blocks of 64 KiB, handed out and taken back. One memory for all, because an
 * engine reserves gigabytes of address space for each; blocks, because a growing matrix then never has to be copied.
 */
export class Arena {
  readonly #memory = new WebAssembly.Memory({ initial: SCRATCH_BLOCKS, maximum: MAX_BLOCKS });
  readonly #free: number[] = [];
  readonly #scan: Scan;
  #used = 0;

  constructor() {
    const module = new WebAssembly.Module(SCAN_WASM);
    const { exports } = new WebAssembly.Instance(module, { arena: { memory: this.#memory } });
    this.#scan = exports.scan as Scan;
  }

  /** Bytes in use by matrices. */
  get bytes(): number {
    return this.#used * BLOCK_BYTES;
  }

  allocate(): number {
    if (this.#free.length === 0) {
      const first = this.#memory.grow(GROWTH);
      for (let block = first + GROWTH - 1; block >= first; block--) this.#free.push(block);
    }
    this.#used++;
    return this.#free.pop()!;
  }

  release(block: number): void {
    this.#used--;
    this.#free.push(block);
  }

  /** The floats at an offset in a block. Valid until the next `allocate`, which may move the memory. */
  floats(block: number, offset: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, block * BLOCK_BYTES + offset, length);
  }

  /** Sets the query that `scan` compares with; it is padded with zeros to the stride. */
  setQuery(query: Float32Array, stride: number): void {
    const floats = new Float32Array(this.#memory.buffer, QUERY_AT, stride / 4);
    floats.fill(0);
    floats.set(query);
  }

  /** Writes the dot products of the query and `count` rows of a block, from the `first` on, to `scores` at `at`. */
  scan(block: number, first: number, count: number, stride: number, scores: Float32Array, at: number): void {
    this.#scan(block * BLOCK_BYTES + first * stride, QUERY_AT, SCORES_AT, count, stride);
    scores.set(new Float32Array(this.#memory.buffer, SCORES_AT, count), at);
  }
}

import type { Metric } from '../vector-store.ts';
import { type Arena, BLOCK_BYTES } from './arena.ts';

/** The vectors of one kind of one tenant, as rows in the arena. A slot without a vector scores NaN. */
export class Matrix {
  readonly #arena: Arena;
  readonly #blocks: number[] = [];
  readonly #stride: number;
  readonly #rowsPerBlock: number;
  readonly #dimensions: number;
  readonly #metric: Metric;
  /** Slot of the segment to row of this matrix, or -1. */
  #rowOf = new Int32Array(64).fill(-1);
  #slots = 0;
  /** Squared lengths, for l2. */
  readonly #squares: number[] = [];
  #rows = 0;
  readonly #freeRows: number[] = [];

  constructor(arena: Arena, dimensions: number, metric: Metric) {
    this.#arena = arena;
    this.#dimensions = dimensions;
    this.#metric = metric;
    this.#stride = Math.ceil(dimensions / 16) * 64;
    this.#rowsPerBlock = Math.floor(BLOCK_BYTES / this.#stride);
  }

  /** @param data little-endian floats, as stored. */
  set(slot: number, data: Uint8Array): void {
    this.#reserve(slot);
    let row = this.#rowOf[slot]!;
    if (row === -1) {
      row = this.#freeRows.pop() ?? this.#rows++;
      this.#rowOf[slot] = row;
    }
    const block = Math.floor(row / this.#rowsPerBlock);
    if (block === this.#blocks.length) this.#blocks.push(this.#arena.allocate());
    const floats = this.#arena.floats(
      this.#blocks[block]!,
      (row % this.#rowsPerBlock) * this.#stride,
      this.#stride / 4,
    );
    floats.fill(0);
    new Uint8Array(floats.buffer, floats.byteOffset, data.byteLength).set(data);
    if (this.#metric === 'l2') this.#squares[row] = floats.reduce((sum, x) => sum + x * x, 0);
  }

  delete(slot: number): void {
    const row = slot < this.#slots ? this.#rowOf[slot]! : -1;
    if (row === -1) return;
    this.#rowOf[slot] = -1;
    this.#freeRows.push(row);
  }

  /**
   * Similarities of the query to slots 0 to `slots - 1`: cosine (query and rows are normalised), dot product or
   * negative squared distance; higher is nearer. NaN for a slot without a vector.
   *
   * @param only the slots that are compared, rising; the others are NaN. Absent: all.
   */
  similarities(query: Float32Array, slots: number, only?: Int32Array): Float32Array {
    const byRow = new Float32Array(this.#rows);
    this.#arena.setQuery(query, this.#stride);
    if (only === undefined) this.#scan(0, this.#rows, byRow);
    else this.#scanRuns(only, byRow);
    const square = this.#metric === 'l2' ? query.reduce((sum, x) => sum + x * x, 0) : 0;
    const out = new Float32Array(slots).fill(Number.NaN);
    const take = (slot: number): void => {
      const row = this.#rowOf[slot]!;
      if (row === -1) return;
      const dot = byRow[row]!;
      out[slot] = this.#metric === 'l2' ? Math.min(0, 2 * dot - this.#squares[row]! - square) : dot;
    };
    const known = Math.min(slots, this.#slots);
    if (only === undefined) for (let slot = 0; slot < known; slot++) take(slot);
    else for (const slot of only) if (slot < known) take(slot);
    return out;
  }

  /** Compares some rows; neighbours together. */
  #scanRuns(only: Int32Array, byRow: Float32Array): void {
    let [from, until] = [0, 0];
    for (const slot of only) {
      const row = slot < this.#slots ? this.#rowOf[slot]! : -1;
      if (row === -1) continue;
      if (row !== until) {
        this.#scan(from, until, byRow);
        from = row;
      }
      until = row + 1;
    }
    this.#scan(from, until, byRow);
  }

  /** Compares the rows from one up to another, block by block. */
  #scan(from: number, until: number, byRow: Float32Array): void {
    for (let at = from; at < until; ) {
      const first = at % this.#rowsPerBlock;
      const count = Math.min(this.#rowsPerBlock - first, until - at);
      this.#arena.scan(this.#blocks[Math.floor(at / this.#rowsPerBlock)]!, first, count, this.#stride, byRow, at);
      at += count;
    }
  }

  get dimensions(): number {
    return this.#dimensions;
  }

  release(): void {
    for (const block of this.#blocks) this.#arena.release(block);
    this.#blocks.length = 0;
  }

  #reserve(slot: number): void {
    if (slot >= this.#rowOf.length) {
      const larger = new Int32Array(Math.max(slot + 1, this.#rowOf.length * 2)).fill(-1);
      larger.set(this.#rowOf);
      this.#rowOf = larger;
    }
    if (slot >= this.#slots) this.#slots = slot + 1;
  }
}

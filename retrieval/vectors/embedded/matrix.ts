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
   */
  similarities(query: Float32Array, slots: number): Float32Array {
    const byRow = new Float32Array(this.#rows);
    this.#arena.setQuery(query, this.#stride);
    for (let at = 0, block = 0; at < this.#rows; at += this.#rowsPerBlock, block++) {
      this.#arena.scan(this.#blocks[block]!, Math.min(this.#rowsPerBlock, this.#rows - at), this.#stride, byRow, at);
    }
    if (this.#metric === 'l2') {
      const square = query.reduce((sum, x) => sum + x * x, 0);
      for (let row = 0; row < this.#rows; row++)
        byRow[row] = Math.min(0, 2 * byRow[row]! - this.#squares[row]! - square);
    }
    const out = new Float32Array(slots).fill(Number.NaN);
    const known = Math.min(slots, this.#slots);
    for (let slot = 0; slot < known; slot++) {
      const row = this.#rowOf[slot]!;
      if (row !== -1) out[slot] = byRow[row]!;
    }
    return out;
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

import type { DatabaseSync } from 'node:sqlite';
import { type FieldValue, fieldValue, predicate } from '../filter.ts';
import type { Filter, Properties } from '../vector-store.ts';
import type { Arena } from './arena.ts';
import { Matrix } from './matrix.ts';
import type { SpaceRow } from './schema.ts';
import { OUTDATED_TEXT, renewedWords, WordIndex } from './word-index.ts';

/** Deleted slots are kept until they are this many and outnumber the living; then the segment is read again. */
const MAX_DEAD = 1000;

/**
 * The content of one tenant of one space, in memory: its rows, words, fields and, once searched, vectors. It is a cache
 * of the database, brought up to date before every use, whichever process wrote.
 */
export class Segment {
  readonly #db: DatabaseSync;
  readonly #arena: Arena;
  readonly #tenant: string;
  #space: SpaceRow;
  /** Row of the database in each slot, rising; 0 where it was deleted. */
  readonly rows: number[] = [];
  readonly #slotOf = new Map<number, number>();
  readonly #words = new WordIndex();
  readonly #columns = new Map<string, FieldValue[]>();
  readonly #matrices = new Map<string, { matrix: Matrix; seq: number }>();
  #lastRow = 0;
  #lastRemoval: number;
  #dead = 0;
  #wordBytes = 0;

  constructor(db: DatabaseSync, arena: Arena, space: SpaceRow, tenant: string) {
    this.#db = db;
    this.#arena = arena;
    this.#space = space;
    this.#tenant = tenant;
    for (const field of Object.keys(space.fields)) this.#columns.set(field, []);
    const last = db.prepare('SELECT coalesce(max(seq), 0) AS seq FROM removals').get() as { seq: number };
    this.#lastRemoval = last.seq;
    this.#readRows();
  }

  /** How many objects it holds. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** About how much memory it takes, without the arena's. */
  get bytes(): number {
    return this.#wordBytes + this.rows.length * (40 + 24 * this.#columns.size);
  }

  /** Catches up with the database. False if it is to be read again: fields were added, or too much was deleted. */
  refresh(space: SpaceRow): boolean {
    if (Object.keys(space.fields).length !== this.#columns.size) return false;
    this.#space = space;
    for (const name of this.#matrices.keys()) if (!Object.hasOwn(space.vectors, name)) this.#forget(name);
    if (!this.#readRemovals()) return false;
    this.#readRows();
    for (const [name, cached] of this.#matrices) this.#readVectors(name, cached);
    return this.#dead <= MAX_DEAD || this.#dead <= this.size;
  }

  /** Similarity of every slot's vector to the query, or of some slots alone; NaN where there is none. */
  similarities(name: string, query: Float32Array, only?: Int32Array): Float32Array {
    return this.#matrix(name).similarities(query, this.rows.length, only);
  }

  /** BM25 of every slot; 0 where no word matches. */
  bm25(text: string): Float32Array {
    return this.#words.score(text, this.rows.length);
  }

  /** A test of slots by a filter. */
  #filter(filter: Filter): (slot: number) => boolean {
    const test = predicate(filter, this.#space.fields);
    let slot = 0;
    const read = (field: string): FieldValue => this.#columns.get(field)?.[slot];
    return (at) => {
      slot = at;
      return test(read);
    };
  }

  /** The slots that a filter lets pass, rising. */
  passing(filter: Filter): Int32Array {
    const passes = this.#filter(filter);
    const slots = new Int32Array(this.size);
    let count = 0;
    for (let slot = 0; slot < this.rows.length; slot++)
      if (this.rows[slot] !== 0 && passes(slot)) slots[count++] = slot;
    return slots.subarray(0, count);
  }

  /** The values of a field, by slot. */
  column(field: string): readonly FieldValue[] {
    return this.#columns.get(field) ?? [];
  }

  release(): void {
    for (const name of [...this.#matrices.keys()]) this.#forget(name);
  }

  #matrix(name: string): Matrix {
    const cached = this.#matrices.get(name);
    if (cached !== undefined) return cached.matrix;
    const { dimensions, metric } = this.#space.vectors[name]!;
    const fresh = { matrix: new Matrix(this.#arena, dimensions, metric), seq: 0 };
    this.#matrices.set(name, fresh);
    this.#readVectors(name, fresh);
    return fresh.matrix;
  }

  #forget(name: string): void {
    this.#matrices.get(name)?.matrix.release();
    this.#matrices.delete(name);
  }

  #readRows(): void {
    const found = this.#db
      .prepare(
        `SELECT row, words, properties, ${OUTDATED_TEXT} AS outdated FROM objects WHERE space = ? AND tenant = ? AND row > ? ORDER BY row`,
      )
      .iterate(this.#space.number, this.#tenant, this.#lastRow) as Iterable<{
      row: number;
      words: Uint8Array;
      properties: string;
      outdated: string | null;
    }>;
    for (const { row, words: stored, properties, outdated } of found) {
      const slot = this.rows.length;
      this.rows.push(row);
      this.#slotOf.set(row, slot);
      const words = outdated === null ? stored : renewedWords(outdated, stored);
      this.#words.add(slot, words);
      this.#wordBytes += words.byteLength;
      if (this.#columns.size > 0) this.#readFields(slot, JSON.parse(properties) as Properties);
      this.#lastRow = row;
    }
  }

  #readFields(slot: number, properties: Properties): void {
    for (const [field, values] of this.#columns)
      values[slot] = fieldValue(properties, field, this.#space.fields[field]!);
  }

  #readVectors(name: string, cached: { matrix: Matrix; seq: number }): void {
    const found = this.#db
      .prepare(
        'SELECT seq, row, data FROM vectors WHERE space = ? AND tenant = ? AND name = ? AND seq > ? ORDER BY seq',
      )
      .iterate(this.#space.number, this.#tenant, name, cached.seq) as Iterable<{
      seq: number;
      row: number;
      data: Uint8Array;
    }>;
    for (const { seq, row, data } of found) {
      const slot = this.#slotOf.get(row);
      if (slot !== undefined) cached.matrix.set(slot, data);
      cached.seq = seq;
    }
  }

  /** False if removals that were not seen have been pruned from the log. */
  #readRemovals(): boolean {
    const range = this.#db.prepare('SELECT min(seq) AS first, max(seq) AS last FROM removals').get() as {
      first: number | null;
      last: number | null;
    };
    if (range.first !== null && range.first > this.#lastRemoval + 1) return false;
    const found = this.#db
      .prepare('SELECT row FROM removals WHERE space = ? AND tenant = ? AND seq > ?')
      .iterate(this.#space.number, this.#tenant, this.#lastRemoval) as Iterable<{ row: number }>;
    for (const { row } of found) this.#remove(row);
    this.#lastRemoval = Math.max(this.#lastRemoval, range.last ?? 0);
    return true;
  }

  #remove(row: number): void {
    const slot = this.#slotOf.get(row);
    if (slot === undefined) return;
    this.#slotOf.delete(row);
    this.rows[slot] = 0;
    this.#dead++;
    this.#words.delete(slot);
    for (const { matrix } of this.#matrices.values()) matrix.delete(slot);
    for (const values of this.#columns.values()) values[slot] = undefined;
  }
}

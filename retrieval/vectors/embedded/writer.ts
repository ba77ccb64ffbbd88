import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { normalised } from '../../embeddings/vectors.ts';
import { checkDefinition, checkPlace, mergeDefinitions, wrongObject, wrongVectors } from '../validate.ts';
import type { AddedVector, ObjectResult, Place, Space, SpaceDefinition, VectorObject } from '../vector-store.ts';
import { findSpace, getSpace, inTransaction, publicSpace, type SpaceRow } from './schema.ts';
import { encodeWords } from './word-index.ts';

/** Removals that are kept for others to catch up with; a reader that is further behind reads all again. */
const KEPT_REMOVALS = 100_000;

/** The writer, in a thread of its own so that neither the event loop nor searches wait for the disk. */
export class Writer {
  readonly #db: DatabaseSync;
  /** Preparing one takes as long as running it. */
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  ensureSpace(definition: SpaceDefinition): Space {
    checkDefinition(definition);
    return inTransaction(this.#db, () => {
      const existing = findSpace(this.#db, definition.name);
      if (existing !== undefined) return this.#redefine(existing, mergeDefinitions(existing, definition));
      this.#db
        .prepare('INSERT INTO spaces (name, definition, created_at) VALUES (?, ?, ?)')
        .run(definition.name, encodeDefinition(definition), Date.now());
      return publicSpace(getSpace(this.#db, definition.name));
    });
  }

  activate({ space: name, vector }: { space: string; vector: string }): Space {
    return inTransaction(this.#db, () => {
      const space = getSpace(this.#db, name);
      requireVector(space, vector);
      return this.#redefine(space, { ...space, active: vector });
    });
  }

  dropVector({ space: name, vector }: { space: string; vector: string }): Space {
    return inTransaction(this.#db, () => {
      const space = getSpace(this.#db, name);
      requireVector(space, vector);
      if (space.active === vector) throw badInput('vector', `is ${vector}, the active one; activate another first.`);
      this.#db.prepare('DELETE FROM vectors WHERE space = ? AND name = ?').run(space.number, vector);
      const { [vector]: _, ...vectors } = space.vectors;
      return this.#redefine(space, { ...space, vectors });
    });
  }

  deleteSpace(name: string): boolean {
    return inTransaction(this.#db, () => {
      const space = findSpace(this.#db, name);
      if (space === undefined) return false;
      // No removals are noted: the space's number is never used again, so no reader looks for them.
      for (const table of ['vectors', 'objects'])
        this.#db.prepare(`DELETE FROM ${table} WHERE space = ?`).run(space.number);
      this.#db.prepare('DELETE FROM spaces WHERE id = ?').run(space.number);
      return true;
    });
  }

  deleteTenant({ space: name, tenant }: { space: string; tenant: string }): boolean {
    return inTransaction(this.#db, () => {
      const space = getSpace(this.#db, name);
      checkPlace(space, { space: name, tenant });
      const rows = this.#db.prepare('SELECT row FROM objects WHERE space = ? AND tenant = ?').all(space.number, tenant);
      for (const { row } of rows) this.#remove(space, tenant, row as number);
      return rows.length > 0;
    });
  }

  upsert({ at, objects }: { at: Place; objects: readonly VectorObject[] }): ObjectResult[] {
    return inTransaction(this.#db, () => {
      const space = this.#place(at);
      const results = objects.map((object) => this.#store(space, at.tenant ?? '', object));
      this.#pruneRemovals();
      return results;
    });
  }

  addVectors({ at, vectors }: { at: Place; vectors: readonly AddedVector[] }): number {
    return inTransaction(this.#db, () => {
      const space = this.#place(at);
      const find = this.#sql('SELECT row FROM objects WHERE space = ? AND tenant = ? AND id = ? AND text = ?');
      let added = 0;
      vectors.forEach((entry, i) => {
        const wrong = wrongVectors(space, entry.vectors);
        if (wrong !== undefined) throw badInput(`vectors.${i}`, `: ${wrong}.`);
        const found = find.get(space.number, at.tenant ?? '', entry.id, entry.text);
        if (found === undefined) return;
        this.#storeVectors(space, at.tenant ?? '', found.row as number, entry.vectors);
        added++;
      });
      return added;
    });
  }

  delete({ at, ids }: { at: Place; ids: readonly string[] }): string[] {
    return inTransaction(this.#db, () => {
      const space = this.#place(at);
      const tenant = at.tenant ?? '';
      const find = this.#db.prepare('SELECT row FROM objects WHERE space = ? AND tenant = ? AND id = ?');
      const deleted = [...new Set(ids)].filter((id) => {
        const found = find.get(space.number, tenant, id);
        if (found !== undefined) this.#remove(space, tenant, found.row as number);
        return found !== undefined;
      });
      this.#pruneRemovals();
      return deleted;
    });
  }

  /** Deletes the rows that are still there; returns how many. */
  deleteRows({ at, rows }: { at: Place; rows: readonly number[] }): number {
    return inTransaction(this.#db, () => {
      const space = this.#place(at);
      const deleted = rows.filter((row) => this.#remove(space, at.tenant ?? '', row)).length;
      this.#pruneRemovals();
      return deleted;
    });
  }

  #sql(text: string): StatementSync {
    let statement = this.#prepared.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      this.#prepared.set(text, statement);
    }
    return statement;
  }

  #place(at: Place): SpaceRow {
    const space = getSpace(this.#db, at.space);
    checkPlace(space, at);
    return space;
  }

  #redefine(space: SpaceRow, definition: SpaceDefinition): Space {
    const encoded = encodeDefinition(definition);
    if (encoded === encodeDefinition(space)) return publicSpace(space);
    this.#db.prepare('UPDATE spaces SET definition = ? WHERE id = ?').run(encoded, space.number);
    return publicSpace(getSpace(this.#db, space.name));
  }

  #store(space: SpaceRow, tenant: string, object: VectorObject): ObjectResult {
    const wrong = wrongObject(space, object);
    if (wrong !== undefined) return { id: object.id, ok: false, error: `${wrong}.` };
    const old = this.#sql('SELECT row FROM objects WHERE space = ? AND tenant = ? AND id = ?').get(
      space.number,
      tenant,
      object.id,
    );
    if (old !== undefined) this.#remove(space, tenant, old.row as number);
    const { lastInsertRowid } = this.#sql(
      'INSERT INTO objects (space, tenant, id, text, properties, words, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ).run(
      space.number,
      tenant,
      object.id,
      object.text,
      JSON.stringify(object.properties ?? {}),
      encodeWords(object.text),
      Date.now(),
    );
    this.#storeVectors(space, tenant, Number(lastInsertRowid), object.vectors);
    return { id: object.id, ok: true, created: old === undefined };
  }

  #storeVectors(space: SpaceRow, tenant: string, row: number, vectors: Readonly<Record<string, Float32Array>>): void {
    const insert = this.#sql('INSERT OR REPLACE INTO vectors (row, space, tenant, name, data) VALUES (?, ?, ?, ?, ?)');
    for (const [name, values] of Object.entries(vectors)) {
      const stored = space.vectors[name]!.metric === 'cosine' ? normalised(values) : values;
      insert.run(row, space.number, tenant, name, new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    }
  }

  #remove(space: SpaceRow, tenant: string, row: number): boolean {
    const { changes } = this.#sql('DELETE FROM objects WHERE row = ? AND space = ? AND tenant = ?').run(
      row,
      space.number,
      tenant,
    );
    if (changes === 0) return false;
    this.#sql('DELETE FROM vectors WHERE row = ?').run(row);
    this.#sql('INSERT INTO removals (space, tenant, row) VALUES (?, ?, ?)').run(space.number, tenant, row);
    return true;
  }

  #pruneRemovals(): void {
    this.#db.exec(`DELETE FROM removals WHERE seq < (SELECT max(seq) FROM removals) - ${KEPT_REMOVALS}`);
  }
}

const encodeDefinition = ({ name, vectors, active, fields, multiTenant }: SpaceDefinition): string =>
  JSON.stringify({ name, vectors, active, fields, multiTenant });

function requireVector(space: Space, vector: string): void {
  if (!Object.hasOwn(space.vectors, vector)) {
    throw new CodedError(
      'NOT_FOUND',
      `The space ${space.name} has no vector ${vector}; it has ${Object.keys(space.vectors).join(', ')}.`,
    );
  }
}

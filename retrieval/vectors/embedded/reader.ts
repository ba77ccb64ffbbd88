import type { DatabaseSync } from 'node:sqlite';
import { normalised } from '../../embeddings/vectors.ts';
import { checkAggregate, summarise } from '../aggregate.ts';
import { DEFAULT_ALPHA, DEFAULT_FUSION, fuse, LEAST_BM25, unfused } from '../fusion.ts';
import { topPositions } from '../top.ts';
import { checkPage, checkPlace, checkSearch } from '../validate.ts';
import type {
  Aggregate,
  AggregateRequest,
  Filter,
  Hit,
  Page,
  PageRequest,
  Place,
  ScoreExplanation,
  SearchQuery,
  SearchResult,
  Space,
  SpaceStats,
  StoredObject,
} from '../vector-store.ts';
import { Arena } from './arena.ts';
import { findSpace, getSpace, inSnapshot, publicSpace, readSpaces, type SpaceRow } from './schema.ts';
import { Segment } from './segment.ts';

interface ObjectRow {
  row: number;
  id: string;
  text: string;
  properties: string;
  updated_at: number;
}

/** What a search found before the texts are read: slots with their scores. */
interface Ranking {
  readonly scores: Float32Array;
  /** Lowest score that counts as found. */
  readonly least: number;
  explain(slot: number): ScoreExplanation;
}

/**
 * The reader, which answers everything that does not write. Runs in a thread of its own, with the segments it has
 * cached.
 */
export class Reader {
  readonly #db: DatabaseSync;
  readonly #arena = new Arena();
  readonly #budget: number;
  /** Least recently used first. */
  readonly #segments = new Map<string, Segment>();
  readonly #versions = new Map<Segment, number>();

  /** @param budget bytes of cached segments above which the least recently used ones are dropped. */
  constructor(db: DatabaseSync, budget: number) {
    this.#db = db;
    this.#budget = budget;
  }

  space(name: string): Space | undefined {
    const space = findSpace(this.#db, name);
    return space && publicSpace(space);
  }

  spaces(): readonly Space[] {
    return readSpaces(this.#db).map(publicSpace);
  }

  tenants(name: string): readonly string[] {
    const space = getSpace(this.#db, name);
    const rows = this.#db
      .prepare("SELECT DISTINCT tenant FROM objects WHERE space = ? AND tenant <> '' ORDER BY tenant")
      .all(space.number);
    return rows.map((row) => row.tenant as string);
  }

  get({
    at,
    ids,
    includeVectors,
  }: {
    at: Place;
    ids: readonly string[];
    includeVectors: boolean;
  }): readonly StoredObject[] {
    return inSnapshot(this.#db, () => {
      const space = this.#place(at);
      const find = this.#db.prepare(
        'SELECT row, id, text, properties, updated_at FROM objects WHERE space = ? AND tenant = ? AND id = ?',
      );
      const rows = ids.flatMap((id) => (find.get(space.number, at.tenant ?? '', id) as ObjectRow | undefined) ?? []);
      return rows.map((row) => this.#object(space, row, includeVectors));
    });
  }

  list({ at, page }: { at: Place; page: PageRequest }): Page {
    return inSnapshot(this.#db, () => {
      const space = this.#place(at);
      checkPage(space, page);
      const passes = page.filter && this.#rowFilter(space, at.tenant ?? '', page.filter);
      const lacking =
        page.lackingVector === undefined
          ? ''
          : 'AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.row = o.row AND v.name = ?)';
      const found = this.#db
        .prepare(`SELECT row, id FROM objects o WHERE space = ? AND tenant = ? AND id > ? ${lacking} ORDER BY id`)
        .iterate(
          space.number,
          at.tenant ?? '',
          page.after ?? '',
          ...(page.lackingVector === undefined ? [] : [page.lackingVector]),
        );
      const rows: number[] = [];
      let more = false;
      for (const { row } of found as Iterable<{ row: number }>) {
        if (passes !== undefined && !passes(row)) continue;
        more = rows.length === page.limit;
        if (more) break;
        rows.push(row);
      }
      const objects = this.#objects(space, rows, page.includeVectors ?? false);
      const cursors = objects.map(({ id }) => id);
      return more ? { objects, cursors, next: cursors.at(-1)! } : { objects, cursors };
    });
  }

  /** Rows that match, for a deletion: rows never change, so what is deleted is what matched. */
  matching({ at, filter }: { at: Place; filter: Filter }): number[] {
    return inSnapshot(this.#db, () => {
      const space = this.#place(at);
      checkPage(space, { limit: 1, filter });
      const segment = this.#segment(space, at.tenant ?? '');
      return Array.from(segment.passing(filter), (slot) => segment.rows[slot]!);
    });
  }

  search({ at, query }: { at: Place; query: SearchQuery }): SearchResult {
    return inSnapshot(this.#db, () => {
      const space = this.#place(at);
      const vector = checkSearch(space, query);
      const segment = this.#segment(space, at.tenant ?? '');
      const ranking = rank(space, segment, vector, query);
      const offset = query.offset ?? 0;
      const least = Math.max(ranking.least, query.minScore ?? Number.NEGATIVE_INFINITY);
      const slots = [...topPositions(ranking.scores, offset + query.limit, least).subarray(offset)];
      const objects = this.#objects(
        space,
        slots.map((slot) => segment.rows[slot]!),
        query.includeVectors ?? false,
      );
      const hits = objects.map((object, i): Hit => {
        const slot = slots[i]!;
        return { ...object, score: ranking.scores[slot]!, explanation: ranking.explain(slot) };
      });
      return { hits };
    });
  }

  aggregate({ at, request }: { at: Place; request: Pick<AggregateRequest, 'filter' | 'fields'> }): Aggregate {
    return inSnapshot(this.#db, () => {
      const space = this.#place(at);
      checkAggregate(space, request);
      if (request.filter === undefined && !request.fields?.length)
        return { count: this.#count(space, at.tenant ?? ''), fields: {} };
      const segment = this.#segment(space, at.tenant ?? '');
      const slots: number[] = [];
      if (request.filter !== undefined) for (const slot of segment.passing(request.filter)) slots.push(slot);
      else segment.rows.forEach((row, slot) => void (row !== 0 && slots.push(slot)));
      const fields = (request.fields ?? []).map((field) => {
        const column = segment.column(field);
        return [
          field,
          summarise(
            space.fields[field]!,
            slots.map((slot) => column[slot]),
          ),
        ] as const;
      });
      return { count: slots.length, fields: Object.fromEntries(fields) };
    });
  }

  stats(): { spaces: SpaceStats[] } {
    return { spaces: inSnapshot(this.#db, () => readSpaces(this.#db).map((space) => this.#statsOf(space))) };
  }

  /** Bytes of what is kept in memory. */
  get memoryBytes(): number {
    let bytes = this.#arena.bytes;
    for (const segment of this.#segments.values()) bytes += segment.bytes;
    return bytes;
  }

  /** Without reading the segment: a list of collections asks for the count of each. */
  #count(space: SpaceRow, tenant: string): number {
    const counted = this.#db
      .prepare('SELECT count(*) AS count FROM objects WHERE space = ? AND tenant = ?')
      .get(space.number, tenant);
    return (counted as { count: number }).count;
  }

  #statsOf(space: SpaceRow): SpaceStats {
    const objects = this.#db
      .prepare('SELECT count(*) AS objects, count(DISTINCT tenant) AS tenants FROM objects WHERE space = ?')
      .get(space.number) as { objects: number; tenants: number };
    const vectors = this.#db
      .prepare('SELECT name, count(*) AS count FROM vectors WHERE space = ? GROUP BY name')
      .all(space.number);
    const counts = Object.fromEntries(vectors.map((entry) => [entry.name as string, entry.count as number]));
    return { name: space.name, ...objects, tenants: space.multiTenant ? objects.tenants : 0, vectors: counts };
  }

  #place(at: Place): SpaceRow {
    const space = getSpace(this.#db, at.space);
    checkPlace(space, at);
    return space;
  }

  #rowFilter(space: SpaceRow, tenant: string, filter: Filter): (row: number) => boolean {
    const segment = this.#segment(space, tenant);
    const rows = new Set(Array.from(segment.passing(filter), (slot) => segment.rows[slot]!));
    return (row) => rows.has(row);
  }

  /** The tenant's segment in the state of the current snapshot. */
  #segment(space: SpaceRow, tenant: string): Segment {
    const key = `${space.number}/${tenant}`;
    // Changes whenever another connection has committed: ours, in the writer's thread, or another process's.
    const { data_version: version } = this.#db.prepare('PRAGMA data_version').get() as { data_version: number };
    let segment = this.#segments.get(key);
    this.#segments.delete(key);
    if (segment !== undefined && this.#versions.get(segment) !== version && !segment.refresh(space)) {
      this.#drop(segment);
      segment = undefined;
    }
    if (segment === undefined) this.#dropDeletedSpaces();
    segment ??= new Segment(this.#db, this.#arena, space, tenant);
    this.#segments.set(key, segment);
    this.#versions.set(segment, version);
    this.#keepBudget(segment);
    return segment;
  }

  #keepBudget(used: Segment): void {
    for (const [key, segment] of this.#segments) {
      if (segment === used || this.memoryBytes <= this.#budget) return;
      this.#segments.delete(key);
      this.#drop(segment);
    }
  }

  #dropDeletedSpaces(): void {
    const existing = new Set(readSpaces(this.#db).map((space) => space.number));
    for (const [key, segment] of this.#segments) {
      if (existing.has(Number.parseInt(key, 10))) continue;
      this.#segments.delete(key);
      this.#drop(segment);
    }
  }

  #drop(segment: Segment): void {
    segment.release();
    this.#versions.delete(segment);
  }

  #objects(space: SpaceRow, rows: readonly number[], includeVectors: boolean): StoredObject[] {
    const find = this.#db.prepare('SELECT row, id, text, properties, updated_at FROM objects WHERE row = ?');
    return rows.map((row) => this.#object(space, find.get(row) as unknown as ObjectRow, includeVectors));
  }

  #object(space: SpaceRow, row: ObjectRow, includeVectors: boolean): StoredObject {
    const object = {
      id: row.id,
      text: row.text,
      properties: JSON.parse(row.properties) as StoredObject['properties'],
      updatedAt: new Date(row.updated_at),
    };
    return includeVectors ? { ...object, vectors: this.#vectorsOf(space, row.row) } : object;
  }

  #vectorsOf(space: SpaceRow, row: number): Record<string, Float32Array> {
    const found = this.#db.prepare('SELECT name, data FROM vectors WHERE row = ? ORDER BY name').all(row) as {
      name: string;
      data: Uint8Array;
    }[];
    const known = found.filter(({ name }) => Object.hasOwn(space.vectors, name));
    return Object.fromEntries(known.map(({ name, data }) => [name, floats(data)]));
  }
}

function rank(space: SpaceRow, segment: Segment, vector: string, query: SearchQuery): Ranking {
  // A filter comes first: what it leaves out is not compared.
  const only = query.filter && segment.passing(query.filter);
  const { metric } = space.vectors[vector]!;
  const similarities = (values: Float32Array) =>
    segment.similarities(vector, metric === 'cosine' ? normalised(values) : values, only);
  if (query.mode === 'vector') {
    const scores = similarities(query.vector.values);
    return { scores, least: Number.NEGATIVE_INFINITY, explain: (slot) => unfused('dense', scores[slot]!) };
  }
  const lexical = kept(segment.bm25(query.text), only);
  if (query.mode === 'text') {
    return { scores: lexical, least: LEAST_BM25, explain: (slot) => unfused('lexical', lexical[slot]!) };
  }
  const fusion = query.fusion ?? DEFAULT_FUSION;
  const settings = { fusion, alpha: query.alpha ?? DEFAULT_ALPHA[fusion], metric, documents: segment.size };
  const fused = fuse(settings, similarities(query.vector.values), lexical);
  return { ...fused, least: Number.NEGATIVE_INFINITY };
}

/** Returns the scores of some slots; the others are 0. */
function kept(scores: Float32Array, only: Int32Array | undefined): Float32Array {
  if (only === undefined) return scores;
  const some = new Float32Array(scores.length);
  for (const slot of only) some[slot] = scores[slot]!;
  return some;
}

const floats = (data: Uint8Array): Float32Array =>
  new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));

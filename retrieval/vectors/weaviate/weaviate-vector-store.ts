import type { Collection, FilterValue, WeaviateClient } from 'weaviate-client';
import { Filters } from 'weaviate-client';
import { badInput } from '#platform/base/errors/errors.ts';
import { checkAggregate } from '../aggregate.ts';
import { exportSpace } from '../export-space.ts';
import { checkFilter, fieldValue, predicate } from '../filter.ts';
import { checkPage, checkPlace, wrongObject, wrongVectors } from '../validate.ts';
import type {
  AddedVector,
  Aggregate,
  AggregateRequest,
  CallOptions,
  ExportedObject,
  FieldAggregate,
  Filter,
  ObjectResult,
  Page,
  PageRequest,
  Place,
  ReadOptions,
  SearchQuery,
  SearchResult,
  Space,
  SpaceDefinition,
  SpaceStats,
  StoredObject,
  StoreHealth,
  StoreStats,
  VectorObject,
  VectorStore,
} from '../vector-store.ts';
import { WeaviateBackups } from './backups.ts';
import { connect, describeError, guard, type WeaviateOptions } from './connection.ts';
import { toWeaviateFilter } from './filters.ts';
import {
  fromWeaviate,
  property,
  publicSpace,
  type RawObject,
  READ_PROPERTIES,
  toWeaviate,
  uuidOf,
  vectorsToWeaviate,
  type WeaviateSpace,
} from './mapping.ts';
import { searchWeaviate } from './search.ts';
import { Spaces } from './spaces.ts';

/** Objects of one request. Larger ones were seen to break connections, and the client serialises them slowly. */
const BATCH = 200;
/** Requests at a time. */
const PARALLEL = 4;
const PAGE = 500;
const DEFAULT_PREFIX = 'Sextant_';
const TOP_VALUES = 20;

/**
 * The vectors in a Weaviate server, version 1.31 or newer. It connects with the first call and again after a failure.
 */
export class WeaviateVectorStore implements VectorStore {
  readonly kind = 'weaviate';
  readonly #options: WeaviateOptions;
  #connection: Promise<{ client: WeaviateClient; version: string }> | undefined;
  readonly #spaces: Spaces;
  readonly backups: WeaviateBackups;

  constructor(options: WeaviateOptions) {
    this.#options = options;
    const client = async () => (await this.#connected()).client;
    this.#spaces = new Spaces(client, options.prefix ?? DEFAULT_PREFIX);
    this.backups = new WeaviateBackups(client, this.#spaces);
  }

  async ensureSpace(definition: SpaceDefinition): Promise<Space> {
    return publicSpace(await this.#spaces.ensure(definition));
  }
  async space(name: string): Promise<Space | undefined> {
    const space = await this.#spaces.find(name);
    return space && publicSpace(space);
  }
  async spaces(): Promise<readonly Space[]> {
    return (await this.#spaces.list()).map(publicSpace);
  }
  async activate(space: string, vector: string): Promise<Space> {
    return publicSpace(await this.#spaces.activate(space, vector));
  }
  async dropVector(space: string, vector: string): Promise<Space> {
    return publicSpace(await this.#spaces.dropVector(space, vector));
  }
  deleteSpace(name: string): Promise<boolean> {
    return this.#spaces.delete(name);
  }

  async tenants(name: string): Promise<readonly string[]> {
    await this.#spaces.get(name);
    const { client } = await this.#connected();
    return Object.keys(await guard(() => client.collections.use(this.#spaces.collectionOf(name)).tenants.get())).sort();
  }

  async deleteTenant(name: string, tenant: string): Promise<boolean> {
    checkPlace(await this.#spaces.get(name), { space: name, tenant });
    const { client } = await this.#connected();
    const { tenants } = client.collections.use(this.#spaces.collectionOf(name));
    if ((await guard(() => tenants.getByName(tenant))) === null) return false;
    await guard(() => tenants.remove(tenant));
    return true;
  }

  async upsert(
    at: Place,
    objects: readonly VectorObject[],
    { signal }: CallOptions = {},
  ): Promise<readonly ObjectResult[]> {
    signal?.throwIfAborted();
    const { space, collection } = await this.#spaces.at(at);
    const results = new Map<number, ObjectResult>();
    // The last of those with the same id: a batch of Weaviate's stores either.
    const lasts = new Map<string, VectorObject>();
    objects.forEach((object, i) => {
      const wrong = wrongObject(space, object);
      if (wrong === undefined) lasts.set(object.id, object);
      else results.set(i, { id: object.id, ok: false, error: `${wrong}.` });
    });
    const stored = new Map<string, ObjectResult>();
    await inBatches([...lasts.values()], signal, async (batch) => {
      for (const result of await insert(space, at.tenant, collection, batch)) stored.set(result.id, result);
    });
    return objects.map((object, i) => results.get(i) ?? stored.get(object.id)!);
  }

  /** Merged into the object on the server, so that a change of its text meanwhile is not undone. */
  async addVectors(at: Place, vectors: readonly AddedVector[], { signal }: CallOptions = {}): Promise<number> {
    signal?.throwIfAborted();
    const { space, collection } = await this.#spaces.at(at);
    vectors.forEach((entry, i) => {
      const wrong = wrongVectors(space, entry.vectors);
      if (wrong !== undefined) throw badInput(`vectors.${i}`, `: ${wrong}.`);
    });
    let added = 0;
    await inBatches(vectors, signal, async (batch) => {
      const found = await fetchByIds(
        space,
        at.tenant,
        collection,
        batch.map(({ id }) => id),
        false,
      );
      for (const entry of batch) {
        const raw = found.get(entry.id);
        if (raw === undefined || raw.properties.body !== entry.text) continue;
        const named = vectorsToWeaviate(space, entry.vectors);
        const has = [...new Set([...((raw.properties.has as string[] | undefined) ?? []), ...Object.keys(named)])];
        await guard(() => collection.data.update({ id: raw.uuid, properties: { has }, vectors: named }));
        added++;
      }
    });
    return added;
  }

  async get(
    at: Place,
    ids: readonly string[],
    { includeVectors = false, signal }: ReadOptions = {},
  ): Promise<readonly StoredObject[]> {
    signal?.throwIfAborted();
    const { space, collection } = await this.#spaces.at(at);
    const found = new Map<string, RawObject>();
    await inBatches(ids, signal, async (batch) => {
      for (const [id, raw] of await fetchByIds(space, at.tenant, collection, batch, includeVectors)) found.set(id, raw);
    });
    return ids.flatMap((id) => {
      const raw = found.get(id);
      return raw === undefined ? [] : [fromWeaviate(space, raw, includeVectors)];
    });
  }

  async delete(at: Place, ids: readonly string[], { signal }: CallOptions = {}): Promise<readonly string[]> {
    signal?.throwIfAborted();
    const { space, collection } = await this.#spaces.at(at);
    const deleted = new Set<string>();
    await inBatches([...new Set(ids)], signal, async (batch) => {
      const found = await fetchByIds(space, at.tenant, collection, batch, false);
      if (found.size === 0) return;
      await guard(() => collection.data.deleteMany(byUuid([...found.values()].map(({ uuid }) => uuid))));
      for (const id of found.keys()) deleted.add(id);
    });
    return ids.filter((id) => deleted.delete(id));
  }

  async deleteWhere(at: Place, filter: Filter, { signal }: CallOptions = {}): Promise<number> {
    const { space, collection } = await this.#spaces.at(at);
    checkFilter(filter, space.fields);
    const where = toWeaviateFilter(filter, space.fields);
    let deleted = 0;
    // The server deletes at most ten thousand at a time.
    for (;;) {
      signal?.throwIfAborted();
      const successful = await emptyWithoutTenant(0, async () => (await collection.data.deleteMany(where)).successful);
      deleted += successful;
      if (successful === 0) return deleted;
    }
  }

  /** In the order of Weaviate's ids, filtered here: its cursor goes with no filter. */
  async list(at: Place, page: PageRequest): Promise<Page> {
    const { space, collection } = await this.#spaces.at(at);
    checkPage(space, page);
    const passes = pagePredicate(space, page);
    const objects: StoredObject[] = [];
    const cursors: string[] = [];
    let after = page.after;
    for (;;) {
      page.signal?.throwIfAborted();
      const limit = page.filter === undefined && page.lackingVector === undefined ? page.limit + 1 : PAGE;
      const options = {
        limit,
        returnProperties: READ_PROPERTIES,
        includeVector: page.includeVectors ?? false,
        ...(after !== undefined && { after }),
      };
      const found = await emptyWithoutTenant(
        [],
        async () => (await collection.query.fetchObjects(options)).objects as RawObject[],
      );
      for (const raw of found) {
        if (passes(raw)) {
          if (objects.length === page.limit) return { objects, cursors, next: cursors.at(-1)! };
          objects.push(fromWeaviate(space, raw, page.includeVectors ?? false));
          cursors.push(raw.uuid);
        }
        after = raw.uuid;
      }
      if (found.length < limit) return { objects, cursors };
    }
  }

  async search(at: Place, query: SearchQuery): Promise<SearchResult> {
    query.signal?.throwIfAborted();
    const { space, collection } = await this.#spaces.at(at);
    return emptyWithoutTenant({ hits: [] }, () => searchWeaviate(space, collection, query));
  }

  async aggregate(at: Place, request: AggregateRequest = {}): Promise<Aggregate> {
    request.signal?.throwIfAborted();
    const { space, collection } = await this.#spaces.at(at);
    checkAggregate(space, request);
    const filters = request.filter && { filters: toWeaviateFilter(request.filter, space.fields) };
    return emptyWithoutTenant(nothing(space, request), async () => {
      const { totalCount } = await collection.aggregate.overAll({ ...filters });
      if (totalCount === 0) return nothing(space, request);
      const fields = await Promise.all(
        (request.fields ?? []).map(
          async (field) => [field, await aggregateField(space, collection, field, filters)] as const,
        ),
      );
      return { count: totalCount, fields: Object.fromEntries(fields) };
    });
  }

  async *export(name: string, options: CallOptions = {}): AsyncGenerator<ExportedObject> {
    const { multiTenant } = await this.#spaces.get(name);
    yield* exportSpace(this, { name, multiTenant }, BATCH, options);
  }

  async stats(): Promise<StoreStats> {
    const spaces: SpaceStats[] = [];
    for (const { name, multiTenant } of await this.#spaces.list()) {
      const tenants = multiTenant ? await this.tenants(name) : [undefined];
      const parts = await Promise.all(tenants.map((tenant) => this.#count({ space: name, tenant })));
      const vectors: Record<string, number> = {};
      for (const part of parts)
        for (const [vector, count] of Object.entries(part.vectors)) vectors[vector] = (vectors[vector] ?? 0) + count;
      const objects = parts.reduce((sum, part) => sum + part.objects, 0);
      spaces.push({
        name,
        objects,
        tenants: multiTenant ? parts.filter((part) => part.objects > 0).length : 0,
        vectors,
      });
    }
    return { spaces };
  }

  async health(): Promise<StoreHealth> {
    try {
      const { client, version } = await this.#connected();
      if (await guard(() => client.isReady())) return { status: 'up', kind: this.kind, version };
      return { status: 'down', kind: this.kind, version, detail: 'Weaviate is not ready.' };
    } catch (error) {
      return { status: 'down', kind: this.kind, detail: (error as Error).message };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    this.#connection = undefined;
    await connection?.client.close();
  }

  #connected(): Promise<{ client: WeaviateClient; version: string }> {
    this.#connection ??= connect(this.#options).catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  async #count(at: Place): Promise<{ objects: number; vectors: Record<string, number> }> {
    const { space, collection } = await this.#spaces.at(at);
    return emptyWithoutTenant({ objects: 0, vectors: {} }, async () => {
      const { totalCount: objects } = await collection.aggregate.overAll();
      const counts = Object.entries(space.names).map(async ([name, own]) => {
        const filters: FilterValue = { operator: 'ContainsAny', target: { property: 'has' }, value: [own] };
        return [name, (await collection.aggregate.overAll({ filters })).totalCount] as const;
      });
      return { objects, vectors: Object.fromEntries((await Promise.all(counts)).filter(([, count]) => count > 0)) };
    });
  }
}

async function insert(
  space: WeaviateSpace,
  tenant: string | undefined,
  collection: Collection,
  batch: readonly VectorObject[],
): Promise<ObjectResult[]> {
  const known = await fetchByIds(
    space,
    tenant,
    collection,
    batch.map(({ id }) => id),
    false,
  );
  const reply = await guard(() =>
    collection.data.insertMany(batch.map((object) => toWeaviate(space, tenant, object)) as never),
  );
  return batch.map(({ id }, i): ObjectResult => {
    const failure = reply.errors[i];
    return failure === undefined
      ? { id, ok: true, created: !known.has(id) }
      : { id, ok: false, error: failure.message };
  });
}

async function fetchByIds(
  space: WeaviateSpace,
  tenant: string | undefined,
  collection: Collection,
  ids: readonly string[],
  includeVector: boolean,
) {
  const filters = byUuid(ids.map((id) => uuidOf(space.name, tenant, id)));
  const options = { filters, limit: ids.length, includeVector, returnProperties: READ_PROPERTIES };
  const found = await emptyWithoutTenant(
    [],
    async () => (await collection.query.fetchObjects(options)).objects as RawObject[],
  );
  return new Map(found.map((raw) => [raw.properties.key as string, raw]));
}

const byUuid = (uuids: readonly string[]): FilterValue => ({
  operator: 'ContainsAny',
  target: { property: '_id' },
  value: [...uuids],
});

function pagePredicate(space: WeaviateSpace, page: PageRequest): (raw: RawObject) => boolean {
  const test = page.filter && predicate(page.filter, space.fields);
  const lacking = page.lackingVector && space.names[page.lackingVector];
  return (raw) => {
    if (lacking !== undefined && ((raw.properties.has as string[] | undefined) ?? []).includes(lacking)) return false;
    if (test === undefined) return true;
    const properties = JSON.parse(raw.properties.payload as string);
    return test((field) => fieldValue(properties, field, space.fields[field]!));
  };
}

async function aggregateField(
  space: WeaviateSpace,
  collection: Collection,
  field: string,
  filters: { filters: FilterValue } | undefined,
): Promise<FieldAggregate> {
  const name = property(field);
  if (space.fields[field]!.startsWith('number')) {
    const metrics = collection.metrics.aggregate(name).number(['count', 'minimum', 'maximum', 'mean', 'sum']);
    const result = await collection.aggregate.overAll({ ...filters, returnMetrics: metrics });
    const {
      count = 0,
      minimum,
      maximum,
      mean,
      sum,
    } = (result.properties[name] ?? {}) as Partial<Record<'count' | 'minimum' | 'maximum' | 'mean' | 'sum', number>>;
    return { type: 'number', count, min: minimum ?? 0, max: maximum ?? 0, mean: mean ?? 0, sum: sum ?? 0 };
  }
  const present: FilterValue = { operator: 'IsNull', target: { property: name }, value: false };
  const groups = await collection.aggregate.groupBy.overAll({
    groupBy: { property: name as never, limit: 10_000 },
    filters: filters === undefined ? present : Filters.and(filters.filters, present),
  });
  const top = groups.map(({ groupedBy, totalCount }) => ({ value: shown(groupedBy.value), count: totalCount }));
  top.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  return { type: 'values', count: top.reduce((sum, { count }) => sum + count, 0), top: top.slice(0, TOP_VALUES) };
}

const shown = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value));

const nothing = (space: WeaviateSpace, request: AggregateRequest): Aggregate => ({
  count: 0,
  fields: Object.fromEntries(
    (request.fields ?? []).map((field) => [
      field,
      space.fields[field]!.startsWith('number')
        ? { type: 'number', count: 0, min: 0, max: 0, mean: 0, sum: 0 }
        : { type: 'values', count: 0, top: [] },
    ]),
  ),
});

/** A tenant exists on the server once it has stored something; before, it is empty and not an error. */
async function emptyWithoutTenant<T>(empty: T, call: () => Promise<T>): Promise<T> {
  try {
    return await guard(call);
  } catch (error) {
    if (/tenant (not found|does not exist)|tenant .* not found/i.test(describeError(error))) return empty;
    throw error;
  }
}

/** Several batches at a time. */
async function inBatches<T>(
  items: readonly T[],
  signal: AbortSignal | undefined,
  work: (batch: readonly T[]) => Promise<void>,
): Promise<void> {
  const batches = Array.from({ length: Math.ceil(items.length / BATCH) }, (_, i) =>
    items.slice(i * BATCH, (i + 1) * BATCH),
  );
  const next = async (): Promise<void> => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      signal?.throwIfAborted();
      await work(batch);
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, batches.length) }, next));
}

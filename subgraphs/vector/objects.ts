import { badInput } from '#platform/base/errors/errors.ts';
import { keyPage, type PageArguments } from '#platform/data/paging/key-paging.ts';
import { type CountedConnection, connection, encodeCursor, MAX_COUNT } from '#platform/data/paging/paging.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { PrismaClient } from '#prisma/vector/client/client.ts';
import type { Aggregate, ObjectResult, Properties, StoredObject } from '#retrieval/vectors/vector-store.ts';
import type { Agreement } from './agreement.ts';
import type { Collection, Collections } from './collections.ts';
import { callerOf } from './embedding.ts';
import { type FilterInput, toFilter } from './filter-input.ts';
import { layOnPlane, type PlanePlace } from './plane.ts';
import type { VectorQuotas } from './quota.ts';

export interface ObjectInput {
  readonly id: string;
  readonly text: string;
  readonly properties?: Properties | null;
  readonly vector?: readonly number[] | null;
}

const MAX_OBJECTS = 500;
const MAX_IDS = 1000;
const MAX_MAPPED = 1000;

/** An object and where it is, so that its vector can be read when a client asks for it. */
export interface ObjectNode extends StoredObject {
  readonly collection: Collection;
}

/** The objects of a collection as points of a plane. */
export interface VectorMap {
  readonly points: readonly (PlanePlace & { readonly object: ObjectNode })[];
  readonly share: number;
  readonly isWhole: boolean;
}

/** The objects that are to be laid out. */
interface MapInput {
  readonly first?: number | null;
  readonly filter?: FilterInput | null;
}

/** The objects that collections hold. */
export class Objects {
  readonly #collections: Collections;
  readonly #db: PrismaClient;
  readonly #quotas: VectorQuotas;
  readonly #agreement: Pick<Agreement, 'queue'>;
  /** The end of the last map that was asked for. */
  #mapping: Promise<unknown> = Promise.resolve();

  constructor(collections: Collections, db: PrismaClient, quotas: VectorQuotas, agreement: Pick<Agreement, 'queue'>) {
    this.#collections = collections;
    this.#db = db;
    this.#quotas = quotas;
    this.#agreement = agreement;
  }

  /** @throws {CodedError} BAD_USER_INPUT, QUOTA_EXCEEDED. */
  async upsert(
    collection: Collection,
    objects: readonly ObjectInput[],
    user: UserIdentity,
    signal: AbortSignal,
  ): Promise<readonly ObjectResult[]> {
    if (objects.length === 0 || objects.length > MAX_OBJECTS) {
      throw badInput('input.objects', `has ${objects.length} entries; 1 to ${MAX_OBJECTS} are accepted.`);
    }
    const documents = objects.map(({ id, text, properties, vector }) => ({
      id,
      text,
      properties: properties ?? {},
      ...(vector && { vector: Float32Array.from(vector) }),
    }));
    const index = await this.#collections.open(collection);
    const reserved = documents.length;
    await this.#quotas.reserve(this.#db, collection, reserved);
    let results: readonly ObjectResult[];
    let wasSent = false;
    try {
      const embedded = await index.embed(documents, callerOf(user, 'collection-upsert'), signal);
      wasSent = true;
      results = await index.store(collection.ownerId, embedded, signal);
    } catch (error) {
      const isGiven = await this.#quotas.giveBack(this.#db, collection.id, reserved, wasSent);
      if (!isGiven) await this.#agreement.queue();
      throw error;
    }
    const added = new Set(results.flatMap((result) => (result.ok && result.created ? [result.id] : []))).size;
    await this.#quotas.confirm(this.#db, collection.id, reserved, added);
    await this.#collections.checkKept(collection);
    return results;
  }

  async delete(
    collection: Collection,
    input: { ids?: readonly string[] | null; filter?: FilterInput | null },
  ): Promise<number> {
    if ((input.ids == null) === (input.filter == null))
      throw badInput('input.ids', 'or `filter` must be given, and not both.');
    if ((input.ids?.length ?? 0) > MAX_IDS)
      throw badInput('input.ids', `has ${input.ids!.length} entries; at most ${MAX_IDS} are accepted.`);
    const { store, place } = await this.#collections.place(collection);
    const { ids } = input;
    if (ids != null)
      return this.#quotas.deleting(
        this.#db,
        collection.id,
        ids.length,
        async () => (await store.delete(place, ids)).length,
      );
    const filter = toFilter(input.filter!, 'input.filter');
    return this.#quotas.deleting(this.#db, collection.id, undefined, () => store.deleteWhere(place, filter));
  }

  async get(collection: Collection, id: string): Promise<ObjectNode | null> {
    const { store, place } = await this.#collections.place(collection);
    const [object] = await store.get(place, [id]);
    return object === undefined ? null : { ...object, collection };
  }

  async list(
    collection: Collection,
    args: PageArguments & { filter?: FilterInput | null },
  ): Promise<CountedConnection<ObjectNode>> {
    const range = keyPage('objects', args, { key: 'text' });
    const { store, place } = await this.#collections.place(collection);
    const matching = args.filter ? { filter: toFilter(args.filter, 'filter') } : {};
    const page = await store.list(place, { limit: range.take, after: range.after, ...matching });
    // The store's own cursors: its order is not that of the ids.
    const cursors = new Map(page.objects.map((object, i) => [object.id, page.cursors[i]!]));
    const nodes = page.objects.map((object) => ({ ...object, collection }));
    const sides = { next: page.next !== undefined, previous: range.after !== undefined };
    return {
      ...connection(nodes, ({ id }) => encodeCursor(range.list, cursors.get(id)!), sides),
      totalCount: async () => Math.min(MAX_COUNT, (await store.aggregate(place, matching)).count),
    };
  }

  async count(collection: Collection): Promise<number> {
    const { store, place } = await this.#collections.place(collection);
    return (await store.aggregate(place)).count;
  }

  async aggregate(
    collection: Collection,
    input: { filter?: FilterInput | null; fields: readonly string[] },
  ): Promise<Aggregate> {
    const { store, place } = await this.#collections.place(collection);
    return store.aggregate(place, {
      fields: input.fields,
      ...(input.filter && { filter: toFilter(input.filter, 'filter') }),
    });
  }

  /**
   * Lays the first objects on the plane that shows best how they differ. One map after another: each has all its
   * vectors in memory, and takes turns on the loop.
   *
   * @throws {CodedError} BAD_USER_INPUT.
   */
  map(collection: Collection, input: MapInput, signal: AbortSignal): Promise<VectorMap> {
    const mapped = this.#mapping.then(() => {
      signal.throwIfAborted();
      return this.#map(collection, input, signal);
    });
    this.#mapping = mapped.catch(() => undefined);
    return mapped;
  }

  async #map(collection: Collection, { first, filter }: MapInput, signal: AbortSignal): Promise<VectorMap> {
    const limit = first ?? MAX_MAPPED;
    if (limit < 1 || limit > MAX_MAPPED) throw badInput('first', `is ${limit}; 1 to ${MAX_MAPPED} are accepted.`);
    const { store, place } = await this.#collections.place(collection);
    const matching = filter ? { filter: toFilter(filter, 'filter') } : {};
    const [space, page] = await Promise.all([
      store.space(place.space),
      store.list(place, { limit, includeVectors: true, signal, ...matching }),
    ]);
    const placed = page.objects.flatMap(({ vectors, ...object }) => {
      const vector = vectors?.[space!.active];
      return vector ? [{ object: { ...object, collection }, vector }] : [];
    });
    const { places, share } = await layOnPlane(
      placed.map(({ vector }) => vector),
      signal,
    );
    const points = placed.map(({ object }, i) => ({ object, ...places[i]! }));
    return { points, share, isWhole: page.next === undefined };
  }

  /** The vectors in use of several objects of one collection; null for those without one. */
  async vectors(collection: Collection, ids: readonly string[]): Promise<Map<string, Float32Array | null>> {
    const { store, place } = await this.#collections.place(collection);
    const space = await store.space(place.space);
    const found = await store.get(place, ids, { includeVectors: true });
    return new Map(found.map((object) => [object.id, object.vectors?.[space!.active] ?? null]));
  }
}

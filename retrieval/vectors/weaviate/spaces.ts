import { type Collection, configure, type WeaviateClient } from 'weaviate-client';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { checkDefinition, checkPlace, mergeDefinitions } from '../validate.ts';
import type { Place, SpaceDefinition } from '../vector-store.ts';
import { guard } from './connection.ts';
import {
  collectionSchema,
  DISTANCE,
  fieldProperty,
  readDefinition,
  type WeaviateSpace,
  writeDefinition,
} from './mapping.ts';

/** How long a definition read from the server is used, in milliseconds: other processes may change it. */
const FRESH_MS = 2_000;

/** The spaces on a server: collections whose description holds the definition. */
export class Spaces {
  readonly #client: () => Promise<WeaviateClient>;
  readonly #prefix: string;
  readonly #cache = new Map<string, { space: WeaviateSpace; readAt: number }>();

  /** @param prefix begins the name of every collection: installations that share a server have one each. */
  constructor(client: () => Promise<WeaviateClient>, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  /** The name of a space's collection. */
  collectionOf(space: string): string {
    return this.#prefix + space;
  }

  /** The name of the space that a collection holds; undefined for foreign collections. */
  nameOf(collection: string): string | undefined {
    return collection.startsWith(this.#prefix) ? collection.slice(this.#prefix.length) : undefined;
  }

  async find(name: string): Promise<WeaviateSpace | undefined> {
    const client = await this.#client();
    if (!(await guard(() => client.collections.exists(this.collectionOf(name))))) {
      this.#cache.delete(name);
      return undefined;
    }
    const { description } = await guard(() => client.collections.use(this.collectionOf(name)).config.get());
    const space = readDefinition(description);
    if (space !== undefined) this.#cache.set(name, { space, readAt: Date.now() });
    return space;
  }

  /** @throws {CodedError} NOT_FOUND. */
  async get(name: string): Promise<WeaviateSpace> {
    const cached = this.#cache.get(name);
    if (cached !== undefined && Date.now() - cached.readAt < FRESH_MS) return cached.space;
    const space = await this.find(name);
    if (space === undefined) throw new CodedError('NOT_FOUND', `The vector space ${name} was not found.`);
    return space;
  }

  async list(): Promise<WeaviateSpace[]> {
    const client = await this.#client();
    const collections = await guard(() => client.collections.listAll());
    const spaces = collections.flatMap(({ name, description }) => {
      const space = readDefinition(description);
      return space !== undefined && this.collectionOf(space.name) === name ? [space] : [];
    });
    return spaces.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The space of a place, checked, and its collection as the tenant sees it. */
  async at(place: Place): Promise<{ space: WeaviateSpace; collection: Collection }> {
    const space = await this.get(place.space);
    checkPlace(space, place);
    const collection = (await this.#client()).collections.use(this.collectionOf(space.name));
    return { space, collection: place.tenant === undefined ? collection : collection.withTenant(place.tenant) };
  }

  async ensure(definition: SpaceDefinition): Promise<WeaviateSpace> {
    checkDefinition(definition);
    const existing = await this.find(definition.name);
    if (existing !== undefined) return this.#extend(existing, definition);
    const names = Object.fromEntries(Object.keys(definition.vectors).map((name) => [name, name]));
    const space: WeaviateSpace = { ...definition, createdAt: new Date(), names, retired: [] };
    const client = await this.#client();
    try {
      await guard(() => client.collections.createFromSchema(collectionSchema(this.collectionOf(space.name), space)));
    } catch (error) {
      // Another process was faster.
      const other = await this.find(definition.name);
      if (other === undefined) throw error;
      return this.#extend(other, definition);
    }
    return this.get(definition.name);
  }

  async activate(name: string, vector: string): Promise<WeaviateSpace> {
    const space = await this.#fresh(name);
    requireVector(space, vector);
    return this.#write({ ...space, active: vector });
  }

  /** Weaviate keeps the vectors of a name for good; the space forgets it, and the name is given out under another. */
  async dropVector(name: string, vector: string): Promise<WeaviateSpace> {
    const space = await this.#fresh(name);
    requireVector(space, vector);
    if (space.active === vector) throw badInput('vector', `is ${vector}, the active one; activate another first.`);
    const { [vector]: _, ...vectors } = space.vectors;
    const { [vector]: retired, ...names } = space.names;
    return this.#write({ ...space, vectors, names, retired: [...space.retired, retired!] });
  }

  async delete(name: string): Promise<boolean> {
    const client = await this.#client();
    this.#cache.delete(name);
    if (!(await guard(() => client.collections.exists(this.collectionOf(name))))) return false;
    await guard(() => client.collections.delete(this.collectionOf(name)));
    return true;
  }

  /** Forgets what it knows, after a restore. */
  forget(): void {
    this.#cache.clear();
  }

  async #extend(existing: WeaviateSpace, definition: SpaceDefinition): Promise<WeaviateSpace> {
    const merged = mergeDefinitions(existing, definition);
    const { config } = (await this.#client()).collections.use(this.collectionOf(existing.name));
    const names: Record<string, string> = { ...existing.names };
    for (const [name, vector] of Object.entries(merged.vectors)) {
      if (names[name] !== undefined) continue;
      const taken = new Set([...Object.values(names), ...existing.retired]);
      let free = name;
      for (let i = 2; taken.has(free); i++) free = `${name}_${i}`;
      names[name] = free;
      const vectorIndexConfig = configure.vectorIndex.hnsw({ distanceMetric: DISTANCE[vector.metric] });
      await guard(() => config.addVector(configure.vectors.selfProvided({ name: free, vectorIndexConfig })));
    }
    for (const [field, type] of Object.entries(merged.fields)) {
      if (Object.hasOwn(existing.fields, field)) continue;
      const { dataType, ...rest } = fieldProperty(field, type);
      await guard(() => config.addProperty({ ...rest, dataType: dataType[0] as 'text' }));
    }
    const space = { ...existing, ...merged, names };
    return writeDefinition(space) === writeDefinition(existing) ? existing : this.#write(space);
  }

  async #fresh(name: string): Promise<WeaviateSpace> {
    this.#cache.delete(name);
    return this.get(name);
  }

  async #write(space: WeaviateSpace): Promise<WeaviateSpace> {
    const { config } = (await this.#client()).collections.use(this.collectionOf(space.name));
    await guard(() => config.update({ description: writeDefinition(space) }));
    return this.#fresh(space.name);
  }
}

function requireVector(space: SpaceDefinition, vector: string): void {
  if (!Object.hasOwn(space.vectors, vector)) {
    throw new CodedError(
      'NOT_FOUND',
      `The space ${space.name} has no vector ${vector}; it has ${Object.keys(space.vectors).join(', ')}.`,
    );
  }
}

import { v7 as uuid } from 'uuid';
import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';
import type { Jobs } from '#platform/data/jobs/jobs.ts';
import { idConnection, keyPage, type PageArguments } from '#platform/data/paging/key-paging.ts';
import { type CountedConnection, MAX_COUNT } from '#platform/data/paging/paging.ts';
import { Prisma, type PrismaClient } from '#prisma/vector/client/client.ts';
import type { RecordedEmbedders } from '#retrieval/embeddings/recorded-embedders.ts';
import { TextIndex } from '#retrieval/vectors/text-index.ts';
import { checkDefinition } from '#retrieval/vectors/validate.ts';
import type { FieldType, Metric, Place, VectorStore } from '#retrieval/vectors/vector-store.ts';
import { expectNothing } from './expectation.ts';
import type { VectorQuotas } from './quota.ts';

export type Collection = Prisma.CollectionGetPayload<object>;

export interface FieldInput {
  readonly name: string;
  readonly type: string;
}

export interface NewCollection {
  readonly name: string;
  readonly description?: string | null;
  readonly model?: string | null;
  readonly dimensions?: number | null;
  readonly metric: string;
  readonly fields: readonly FieldInput[];
}

export interface CollectionChanges {
  readonly id: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly model?: string | null;
  readonly addFields?: readonly FieldInput[] | null;
}

export interface CollectionParts {
  readonly db: PrismaClient;
  readonly embedders: RecordedEmbedders;
  readonly store: () => Promise<VectorStore>;
  readonly quotas: VectorQuotas;
  readonly jobs: Jobs<Prisma.TransactionClient>;
}

const NAME_CHARACTERS = 100;
const DESCRIPTION_CHARACTERS = 1000;
export const REEMBED = 'reembed';

const FIELD_TYPES: Record<string, FieldType> = {
  TEXT: 'text',
  NUMBER: 'number',
  BOOLEAN: 'boolean',
  DATE: 'date',
  TEXT_LIST: 'text[]',
  NUMBER_LIST: 'number[]',
};
const TYPE_NAMES = Object.fromEntries(Object.entries(FIELD_TYPES).map(([name, type]) => [type, name]));

/** The collections of all users: each is its owner's alone, and its owner is the tenant of its space. */
export class Collections {
  readonly #parts: CollectionParts;

  constructor(parts: CollectionParts) {
    this.#parts = parts;
  }

  /** A collection of the owner; another user's reads as one that does not exist. */
  async find(ownerId: string, by: { id?: string | null; name?: string | null }): Promise<Collection | null> {
    if ((by.id == null) === (by.name == null)) throw badInput('id', 'or `name` must be given, and not both.');
    if (by.id != null)
      return isUuid(by.id) ? this.#parts.db.collection.findFirst({ where: { id: by.id, ownerId } }) : null;
    return this.#parts.db.collection.findFirst({ where: { name: by.name!, ownerId } });
  }

  async require(ownerId: string, id: string): Promise<Collection> {
    const collection = await this.find(ownerId, { id });
    if (collection === null) throw notFound('The collection');
    return collection;
  }

  async byIds(ownerId: string, ids: readonly string[]): Promise<Map<string, Collection>> {
    const rows = await this.#parts.db.collection.findMany({
      where: { ownerId, id: { in: ids.filter(isUuid) } },
    });
    return new Map(rows.map((row) => [row.id, row]));
  }

  async list(ownerId: string, args: PageArguments): Promise<CountedConnection<Collection>> {
    const page = keyPage('collections', args);
    const rows = await this.#parts.db.collection.findMany({
      where: { ownerId, ...(page.after !== undefined && { id: { gt: page.after } }) },
      orderBy: { id: 'asc' },
      take: page.take + 1,
    });
    const totalCount = () => this.#parts.db.collection.count({ where: { ownerId }, take: MAX_COUNT });
    return { ...idConnection(rows, page), totalCount };
  }

  /** @throws {CodedError} BAD_USER_INPUT, CONFLICT, QUOTA_EXCEEDED. */
  async create(ownerId: string, input: NewCollection): Promise<Collection> {
    const id = uuid();
    const fields = toFields(input.fields, 'input.fields');
    const { model, dimensions, metric } = this.#vectorOf(input);
    const vector = { model, dimensions: dimensions ?? 1, metric };
    rename(() =>
      checkDefinition({ name: spaceOf(id), vectors: { v: vector }, active: 'v', fields, multiTenant: true }),
    );
    const data = {
      id,
      ownerId,
      name: checkName(input.name),
      description: checkDescription(input.description),
      model,
      dimensions,
      metric,
      fields: Object.entries(fields),
    };
    const { db, quotas } = this.#parts;
    return this.#unique(input.name, () =>
      db.$transaction(async (tx) => {
        await quotas.holdCollection(tx, ownerId);
        return tx.collection.create({ data });
      }),
    );
  }

  async update(ownerId: string, changes: CollectionChanges): Promise<Collection> {
    const collection = await this.require(ownerId, changes.id);
    const added = toFields(changes.addFields ?? [], 'input.addFields');
    for (const name of Object.keys(added)) {
      if (Object.hasOwn(fieldsOf(collection), name))
        throw badInput('input.addFields', `names ${name}, which the collection has.`);
    }
    const data: Prisma.CollectionUpdateInput = {
      ...(changes.name != null && { name: checkName(changes.name) }),
      ...(changes.description !== undefined && { description: checkDescription(changes.description) }),
      ...(Object.keys(added).length > 0 && { fields: Object.entries({ ...fieldsOf(collection), ...added }) }),
    };
    const next = changes.model != null ? await this.#nextModel(collection, changes.model) : undefined;
    const updated = await this.#unique(changes.name ?? collection.name, () =>
      this.#parts.db.$transaction(async (tx) => {
        if (next === undefined) return tx.collection.update({ where: { id: collection.id }, data });
        const reembedJobId = await this.#parts.jobs.enqueue(
          tx,
          REEMBED,
          { collectionId: collection.id, model: next },
          { key: collection.id, userId: collection.ownerId },
        );
        return tx.collection.update({ where: { id: collection.id }, data: { ...data, nextModel: next, reembedJobId } });
      }),
    );
    await this.open(updated);
    return updated;
  }

  /** What it holds first: a deletion that fails in between can be repeated, and leaves nothing behind. */
  async delete(ownerId: string, id: string): Promise<void> {
    await this.#delete(await this.require(ownerId, id));
  }

  async #delete(collection: Collection): Promise<void> {
    // Not to be told as lost meanwhile.
    await expectNothing(this.#parts.db, [collection.id]);
    await this.#remove(collection);
    await this.#parts.db.collection.deleteMany({ where: { id: collection.id } });
    // What was on its way meanwhile has made the space again.
    await this.#remove(collection);
  }

  /**
   * Looks whether a collection is there still, after its space was made or something was stored in it.
   *
   * @throws {CodedError} NOT_FOUND when it was deleted meanwhile; then its space is removed.
   */
  async checkKept(collection: Collection): Promise<void> {
    if ((await this.#parts.db.collection.count({ where: { id: collection.id } })) > 0) return;
    await this.#remove(collection);
    throw notFound('The collection');
  }

  /**
   * Deletes all collections of a user who is gone, one by one. One that cannot be deleted keeps none of the others
   * back.
   *
   * @throws what the first of those has failed with, once the others are gone.
   */
  async deleteAll(ownerId: string, signal: AbortSignal): Promise<void> {
    let failed: { readonly error: unknown } | undefined;
    for (const collection of await this.#parts.db.collection.findMany({ where: { ownerId } })) {
      signal.throwIfAborted();
      await this.#delete(collection).catch((error: unknown) => {
        failed ??= { error };
      });
    }
    if (failed) throw failed.error;
  }

  /**
   * Opens the index of a collection; its space is made when it is first needed.
   *
   * @throws {CodedError} NOT_FOUND when the collection was deleted meanwhile; then its space is gone.
   */
  async open(collection: Collection): Promise<TextIndex> {
    const { embedders, store } = this.#parts;
    const { dimensions, metric } = collection;
    const index = await TextIndex.open(await store(), embedders, {
      name: spaceOf(collection.id),
      fields: fieldsOf(collection),
      multiTenant: true,
      model: collection.nextModel ?? collection.model,
      ...(dimensions !== null && { brought: { dimensions, metric: metric as Metric } }),
    });
    if (index.isMade) await this.checkKept(collection);
    return index;
  }

  /** The store, and where in it the collection is. */
  async place(collection: Collection): Promise<{ store: VectorStore; place: Place }> {
    await this.open(collection);
    return { store: await this.#parts.store(), place: { space: spaceOf(collection.id), tenant: collection.ownerId } };
  }

  async #remove(collection: Collection): Promise<void> {
    await (await this.#parts.store()).deleteSpace(spaceOf(collection.id));
  }

  #vectorOf(input: NewCollection): { model: string; dimensions: number | null; metric: Metric } {
    const { embedders } = this.#parts;
    const model = input.model ?? embedders.defaultId;
    const metric = input.metric.toLowerCase() as Metric;
    const known = embedders.models();
    if (known.some(({ id }) => id === model)) {
      if (input.dimensions != null)
        throw badInput('input.dimensions', `is not for ${model}, which knows its own; leave it out.`);
      if (metric !== 'cosine')
        throw badInput('input.metric', `is ${input.metric}; texts embedded by ${model} are compared by COSINE.`);
      return { model, dimensions: null, metric };
    }
    if (input.dimensions == null) {
      const names = known.map(({ id }) => id).join(', ');
      throw badInput(
        'input.model',
        `is ${model.slice(0, 200)}, which is none of the installation’s (${names}); give \`dimensions\` too if vectors are made elsewhere.`,
      );
    }
    return { model, dimensions: input.dimensions, metric };
  }

  /** The model to change to, or undefined if it is in use. Asked once, so that a wrong one is refused at once. */
  async #nextModel(collection: Collection, model: string): Promise<string | undefined> {
    if (collection.dimensions !== null)
      throw badInput('input.model', 'cannot be changed: the vectors of this collection are made elsewhere.');
    await this.#parts.embedders.model(model);
    return model === collection.model && collection.nextModel === null ? undefined : model;
  }

  async #unique<T>(name: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') {
        throw new CodedError('CONFLICT', `You have a collection named ${JSON.stringify(name)}.`);
      }
      throw error;
    }
  }
}

/** Returns the name of the space of a collection. */
export const spaceOf = (id: string): string => `c_${id.replaceAll('-', '')}`;

/** Returns the id of the collection that a space belongs to; undefined for a space of something else. */
export const idOfSpace = (space: string): string | undefined => {
  const [, a, b, c, d, e] = /^c_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(space) ?? [];
  return a === undefined ? undefined : `${a}-${b}-${c}-${d}-${e}`;
};

/** Returns the fields of a collection. They are stored as pairs: JSONB keeps no order of keys. */
export const fieldsOf = (collection: Collection): Record<string, FieldType> =>
  Object.fromEntries(collection.fields as [string, FieldType][]);

/** Returns the fields as GraphQL gives them. */
export const describeFields = (collection: Collection): { name: string; type: string }[] =>
  Object.entries(fieldsOf(collection)).map(([name, type]) => ({ name, type: TYPE_NAMES[type]! }));

function toFields(input: readonly FieldInput[], argument: string): Record<string, FieldType> {
  const fields = Object.fromEntries(input.map(({ name, type }) => [name, FIELD_TYPES[type]!]));
  if (Object.keys(fields).length < input.length) throw badInput(argument, 'names a field twice.');
  return fields;
}

function checkName(name: string): string {
  const trimmed = name.trim();
  if (trimmed.length === 0 || trimmed.length > NAME_CHARACTERS)
    throw badInput('input.name', `must have 1 to ${NAME_CHARACTERS} characters.`);
  return trimmed;
}

function checkDescription(description: string | null | undefined): string | null {
  if ((description?.length ?? 0) > DESCRIPTION_CHARACTERS)
    throw badInput('input.description', `has more than ${DESCRIPTION_CHARACTERS} characters.`);
  return description ?? null;
}

/** The store names arguments of its own; clients know them by ours. */
function rename(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const argument = String(error.extensions['argument']);
    const own = argument.startsWith('vectors.v.')
      ? `input.${argument.slice('vectors.v.'.length)}`
      : `input.${argument.split('.')[0]}`;
    throw badInput(own, error.message.slice(argument.length + 1));
  }
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LLMock } from '@copilotkit/aimock';
import { Registry } from 'prom-client';
import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { createLog } from '#platform/base/log/log.ts';
import type { JobHandler } from '#platform/data/jobs/jobs.ts';
import { createOutbox } from '#platform/data/outbox/create-outbox.ts';
import { createSubgraph, type HostedSubgraph } from '#platform/host/host.ts';
import { openPlatform } from '#platform/host/open.ts';
import type { Platform } from '#platform/host/platform.ts';
import { type Identity, ROLE_SCOPES } from '#platform/identity/identity.ts';
import { type Prisma, PrismaClient } from '#prisma/vector/client/client.ts';
import { sharedVectors } from '#retrieval/testing/shared-vectors.ts';
import { Administration } from './administration.ts';
import { Agreement, COMPARE_COLLECTIONS } from './agreement.ts';
import { Collections } from './collections.ts';
import { VectorQuotas } from './quota.ts';
import { acceptLoss, countObjects, deleteOrphans, differencesOf, isUnsure } from './reconcile.ts';
import { vector } from './subgraph.ts';

const person = (
  roles = ['user'],
  scopes: readonly string[] = roles.flatMap((role) => ROLE_SCOPES[role] ?? []),
): Identity => ({
  kind: 'user',
  userId: uuid(),
  roles,
  scopes,
  expiresAt: Date.now() / 1000 + 600,
});
const ada = person();
const bob = person();
const admin = person(['admin']);

const lifecycle = new AsyncDisposableStack();
const server = new LLMock({ port: 0 });
let hosted: HostedSubgraph;
let platform: Platform;

beforeAll(async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-vector-'));
  lifecycle.defer(() => rm(directory, { recursive: true, force: true }));
  server.onEmbedding(/.*/, { embedding: [1, 2, 2] });
  await server.start();
  lifecycle.defer(async () => void (await server.stop()));
  const config = loadConfig({
    SEXTANT_DIR: directory,
    EMBEDDED_FSYNC: 'false',
    LOG_LEVEL: 'silent',
    EMBEDDINGS_BASE_URL: `${server.url}/v1`,
    EMBEDDINGS_MODEL: 'remote',
  });
  const opened = await openPlatform({
    config,
    log: createLog(config, 'test'),
    metrics: new Registry(),
    lifecycle,
    transportOf: () => undefined,
  });
  // A busy machine may take longer to open it than the first transaction waits.
  await opened.database.opened;
  platform = opened.of('vector', lifecycle);
  hosted = await createSubgraph(vector, platform);
  await opened.events.start();
});
afterAll(() => lifecycle.disposeAsync());

/** The data of an operation, or its first error. */
async function ask<Data = Record<string, never>>(
  identity: Identity,
  query: string,
  variables: object = {},
): Promise<Data> {
  const { result } = await hosted.transport.execute({
    query,
    variables: { ...variables },
    identity,
    requestId: 'test',
  });
  if (result.errors) throw result.errors[0];
  return result.data as Data;
}
const failure = (identity: Identity, query: string, variables: object = {}) =>
  ask(identity, query, variables).then(
    () => undefined,
    (error: { message: string; extensions: Record<string, unknown> }) => ({
      message: error.message,
      ...error.extensions,
    }),
  );

const CREATE =
  'mutation ($input: CreateVectorCollectionInput!) { createVectorCollection(input: $input) { collection { id name model dimensions metric embedsTexts fields { name type } objectCount owner { id } } } }';
const UPSERT =
  'mutation ($input: UpsertVectorsInput!) { upsertVectors(input: $input) { results { id status error } storedCount failedCount collection { objectCount } } }';
const SEARCH = `query ($input: SearchVectorsInput!) { searchVectors(input: $input) { model degraded hits { score object { id text properties } explanation { fusion dense { raw normalised weight contribution } lexical { raw normalised weight contribution } } } } }`;

interface Created {
  createVectorCollection: { collection: { id: string; model: string; dimensions: number; fields: object[] } };
}
interface Searched {
  searchVectors: {
    model: string;
    degraded: string | null;
    hits: {
      score: number;
      object: { id: string; text: string; properties: object };
      explanation: {
        fusion: string | null;
        dense: { raw: number; contribution: number } | null;
        lexical: { contribution: number } | null;
      };
    }[];
  };
}
const create = async (identity: Identity, input: object) =>
  (await ask<Created>(identity, CREATE, { input })).createVectorCollection.collection;
const search = async (identity: Identity, input: object) =>
  (await ask<Searched>(identity, SEARCH, { input })).searchVectors;
const found = (result: Searched['searchVectors']) => result.hits.map((hit) => hit.object.id);

const RECIPES = [
  {
    id: 'soup',
    text: 'A warm broth of carrots and ginger for cold evenings.',
    properties: { minutes: 40, vegan: true, tags: ['winter'] },
  },
  { id: 'steak', text: 'Sear the beef on both sides and let it rest.', properties: { minutes: 20, vegan: false } },
  {
    id: 'salad',
    text: 'Toss tomatoes, cucumber and olives with oil.',
    properties: { minutes: 10, vegan: true, tags: ['summer', 'quick'] },
  },
];
const FIELDS = [
  { name: 'minutes', type: 'NUMBER' },
  { name: 'vegan', type: 'BOOLEAN' },
  { name: 'tags', type: 'TEXT_LIST' },
];

describe('collections', () => {
  it('are created, described, listed in pages and deleted by their owner', async () => {
    const owner = person();
    const made = await create(owner, { name: 'first', description: 'one', model: 'use-lite', fields: FIELDS });
    expect(made).toMatchObject({
      name: 'first',
      model: 'use-lite',
      dimensions: 512,
      metric: 'COSINE',
      embedsTexts: true,
      fields: FIELDS,
      objectCount: 0,
    });
    expect(made).toMatchObject({ owner: { id: (owner as { userId: string }).userId } });
    for (const name of ['second', 'third']) await create(owner, { name, model: 'use-lite' });
    const page = (after?: string) =>
      ask<{ vectorCollections: { nodes: { name: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } } }>(
        owner,
        'query ($after: String) { vectorCollections(first: 2, after: $after) { nodes { name } pageInfo { endCursor hasNextPage } } }',
        { after },
      ).then((data) => data.vectorCollections);
    const one = await page();
    const two = await page(one.pageInfo.endCursor);
    expect([...one.nodes, ...two.nodes].map(({ name }) => name)).toEqual(['first', 'second', 'third']);
    expect([one.pageInfo.hasNextPage, two.pageInfo.hasNextPage]).toEqual([true, false]);

    await ask(owner, 'mutation ($id: ID!) { deleteVectorCollection(input: { id: $id }) { deletedId } }', {
      id: made.id,
    });
    expect(await ask(owner, '{ vectorCollection(name: "first") { id } }')).toEqual({ vectorCollection: null });
  });

  it('of others do not exist, for reading and for writing', async () => {
    const { id } = await create(ada, { name: 'private', model: 'use-lite' });
    await ask(ada, UPSERT, { input: { collectionId: id, objects: RECIPES } });
    expect(await ask(bob, 'query ($id: ID!) { vectorCollection(id: $id) { name } }', { id })).toEqual({
      vectorCollection: null,
    });
    const attempts = [
      failure(bob, SEARCH, { input: { collectionId: id, text: 'soup' } }),
      failure(bob, UPSERT, { input: { collectionId: id, objects: RECIPES } }),
      failure(bob, 'mutation ($id: ID!) { deleteVectorCollection(input: { id: $id }) { deletedId } }', { id }),
      failure(
        bob,
        'mutation ($id: ID!) { deleteVectors(input: { collectionId: $id, ids: ["soup"] }) { deletedCount } }',
        { id },
      ),
    ];
    for (const attempt of attempts) expect(await attempt).toMatchObject({ code: 'NOT_FOUND' });
    const entity = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on VectorCollection { name } } }';
    const r = [{ __typename: 'VectorCollection', id }];
    expect(await ask(bob, entity, { r })).toEqual({ _entities: [null] });
    expect(await ask(ada, entity, { r })).toEqual({ _entities: [{ name: 'private' }] });
  });

  it('refuse what cannot be, naming the argument', async () => {
    const wrong = async (input: object) => failure(person(), CREATE, { input });
    expect(await wrong({ name: '  ' })).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'input.name' });
    expect(await wrong({ name: 'x', model: 'unheard-of' })).toMatchObject({
      argument: 'input.model',
      message: expect.stringContaining('use-lite'),
    });
    expect(await wrong({ name: 'x', model: 'own', dimensions: 99_999 })).toMatchObject({
      argument: 'input.dimensions',
    });
    expect(await wrong({ name: 'x', fields: [{ name: 'no good', type: 'TEXT' }] })).toMatchObject({
      argument: 'input.fields',
    });
    const owner = person();
    await create(owner, { name: 'twice', model: 'use-lite' });
    expect(await failure(owner, CREATE, { input: { name: 'twice' } })).toMatchObject({ code: 'CONFLICT' });
  });
});

describe('objects', () => {
  let id: string;
  beforeAll(async () => {
    ({ id } = await create(ada, { name: 'recipes', model: 'use-lite', fields: FIELDS }));
    await ask(ada, UPSERT, { input: { collectionId: id, objects: RECIPES } });
  });

  it('have a result each: the good ones of a batch are stored', async () => {
    const objects = [
      { ...RECIPES[0], text: `${RECIPES[0]!.text} ` },
      { id: 'odd', text: 'x', properties: { minutes: 'long' } },
      { id: 'short', text: 'x', vector: [1, 2] },
      { id: 'new', text: 'Bake the bread.' },
    ];
    const { upsertVectors } = await ask<{ upsertVectors: object }>(ada, UPSERT, {
      input: { collectionId: id, objects },
    });
    expect(upsertVectors).toMatchObject({
      results: [
        { id: 'soup', status: 'UPDATED', error: null },
        { id: 'odd', status: 'FAILED', error: expect.stringContaining('minutes') },
        { id: 'short', status: 'FAILED', error: expect.stringContaining('512') },
        { id: 'new', status: 'CREATED' },
      ],
      storedCount: 2,
      failedCount: 2,
      collection: { objectCount: 4 },
    });
    const deletion =
      'mutation ($id: ID!) { deleteVectors(input: { collectionId: $id, ids: ["new", "never"] }) { deletedCount } }';
    expect(await ask(ada, deletion, { id })).toEqual({ deleteVectors: { deletedCount: 1 } });
  });

  it('are found by meaning, by words and by both, and the score is explained', async () => {
    const meaning = await search(ada, {
      collectionId: id,
      text: 'hot vegetable dish when it is freezing outside',
      mode: 'VECTOR',
      limit: 1,
    });
    expect(found(meaning)).toEqual(['soup']);
    expect(meaning.hits[0]!.explanation).toMatchObject({ fusion: null, lexical: null });
    expect(found(await search(ada, { collectionId: id, text: 'cucumbers', mode: 'TEXT' }))).toEqual(['salad']);
    const both = await search(ada, { collectionId: id, text: 'beef' });
    expect(both).toMatchObject({ model: 'use-lite', degraded: null });
    expect(found(both)[0]).toBe('steak');
    const { score, explanation } = both.hits[0]!;
    expect(explanation.fusion).toBe('RELATIVE');
    expect(explanation.dense!.contribution + explanation.lexical!.contribution).toBeCloseTo(score, 5);
  });

  it('are filtered, and a wrong filter is told what is right', async () => {
    const filter = {
      and: [
        { field: 'vegan', op: 'EQ', value: true },
        { field: 'minutes', op: 'LT', value: 30 },
      ],
    };
    expect(found(await search(ada, { collectionId: id, text: 'food', filter }))).toEqual(['salad']);
    const wrong = (value: object) => failure(ada, SEARCH, { input: { collectionId: id, text: 'x', filter: value } });
    expect(await wrong({ field: 'colour', op: 'EQ', value: 'red' })).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('minutes, vegan, tags'),
    });
    expect(await wrong({ field: 'minutes', op: 'GT', value: 'many' })).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await wrong({ field: 'tags', op: 'IN', value: 7 })).toMatchObject({ argument: 'input.filter.value' });
    expect(await wrong({ field: 'vegan', op: 'EQ', value: true, or: [] })).toMatchObject({ argument: 'input.filter' });
  });

  it('are paged, read singly and aggregated', async () => {
    const query = `query ($id: ID!, $after: String) { vectorCollection(id: $id) { objects(first: 2, after: $after) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } object(id: "salad") { text vector properties } aggregate(fields: ["minutes", "tags"]) { count fields { name count min max mean sum values { value count } } } } }`;
    const { vectorCollection: one } = await ask<{
      vectorCollection: {
        objects: { edges: { cursor: string; node: { id: string } }[] };
        object: { vector: number[] };
        aggregate: object;
      };
    }>(ada, query, { id });
    const { vectorCollection: two } = await ask<{ vectorCollection: { objects: object } }>(ada, query, {
      id,
      after: one.objects.edges[0]!.cursor,
    });
    expect(two.objects).toMatchObject({
      edges: [{ node: one.objects.edges[1]!.node }, expect.anything()],
      pageInfo: { hasNextPage: false },
    });
    expect(one.object).toMatchObject({ properties: RECIPES[2]!.properties, vector: expect.any(Array) });
    expect(one.object.vector).toHaveLength(512);
    expect(one.aggregate).toEqual({
      count: 3,
      fields: [
        { name: 'minutes', count: 3, min: 10, max: 40, mean: expect.closeTo(23.33, 1), sum: 70, values: null },
        {
          name: 'tags',
          count: 3,
          min: null,
          max: null,
          mean: null,
          sum: null,
          values: expect.arrayContaining([{ value: 'winter', count: 1 }]),
        },
      ],
    });
  });

  it('are laid on a plane with their texts, as many as are asked for', async () => {
    const query = `query ($id: ID!, $first: Int, $filter: VectorFilter) { vectorCollection(id: $id) {
      map(first: $first, filter: $filter) { share isWhole points { x y object { id text } } } } }`;
    const map = async (variables: object = {}) =>
      (
        await ask<{
          vectorCollection: {
            map: {
              share: number;
              isWhole: boolean;
              points: { x: number; y: number; object: { id: string; text: string } }[];
            };
          };
        }>(ada, query, { id, ...variables })
      ).vectorCollection.map;
    const whole = await map();
    expect(whole.points.map(({ object }) => object.id).sort()).toEqual(RECIPES.map((recipe) => recipe.id).sort());
    for (const { object } of whole.points) expect(object.text).not.toBe('');
    // Three points lie on a plane as they are.
    expect(whole).toMatchObject({ share: expect.closeTo(1, 3), isWhole: true });
    expect(new Set(whole.points.map(({ x, y }) => `${x} ${y}`)).size).toBe(3);
    expect(await map({ first: 2 })).toMatchObject({ isWhole: false, points: [{}, {}] });
    expect((await map({ filter: { field: 'vegan', op: 'EQ', value: true } })).points).toHaveLength(2);
    expect(await failure(ada, query, { id, first: 1001 })).toMatchObject({ argument: 'first' });
  });

  it('with vectors made elsewhere are searched by such vectors, and the wrong length is refused', async () => {
    const own = await create(ada, { name: 'own', model: 'clip-vit', dimensions: 2, metric: 'DOT' });
    expect(own).toMatchObject({ embedsTexts: false, dimensions: 2, metric: 'DOT' });
    const objects = [
      { id: 'east', vector: [3, 0] },
      { id: 'north', text: 'Due north', vector: [0, 1] },
    ];
    await ask(ada, UPSERT, { input: { collectionId: own.id, objects } });
    expect(found(await search(ada, { collectionId: own.id, vector: [1, 1], mode: 'VECTOR' }))).toEqual([
      'east',
      'north',
    ]);
    expect(
      await failure(ada, SEARCH, { input: { collectionId: own.id, vector: [1, 1, 1], mode: 'VECTOR' } }),
    ).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await search(ada, { collectionId: own.id, text: 'north' })).toMatchObject({
      degraded: expect.any(String),
      hits: [{ object: { id: 'north' } }],
    });
  });

  it('are deleted by filter', async () => {
    const other = await create(ada, { name: 'to delete', model: 'use-lite', fields: FIELDS });
    await ask(ada, UPSERT, { input: { collectionId: other.id, objects: RECIPES } });
    const deletion =
      'mutation ($id: ID!) { deleteVectors(input: { collectionId: $id, filter: { field: "vegan", op: EQ, value: true } }) { deletedCount collection { objectCount } } }';
    expect(await ask(ada, deletion, { id: other.id })).toEqual({
      deleteVectors: { deletedCount: 2, collection: { objectCount: 1 } },
    });
  });
});

describe('models', () => {
  it('are listed, the default one first', async () => {
    const { embeddingModels } = await ask<{ embeddingModels: object[] }>(
      ada,
      '{ embeddingModels { id provider dimensions isDefault } }',
    );
    expect(embeddingModels).toMatchObject([
      { id: 'remote', provider: 'OPENAI_COMPATIBLE', isDefault: true },
      { id: 'use-lite', provider: 'LOCAL', dimensions: 512, isDefault: false },
    ]);
  });

  it('embed batches and compare texts', async () => {
    const query =
      '{ embed(input: { texts: ["one", "two"], model: "remote" }) { model dimensions vectors } similarity(input: { text: "a happy dog", others: ["a joyful puppy", "tax law"], model: "use-lite" }) { threshold scores } }';
    const { embed, similarity } = await ask<{
      embed: { vectors: number[][] };
      similarity: { threshold: number; scores: number[] };
    }>(ada, query);
    expect(embed).toMatchObject({ model: 'remote', dimensions: 3 });
    expect(embed.vectors).toHaveLength(2);
    expect(embed.vectors[0]![0]).toBeCloseTo(1 / 3, 5);
    expect(similarity.scores[0]).toBeGreaterThan(similarity.threshold);
    expect(similarity.scores[1]).toBeLessThan(similarity.threshold);
    expect(await failure(ada, '{ embed(input: { texts: ["fine", " "] }) { model } }')).toMatchObject({
      argument: 'input.texts.1',
    });
    expect(await failure(ada, '{ embed(input: { texts: ["x"], model: "none" }) { model } }')).toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
  });

  it('are changed in the background: all texts are embedded again and searches go on', async () => {
    const { id } = await create(ada, { name: 'changing', model: 'use-lite' });
    await ask(ada, UPSERT, { input: { collectionId: id, objects: RECIPES } });
    const update =
      'mutation ($id: ID!) { updateVectorCollection(input: { id: $id, model: "remote" }) { collection { model reembedding { model state } } } }';
    expect(await ask(ada, update, { id })).toMatchObject({
      updateVectorCollection: { collection: { model: 'use-lite', reembedding: { model: 'remote' } } },
    });
    const state = () =>
      ask<{ vectorCollection: object }>(
        ada,
        'query ($id: ID!) { vectorCollection(id: $id) { model dimensions reembedding { state } objectCount } }',
        { id },
      );
    await expect
      .poll(async () => (await state()).vectorCollection, { timeout: 15_000 })
      .toEqual({ model: 'remote', dimensions: 3, reembedding: null, objectCount: 3 });
    expect((await search(ada, { collectionId: id, text: 'soup' })).model).toBe('remote');
  });
});

describe('administrators', () => {
  it('see the store; others do not, and no scope means no access', async () => {
    expect(
      await ask(admin, '{ vectorStore { kind status version stats { spaces objects vectors diskBytes } } }'),
    ).toMatchObject({ vectorStore: { kind: 'EMBEDDED', status: 'UP', stats: { objects: expect.any(Number) } } });
    for (const query of [
      '{ vectorStore { kind } }',
      '{ vectorBackups { id } }',
      'mutation { createVectorBackup(input: {}) { backup { id } } }',
      'mutation { restoreVectorBackup(input: { id: "x" }) { backup { id } } }',
    ]) {
      expect(await failure(ada, query)).toMatchObject({ code: 'FORBIDDEN' });
      expect(await failure({ kind: 'anonymous' }, query)).toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    const readOnly = person(['user'], ['vector:read']);
    expect(await failure(readOnly, CREATE, { input: { name: 'x' } })).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('back up and restore: what was lost is back, and deleted collections stay deleted', async () => {
    const owner = person();
    const kept = await create(owner, { name: 'kept', model: 'use-lite' });
    const gone = await create(owner, { name: 'gone', model: 'use-lite' });
    for (const { id } of [kept, gone]) await ask(owner, UPSERT, { input: { collectionId: id, objects: RECIPES } });
    await ask(admin, 'mutation { createVectorBackup(input: { id: "monday" }) { backup { status } } }');
    const status = async () =>
      (await ask<{ vectorBackup: { status: string } }>(admin, '{ vectorBackup(id: "monday") { status } }')).vectorBackup
        .status;
    await expect.poll(status, { timeout: 15_000 }).toBe('SUCCEEDED');
    await ask(
      owner,
      'mutation ($id: ID!) { deleteVectors(input: { collectionId: $id, ids: ["soup", "steak"] }) { deletedCount } }',
      { id: kept.id },
    );
    await ask(owner, 'mutation ($id: ID!) { deleteVectorCollection(input: { id: $id }) { deletedId } }', {
      id: gone.id,
    });
    await ask(admin, 'mutation { restoreVectorBackup(input: { id: "monday" }) { backup { id } } }');
    expect(await ask(owner, 'query ($id: ID!) { vectorCollection(id: $id) { objectCount } }', { id: kept.id })).toEqual(
      { vectorCollection: { objectCount: 3 } },
    );
    const spaces = (await (await sharedVectors(platform)).spaces()).map(({ name }) => name);
    expect(spaces).toContain(`c_${kept.id.replaceAll('-', '')}`);
    expect(spaces).not.toContain(`c_${gone.id.replaceAll('-', '')}`);
    expect(
      await failure(admin, 'mutation { restoreVectorBackup(input: { id: "sunday" }) { backup { id } } }'),
    ).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a collection leaves nothing when it is deleted', () => {
  const OBJECTS = 'query ($id: ID!) { vectorCollection(id: $id) { objectCount } }';
  const upsert = (id: string) => ({ input: { collectionId: id, objects: RECIPES } });
  // The first use of a collection makes its space, also one that counts what is in it.
  for (const [what, step, query, variables] of [
    ['read before its space is there', 'ensureSpace', OBJECTS, (id: string) => ({ id })],
    ['written to before its space is there', 'ensureSpace', UPSERT, upsert],
    ['written to', 'upsert', UPSERT, upsert],
  ] as const) {
    it(`while it is ${what}`, async () => {
      const owner = person();
      const made =
        'mutation { createVectorCollection(input: { name: "short", model: "use-lite" }) { collection { id } } }';
      const { id } = (await ask<Created>(owner, made)).createVectorCollection.collection;
      const store = await sharedVectors(platform);
      const [reached, deleted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const original = store[step].bind(store) as unknown as (...given: unknown[]) => Promise<never>;
      const held = vi.spyOn(store, step as 'upsert').mockImplementationOnce(async (...given: unknown[]) => {
        reached.resolve();
        await deleted.promise;
        return original(...given);
      });
      const used = failure(owner, query, variables(id));
      await reached.promise;
      await ask(owner, 'mutation ($id: ID!) { deleteVectorCollection(input: { id: $id }) { deletedId } }', { id });
      deleted.resolve();
      expect(await used).toMatchObject({ code: 'NOT_FOUND' });
      held.mockRestore();
      expect(await store.space(`c_${id.replaceAll('-', '')}`)).toBeUndefined();
    });
  }
});

describe('what the store has lost', () => {
  /** A comparison of its own, and a collection of three objects. */
  async function begin(name: string) {
    const owner = person() as { userId: string } & Identity;
    const { id } = await create(owner, { name, model: 'use-lite', fields: FIELDS });
    const send = () => ask(owner, UPSERT, { input: { collectionId: id, objects: RECIPES } });
    await send();
    const db = await platform.database.client('vector', PrismaClient);
    const store = await sharedVectors(platform);
    const handlers: JobHandler<Prisma.TransactionClient>[] = [];
    const log: object[] = [];
    const agreement = new Agreement({
      db,
      store: async () => store,
      jobs: { handle: (_: string, handler: JobHandler<Prisma.TransactionClient>) => handlers.push(handler) } as never,
      log: { warn: (about: object) => log.push(about) } as never,
      metrics: new Registry(),
      settleMs: 0,
    });
    const context = { id: uuid(), attempt: 1, signal: new AbortController().signal, progress: () => {} };
    const place = { space: `c_${id.replaceAll('-', '')}`, tenant: owner.userId };
    return {
      ...{ owner, id, send, db, store, log, agreement, place },
      compare: () => handlers[0]!.run(null, context),
      lost: async () =>
        (
          await ask<{ vectorCollection: { lostCount: number } }>(
            owner,
            'query ($id: ID!) { vectorCollection(id: $id) { lostCount } }',
            { id },
          )
        ).vectorCollection.lostCount,
      row: async () => (await db.collection.findUnique({ where: { id } }))!,
      drop: () =>
        ask(owner, 'mutation ($id: ID!) { deleteVectorCollection(input: { id: $id }) { deletedId } }', { id }),
    };
  }

  it('is told until it is sent again or given up', async () => {
    const { owner, id, send, db, store, log, agreement, place, compare, lost, drop } = await begin('lost');
    await compare();
    expect(agreement.health({ status: 'up' })).toEqual({ status: 'up' });

    await store.deleteSpace(place.space);
    await compare();
    expect(await lost()).toBe(3);
    expect(agreement.health({ status: 'up' }).detail).toBe('objects of vector collections that the store has lost: 3');
    expect(log).toEqual([{ lost: 3, collections: 1, examples: [id] }]);
    await compare();
    expect(await lost()).toBe(3);
    await send();
    expect(await lost()).toBe(0);

    await store.delete({ space: place.space, tenant: owner.userId }, ['soup']);
    await compare();
    expect(await lost()).toBe(1);
    await acceptLoss(db);
    await compare();
    expect(agreement.health({ status: 'up' })).toEqual({ status: 'up' });
    expect(log).toHaveLength(2);

    await drop();
    const orphan = `c_${uuid().replaceAll('-', '')}`;
    const vectors = { v: { model: 'mine', dimensions: 2, metric: 'cosine' } } as const;
    await store.ensureSpace({ name: orphan, vectors, active: 'v', fields: {}, multiTenant: true });
    await compare();
    expect(log[2]).toEqual({ spaces: 1, examples: [orphan] });
    expect(await deleteOrphans(db, store)).toBe(1);
  });

  it('is nothing that was reserved, deleted, or counted by an earlier release', async () => {
    const { owner, id, send, db, store, log, place, compare, row, drop } = await begin('whole');
    // Processes were killed before they gave back what they had reserved.
    await db.collection.update({ where: { id }, data: { objectCount: 503 } });
    expect(await isUnsure(db)).toBe(true);
    await compare();
    expect(await row()).toMatchObject({ objectCount: 3, heldCount: 3, lostCount: 0 });
    // Before the column was.
    await db.collection.update({ where: { id }, data: { objectCount: 503, heldCount: 0 } });
    await compare();
    expect(await row()).toMatchObject({ objectCount: 3, heldCount: 3, lostCount: 0 });

    const deleting = (input: string) =>
      failure(owner, `mutation ($id: ID!) { deleteVectors(input: { collectionId: $id, ${input} }) { deletedCount } }`, {
        id,
      });
    expect(await deleting('ids: ["soup", "unknown"]')).toBeUndefined();
    expect(await row()).toMatchObject({ objectCount: 2, heldCount: 2 });
    // Killed between the deletion and its count.
    const { deleteWhere } = store;
    const broken = vi.spyOn(store, 'deleteWhere').mockImplementationOnce(async (...args) => {
      await deleteWhere.apply(store, args);
      throw new Error('killed');
    });
    expect(await deleting('filter: { field: "vegan", op: EQ, value: true }')).toBeDefined();
    broken.mockRestore();
    await compare();
    const left = (await store.aggregate(place)).count;
    expect(left).toBe(1);
    expect(await row()).toMatchObject({ objectCount: left, heldCount: left, lostCount: 0 });

    // An upsert that takes longer than a comparison waits.
    await send();
    const stored = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const { upsert } = store;
    const slow = vi.spyOn(store, 'upsert').mockImplementationOnce(async (...args) => {
      stored.resolve();
      await goOn.promise;
      return upsert.apply(store, args);
    });
    const objects = RECIPES.map((recipe) => ({ ...recipe, id: `${recipe.id}-again` }));
    const sent = ask(owner, UPSERT, { input: { collectionId: id, objects } });
    await stored.promise;
    await compare();
    expect(await row()).toMatchObject({ lostCount: 0 });
    goOn.resolve();
    await sent;
    slow.mockRestore();
    await compare();
    expect(await row()).toMatchObject({ objectCount: 6, heldCount: 6, lostCount: 0 });
    expect(log).toEqual([]);
    await drop();
  });

  it('is told of a busy collection, and counted once', async () => {
    const { id, db, store, place, row, drop } = await begin('busy');
    await store.delete(place, ['soup']);
    const [found] = (await differencesOf(db, store, { settleMs: 0 })).filter((one) => one.id === id);
    // An upsert is under way.
    await db.collection.update({ where: { id }, data: { objectCount: { increment: 10 } } });
    expect(await countObjects(db, [found!])).toEqual([]);
    const [again] = (await differencesOf(db, store, { settleMs: 0 })).filter((one) => one.id === id);
    const busy = { ...again!, isQuiet: false };
    expect(await countObjects(db, [busy])).toEqual([{ id, lost: 1 }]);
    expect(await countObjects(db, [busy])).toEqual([]);
    expect(await row()).toMatchObject({ objectCount: 12, heldCount: 2, lostCount: 1 });
    await drop();
  });

  it('is all of a space that is gone, whatever was known of it, unless it was to be removed', async () => {
    const { owner, id, db, store, place, lost, row } = await begin('emptied');
    // Upserts have overlapped, and another is under way.
    await db.collection.update({ where: { id }, data: { heldCount: 0 } });
    const compared = async (isQuiet: boolean) => {
      const [found] = (await differencesOf(db, store, { settleMs: 0 })).filter((one) => one.id === id);
      return countObjects(db, [{ ...found!, isQuiet }]);
    };
    /** What two looks make of it that find so many objects, or no space. */
    const goneAfter = async (...looks: (number | undefined)[]) => {
      let count: number | undefined;
      const seen = {
        space: async (name: string) => {
          if (name !== place.space) return store.space(name);
          count = looks.shift();
          return count === undefined ? undefined : {};
        },
        aggregate: async (at: typeof place) => (at.space === place.space ? { count } : store.aggregate(at)),
      };
      const found = await differencesOf(db, seen as never, { settleMs: 1 });
      return found.find((one) => one.id === id)?.gone;
    };
    expect(await goneAfter(undefined, 0)).toBe(3);
    expect(await goneAfter(undefined, 3)).toBe(0);
    expect(await goneAfter(3, undefined)).toBe(0);
    await store.deleteSpace(place.space);
    expect(await compared(false)).toEqual([{ id, lost: 3 }]);
    expect(await row()).toMatchObject({ objectCount: 0, heldCount: 0, lostCount: 3 });

    const gone = person() as { userId: string } & Identity;
    const theirs = await create(gone, { name: 'emptied', model: 'use-lite' });
    await ask(gone, UPSERT, { input: { collectionId: theirs.id, objects: RECIPES } });
    const collections = new Collections({ db, store: async () => Promise.reject(new Error('away')) } as never);
    await expect(collections.deleteAll(gone.userId, AbortSignal.timeout(10_000))).rejects.toThrow('away');
    const held = async () => (await db.collection.findUnique({ where: { id: theirs.id } }))!.heldCount;
    await expect.poll(held).toBeLessThan(0);
    await store.deleteSpace(`c_${theirs.id.replaceAll('-', '')}`);
    const [found] = (await differencesOf(db, store, { settleMs: 0 })).filter((one) => one.id === theirs.id);
    expect(await countObjects(db, [found!])).toEqual([]);
    expect(await lost()).toBe(3);
    for (const [who, what] of [
      [owner, id],
      [gone, theirs.id],
    ] as const)
      await ask(who, 'mutation ($id: ID!) { deleteVectorCollection(input: { id: $id }) { deletedId } }', { id: what });
    expect(await row()).toBeNull();
  });

  it('is what a restoration has removed that failed', async () => {
    const { db, store, place, row, compare, lost, drop } = await begin('failed');
    const failing = {
      backups: {
        get: async () => ({ id: 'old', spaces: [place.space] }),
        restore: async () => {
          expect((await row()).heldCount).toBeLessThan(0);
          await store.deleteSpace(place.space);
          throw new Error('unreadable');
        },
      },
    };
    const queue = vi.fn(async () => {});
    const administration = new Administration(async () => failing as never, db, platform.topics, { queue } as never);
    await expect(administration.restore('old')).rejects.toThrow('unreadable');
    expect(queue).toHaveBeenCalledOnce();
    expect(await row()).toMatchObject({ objectCount: 3, heldCount: 3 });
    await compare();
    expect(await lost()).toBe(3);
    await drop();
  });

  it('is not made less by what is not back', async () => {
    const { owner, id, send, db, store, place, compare, lost, row, drop } = await begin('parts');
    // The rest is lost, and counted, while an upsert is under way that read its row before.
    const { upsert } = store;
    const slow = vi.spyOn(store, 'upsert').mockImplementationOnce(async (...args) => {
      await store.deleteSpace(place.space);
      await compare();
      await ask(owner, 'query ($id: ID!) { vectorCollection(id: $id) { objectCount } }', { id });
      return upsert.apply(store, args);
    });
    await send();
    await compare();
    expect(await lost()).toBe(0);

    await store.deleteSpace(place.space);
    await compare();
    expect(await lost()).toBe(3);
    slow.mockImplementationOnce(async (...args) => {
      await upsert.apply(store, args);
      throw new Error('the connection broke');
    });
    const others = [{ id: 'other', text: 'Something else' }];
    await db.job.deleteMany({ where: { kind: COMPARE_COLLECTIONS, state: 'WAITING' } });
    const before = (await db.job.findMany({ where: { kind: COMPARE_COLLECTIONS } })).map((job) => job.id);
    expect(await failure(owner, UPSERT, { input: { collectionId: id, objects: others } })).toBeDefined();
    slow.mockRestore();
    // What was sent stays reserved until a comparison, which is queued; what was not is given back.
    expect(await row()).toMatchObject({ objectCount: 1, lostCount: 3 });
    expect(await db.job.count({ where: { kind: COMPARE_COLLECTIONS, id: { notIn: before } } })).toBe(1);
    const quotas = new VectorQuotas(platform.config);
    await quotas.reserve(db, { id, ownerId: owner.userId }, 5);
    expect(await quotas.giveBack(db, id, 5, false)).toBe(true);
    expect(await row()).toMatchObject({ objectCount: 1 });
    await compare();
    expect(await lost()).toBe(3);

    // A backup brings back what it holds, and does not make the rest be forgotten.
    await store.backups.create('parts');
    const status = async () => (await store.backups.get('parts'))?.status;
    await expect.poll(status, { timeout: 15_000 }).toBe('SUCCEEDED');
    const later = [{ id: 'later', text: 'After the backup' }];
    await ask(owner, UPSERT, { input: { collectionId: id, objects: later } });
    expect(await lost()).toBe(2);
    await ask(admin, 'mutation { restoreVectorBackup(input: { id: "parts" }) { backup { id } } }');
    await compare();
    expect(await lost()).toBe(2);
    await drop();
  });
});

it('forgets a user who is gone', async () => {
  const owner = person() as { userId: string } & Identity;
  const { id } = await create(owner, { name: 'mine', model: 'use-lite' });
  await ask(owner, UPSERT, { input: { collectionId: id, objects: RECIPES } });
  const db = await platform.database.client('vector', PrismaClient);
  const outbox = createOutbox({
    owner: 'vector',
    client: db,
    events: platform.events,
    log: platform.log,
    metrics: platform.metrics,
    lifecycle,
  });
  await db.$transaction((tx) =>
    outbox.record(tx, 'user.deleted', { userId: owner.userId, at: new Date().toISOString() }),
  );
  await expect.poll(() => db.collection.count({ where: { ownerId: owner.userId } }), { timeout: 10_000 }).toBe(0);
  expect(await (await sharedVectors(platform)).space(`c_${id.replaceAll('-', '')}`)).toBeUndefined();
});

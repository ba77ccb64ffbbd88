import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Behaviour, FaultServer, json } from '#llm/testing/fault-server.ts';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';

interface Call {
  readonly operation: string;
  readonly provider: string;
  readonly model: string;
  readonly calls: number;
  readonly cacheHit: boolean;
  readonly inputTokens: number;
  readonly estimated: boolean;
  readonly cost: string | null;
}

const CALLS =
  '{ usageCalls(first: 100) { nodes { operation provider model calls cacheHit inputTokens estimated cost } } }';
const callsOf = async (user: TestUser): Promise<readonly Call[]> =>
  (await user.run<{ usageCalls: { nodes: Call[] } }, object>(CALLS)).usageCalls.nodes;
const sum = (calls: readonly Call[], value: (call: Call) => number) =>
  calls.reduce((total, call) => total + value(call), 0);
const byOperation = (calls: readonly Call[]) =>
  Object.fromEntries(
    Object.entries(Object.groupBy(calls, ({ operation }) => operation)).map(([name, own]) => [
      name,
      sum(own!, ({ calls }) => calls),
    ]),
  );

/** Everything that embeds a text, once. */
async function embedEverywhere(user: TestUser): Promise<void> {
  await user.run('mutation { remember(input: { memories: [{ text: "I keep bees." }] }) { memories { id } } }');
  const { addDocument } = await user.run<{ addDocument: { document: { id: string } } }, object>(
    'mutation { addDocument(input: { title: "Hives", text: "A hive has a queen and workers." }) { document { id } } }',
  );
  const document = `{ document(id: "${addDocument.document.id}") { status } }`;
  await expect
    .poll(async () => (await user.run<{ document: { status: string } }, object>(document)).document.status, {
      timeout: 20_000,
    })
    .toBe('READY');
  const { createVectorCollection } = await user.run<{ createVectorCollection: { collection: { id: string } } }, object>(
    'mutation { createVectorCollection(input: { name: "flowers", fields: [] }) { collection { id } } }',
  );
  const { id } = createVectorCollection.collection;
  await user.run(
    `mutation { upsertVectors(input: { collectionId: "${id}", objects: [{ id: "1", text: "clover" }, { id: "2", text: "lime" }] }) { storedCount } }`,
  );
  await user.run('{ searchMemories(input: { query: "hobbies" }) { matches { score } } }');
  await user.run('{ searchKnowledge(input: { query: "who lives there" }) { matches { score } } }');
  await user.run(`{ searchVectors(input: { collectionId: "${id}", text: "a tree" }) { hits { score } } }`);
  await user.run('{ embed(input: { texts: ["one", "two"] }) { dimensions } }');
  // Memories, private and shared documents: three searches with one question. With a limit, because the one memory
  // would be told whole otherwise, and nothing be searched for.
  await user.run('{ recall(input: { query: "bees in autumn", limit: 10 }) { tokens } }');
}

/** A private and a shared part are searched; the recall adds a search of the memories and of both. */
const EVERYTHING = {
  'memory-store': 1,
  'knowledge-ingest': 1,
  'collection-upsert': 1,
  'memory-search': 2,
  'knowledge-search': 4,
  'collection-search': 1,
  embed: 1,
};

describe.each(MODES)('embeddings by an endpoint, %s', (_, skipped, start) => {
  describe.skipIf(skipped)('in the usage of their user', () => {
    const lifecycle = new AsyncDisposableStack();
    /** Texts of each request, without the one that asks for the dimensions. */
    const asked: string[][] = [];
    const embeddings: Behaviour = (request, response) => {
      const input = request.body['input'] as string[];
      if (input[0] !== 'dimensions') asked.push(input);
      const data = input.map((text, index) => ({ index, embedding: [text.length, 1, text.charCodeAt(0)] }));
      return json(200, { data, usage: { prompt_tokens: 7 * input.length, total_tokens: 7 * input.length } })(
        request,
        response,
      );
    };
    let graph: RunningGraph;

    beforeAll(async () => {
      const server = lifecycle.use(await FaultServer.start(embeddings));
      graph = await start({ EMBEDDINGS_BASE_URL: server.url, EMBEDDINGS_MODEL: 'remote' }, lifecycle);
    }, 120_000);
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    it('is every call, once, with the provider’s count of tokens and no invented price', async () => {
      const user = await TestUser.signUp(graph.url);
      await embedEverywhere(user);
      await expect.poll(async () => byOperation(await callsOf(user)), { timeout: 20_000 }).toEqual(EVERYTHING);
      const calls = await callsOf(user);
      const paid = calls.filter(({ cacheHit }) => !cacheHit);
      expect(sum(paid, (call) => call.calls)).toBe(asked.length);
      expect(sum(paid, (call) => call.inputTokens)).toBe(7 * asked.flat().length);
      for (const call of paid)
        expect(call).toMatchObject({ provider: 'openai-compatible', model: 'remote', estimated: false, cost: null });
      // Equal texts are asked for once.
      expect(new Set(asked.flat()).size).toBe(asked.flat().length);
      const { usage } = await user.run<{ usage: object }, object>('{ usage { calls cacheHits unpriced cost } }');
      expect(usage).toMatchObject({ calls: 11, unpriced: asked.length, cacheHits: 11 - asked.length, cost: '0' });
    });

    it('is not lost when the process is killed as soon as it has answered', async () => {
      const user = await TestUser.signUp(graph.url);
      await user.run('{ embed(input: { texts: ["paid for"] }) { model } }');
      const name = graph.processes.has('vector') ? 'vector' : 'sextant';
      await graph.processes.get(name)!.kill();
      await graph.restart(name);
      await expect.poll(async () => byOperation(await callsOf(user)), { timeout: 20_000 }).toEqual({ embed: 1 });
    });
  });
});

describe('embeddings by the offline model', () => {
  let graph: RunningGraph;
  beforeAll(async () => {
    graph = await startEmbedded();
  }, 60_000);
  afterAll(() => graph[Symbol.asyncDispose](), 60_000);

  it('are in the usage of their user, at no cost', async () => {
    const user = await TestUser.signUp(graph.url);
    await embedEverywhere(user);
    await expect.poll(async () => byOperation(await callsOf(user)), { timeout: 20_000 }).toEqual(EVERYTHING);
    for (const call of await callsOf(user))
      expect(call).toMatchObject({ provider: 'local', cost: '0', estimated: true });
    const { usage } = await user.run<{ usage: object }, object>('{ usage { calls unpriced cost } }');
    expect(usage).toMatchObject({ calls: 11, unpriced: 0, cost: '0' });
  });

  it('that were not written yet when the process was stopped are written then', async () => {
    const user = await TestUser.signUp(graph.url);
    for (const text of ['sun', 'moon']) await user.run(`{ embed(input: { texts: ["${text}"] }) { model } }`);
    await graph.processes.get('sextant')!.stop();
    await graph.restart('sextant');
    await expect.poll(async () => byOperation(await callsOf(user)), { timeout: 20_000 }).toEqual({ embed: 2 });
  });
});

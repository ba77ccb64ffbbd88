import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FaultServer } from '#llm/testing/fault-server.ts';
import { MemoryWorld, user } from '../testing/memory-world.ts';

let server: FaultServer;
let directory: string;
let world: MemoryWorld;
beforeAll(async () => {
  server = await FaultServer.start();
  directory = await mkdtemp(path.join(tmpdir(), 'sextant-reranking-'));
  await writeFile(
    path.join(directory, 'llm.yaml'),
    `default_rerank: rank
providers: { own: { type: compatible, base_url: "${server.url}" } }
deployments: { rank-1: { provider: own, model: a-reranker, capabilities: [rerank] } }
models: { rank: { deployments: [rank-1], retries: { attempts: 0 } } }
`,
  );
  world = await MemoryWorld.open({ RERANK_TIMEOUT_MS: '30000' }, directory);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

it('a search of memories takes the order of the reranking model, and its own where that one fails', async () => {
  const me = user();
  const memories = ['The dog sleeps on the sofa.', 'The dog eats at six.', 'The dog is called Rex.'];
  await world.ask(me, 'mutation ($m: [MemoryInput!]!) { remember(input: { memories: $m }) { memories { id } } }', {
    m: memories.map((text) => ({ text })),
  });
  await world.idle();
  const found = async () =>
    (
      await world.ask(
        me,
        '{ searchMemories(input: { query: "where does the dog sleep", limit: 2 }) { degraded matches { memory { text } } } }',
      )
    ).data.searchMemories as { degraded: null; matches: { memory: { text: string } }[] };
  const texts = async () => (await found()).matches.map(({ memory }) => memory.text);

  server.behave(({ body }, response) => {
    const documents = body.documents as string[];
    const results = documents.map((text, index) => ({ index, relevance_score: text.includes('Rex') ? 0.99 : 0.01 }));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ results }));
  });
  expect((await texts())[0]).toBe('The dog is called Rex.');
  expect(server.seen.at(-1)).toMatchObject({
    path: '/v1/rerank',
    body: { model: 'a-reranker', query: 'where does the dog sleep', documents: expect.arrayContaining(memories) },
  });

  server.behave((_request, response) => {
    response.writeHead(500);
    response.end('{}');
  });
  expect(await found()).toMatchObject({ degraded: null });
  expect((await texts())[0]).toBe('The dog sleeps on the sofa.');
});

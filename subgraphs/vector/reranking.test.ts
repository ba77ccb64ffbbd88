import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultServer } from '#llm/testing/fault-server.ts';
import { loadConfig } from '#platform/base/config/config.ts';
import { createLog } from '#platform/base/log/log.ts';
import { createSubgraph, type HostedSubgraph } from '#platform/host/host.ts';
import { openPlatform } from '#platform/host/open.ts';
import { type Identity, ROLE_SCOPES } from '#platform/identity/identity.ts';
import { vector } from './subgraph.ts';

const ada: Identity = {
  kind: 'user',
  userId: uuid(),
  roles: ['user'],
  scopes: ROLE_SCOPES['user']!,
  expiresAt: Date.now() / 1000 + 600,
};
const lifecycle = new AsyncDisposableStack();
let server: FaultServer;
let file: string;
let hosted: HostedSubgraph;
let collectionId: string;

const llmYaml = (url: string, head = 'default_rerank: rank') => `${head}
providers: { own: { type: compatible, base_url: "${url}" } }
deployments: { rank-1: { provider: own, model: a-reranker, capabilities: [rerank] } }
models: { rank: { deployments: [rank-1], retries: { attempts: 0 } } }
`;

async function ask(query: string, variables: object = {}) {
  const { result } = await hosted.transport.execute({
    query,
    variables: { ...variables },
    identity: ada,
    requestId: 'test',
  });
  if (result.errors) throw result.errors[0];
  // biome-ignore lint/suspicious/noExplicitAny: each query has its own shape
  return result.data as any;
}
const search = async (input: object = {}) =>
  (
    await ask(
      'query ($input: SearchVectorsInput!) { searchVectors(input: $input) { reranked degraded hits { score object { id } } } }',
      { input: { collectionId, text: 'where does the dog sleep', rerank: true, ...input } },
    )
  ).searchVectors as { reranked: boolean; degraded: string | null; hits: { score: number; object: { id: string } }[] };
const ids = ({ hits }: { hits: { object: { id: string } }[] }) => hits.map(({ object }) => object.id);

/** Scores what it is given by the words in it. */
const ranks = () =>
  server.behave(({ body }, response) => {
    const documents = body.documents as string[];
    const results = documents.map((text, index) => ({ index, relevance_score: text.includes('Rex') ? 0.9 : 0.2 }));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ results }));
  });

async function open(head?: string): Promise<HostedSubgraph> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-reranked-'));
  lifecycle.defer(() => rm(directory, { recursive: true, force: true }));
  file = path.join(directory, 'llm.yaml');
  await writeFile(file, llmYaml(server.url, head));
  const config = loadConfig({
    SEXTANT_DIR: directory,
    EMBEDDED_FSYNC: 'false',
    LOG_LEVEL: 'silent',
    LLM_CONFIG: file,
    LLM_DISCOVERY: 'false',
    RERANK_TIMEOUT_MS: '30000',
  });
  const log = createLog(config, 'test');
  const opened = await openPlatform({ config, log, metrics: new Registry(), lifecycle, transportOf: () => undefined });
  // A busy machine may take longer to open it than the first transaction waits.
  await opened.database.opened;
  const subgraph = await createSubgraph(vector, opened.of('vector', lifecycle));
  await opened.events.start();
  return subgraph;
}

beforeAll(async () => {
  server = lifecycle.use(await FaultServer.start());
  hosted = await open();
  const { createVectorCollection } = await ask(
    'mutation { createVectorCollection(input: { name: "dogs" }) { collection { id } } }',
  );
  collectionId = createVectorCollection.collection.id;
  const texts = ['The dog sleeps on the sofa.', 'The dog eats at six.', 'The dog is called Rex.'];
  const objects = texts.map((text, i) => ({ id: String(i), text }));
  await ask('mutation ($input: UpsertVectorsInput!) { upsertVectors(input: $input) { failedCount } }', {
    input: { collectionId, objects },
  });
});
afterAll(() => lifecycle.disposeAsync());

describe('a search of a collection that asks for it', () => {
  it.each(['HYBRID', 'TEXT', 'VECTOR'])('takes the order and the scores of the reranking model: %s', async (mode) => {
    ranks();
    const found = await search({ mode, limit: 2 });
    expect(found).toMatchObject({ reranked: true, degraded: null });
    expect(ids(found)[0]).toBe('2');
    expect(found.hits.map(({ score }) => score)).toEqual([0.9, 0.2]);
    expect(server.seen.at(-1)).toMatchObject({ path: '/v1/rerank', body: { query: 'where does the dog sleep' } });
    // The next page goes on where that one ends, and what scores less stays out.
    expect(ids(await search({ mode, offset: 1 }))).toHaveLength(2);
    expect(ids(await search({ mode, minScore: 0.5 }))).toEqual(['2']);
  });

  it('does without where it is not asked to, or nothing is found', async () => {
    const before = server.seen.length;
    expect(await search({ rerank: false })).toMatchObject({ reranked: false, hits: { length: 3 } });
    expect(await search({ text: 'quokka', mode: 'TEXT' })).toMatchObject({ reranked: false, hits: [], degraded: null });
    expect(server.seen.length).toBe(before);
  });

  it('keeps its own order where the model fails, and says so', async () => {
    server.behave((_request, response) => {
      response.writeHead(500);
      response.end('{}');
    });
    const found = await search();
    expect(found).toMatchObject({ reranked: false, degraded: expect.stringMatching(/rank|provider/i) });
    expect(ids(found)[0]).toBe('0');
  });

  it.each([
    ['more than it reads', { limit: 41 }, 'input.limit'],
    ['a page beyond that', { limit: 10, offset: 31 }, 'input.limit'],
    ['a negative offset', { offset: -1 }, 'input.offset'],
    ['no text to compare with', { text: null, mode: 'VECTOR', vector: [1, 2] }, 'input.text'],
  ])('is refused for %s', async (_, input, named) => {
    await expect(search(input)).rejects.toMatchObject({
      message: expect.stringContaining(named),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  it('is refused where no reranking model is named', async () => {
    const before = hosted;
    hosted = await open('# none');
    const { createVectorCollection } = await ask(
      'mutation { createVectorCollection(input: { name: "dogs" }) { collection { id } } }',
    );
    const { id } = createVectorCollection.collection;
    await ask('mutation ($input: UpsertVectorsInput!) { upsertVectors(input: $input) { failedCount } }', {
      input: { collectionId: id, objects: [{ id: 'a', text: 'The dog sleeps.' }] },
    });
    await expect(search({ collectionId: id })).rejects.toMatchObject({
      message: expect.stringContaining('default_rerank'),
      extensions: { code: 'MODEL_NOT_CONFIGURED' },
    });
    hosted = before;
  });
});

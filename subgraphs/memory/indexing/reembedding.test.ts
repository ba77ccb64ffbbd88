import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MemoryWorld, user } from '../testing/memory-world.ts';

let directory: string;
let server: http.Server;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sextant-reembed-'));
  // An embedding endpoint whose vectors count letters: enough to tell texts apart.
  server = http.createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const { input } = JSON.parse(body || '{}') as { input?: string | string[] };
    const data = [input ?? []].flat().map((text, index) => ({
      object: 'embedding',
      index,
      embedding: Array.from({ length: 26 }, (_, i) => text.toLowerCase().split(String.fromCharCode(97 + i)).length),
    }));
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ object: 'list', data, model: 'letters', usage: { prompt_tokens: 1, total_tokens: 1 } }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

it('with another embedding model everything is embedded again in the background, and stays findable', {
  timeout: 120_000,
}, async () => {
  const me = user();
  const admin = user(undefined, 'admin');
  const status = async (world: MemoryWorld) =>
    (await world.ask(admin, '{ memoryStatus { indexes { name model upToDate } extractor jobs { kind } } }')).data
      .memoryStatus;
  const found = async (world: MemoryWorld) =>
    (
      await world.ask(
        me,
        '{ searchMemories(input: { query: "sleepy hedgehog", limit: 1 }) { degraded matches { memory { text } } } }',
      )
    ).data.searchMemories;
  {
    await using world = await MemoryWorld.open({}, directory);
    const memories = ['The hedgehog sleeps in the shed.', 'The bus stops at the mill.'].map((text) => ({ text }));
    await world.ask(me, 'mutation ($m: [MemoryInput!]!) { remember(input: { memories: $m }) { memories { id } } }', {
      m: memories,
    });
    await world.idle();
    expect((await status(world)).indexes[0]).toMatchObject({ name: 'memories', model: 'use-lite', upToDate: true });
  }
  const env = {
    EMBEDDINGS_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    EMBEDDINGS_MODEL: 'letters',
  };
  await using world = await MemoryWorld.open(env, directory);
  await expect
    .poll(async () => (await status(world)).indexes, { timeout: 60_000 })
    .toEqual(['memories', 'knowledge', 'messages'].map((name) => ({ name, model: 'letters', upToDate: true })));
  expect(await found(world)).toEqual({
    degraded: null,
    matches: [{ memory: { text: 'The hedgehog sleeps in the shed.' } }],
  });
  const space = await (await world.vectors()).space('memories');
  expect(Object.values(space!.vectors).map((vector) => vector.model)).toEqual(['letters']);
  expect((await status(world)).extractor).toBe('rules');
  expect((await world.ask(me, '{ memoryStatus { extractor } }')).code).toBe('FORBIDDEN');
});

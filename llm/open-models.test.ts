import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import type { Platform } from '#platform/host/platform.ts';
import type { RecordedEmbedders } from '#retrieval/embeddings/recorded-embedders.ts';
import { openModels } from './open-models.ts';
import type { LlmCallRecord } from './records/record.ts';
import { aCall, hello, readAll } from './testing/build.ts';
import { FaultServer } from './testing/fault-server.ts';

function platformWith(file: string, shared = new Map<string, Promise<AsyncDisposable>>()): Platform {
  return {
    config: loadConfig({ LLM_CONFIG: file }),
    log: pino({ level: 'silent' }),
    cache: { get: async () => undefined, set: async () => undefined },
    share<Part extends AsyncDisposable>(name: string, create: (lifetime: object) => Promise<Part>) {
      const part = shared.get(name) ?? create({ log: pino({ level: 'silent' }), metrics: new Registry() });
      shared.set(name, part);
      return part as Promise<Part>;
    },
  } as unknown as Platform;
}

it('the subgraphs of one process share budgets and what is known of deployments; each keeps its own records', async () => {
  await using server = await FaultServer.start();
  const file = path.join(os.tmpdir(), `llm-shared-${process.pid}.yaml`);
  await writeFile(
    file,
    `providers: { p: { type: compatible, base_url: "${server.url}" } }
deployments: { d: { provider: p, model: m } }
models: { main: { deployments: [d] } }
limits: { user: { requests_per_minute: 1 } }`,
  );
  const shared = new Map<string, Promise<AsyncDisposable>>();
  const platform = platformWith(file, shared);
  const records: Record<string, LlmCallRecord[]> = { chat: [], memory: [] };
  const [chat, memory] = await Promise.all(
    ['chat', 'memory'].map((owner) =>
      openModels(platform, { onRecord: (record) => void records[owner]!.push(record) }),
    ),
  );
  expect((await readAll(chat!.chat(hello, aCall()))).text).toBe('Hello');
  expect((await readAll(memory!.chat(hello, aCall()))).error).toMatchObject({ extensions: { code: 'RATE_LIMITED' } });
  expect((await memory!.health())[0]).toMatchObject({ deployment: 'd', calls: 1 });
  expect([records.chat?.length, records.memory?.map(({ outcome }) => outcome)]).toEqual([1, ['failed']]);
  for (const part of shared.values()) await (await part)[Symbol.asyncDispose]();
});

it('what the semantic cache embeds is recorded by the subgraph that asked, in its user’s name', async () => {
  await using server = await FaultServer.start();
  const file = path.join(os.tmpdir(), `llm-semantic-${process.pid}.yaml`);
  await writeFile(
    file,
    `providers: { p: { type: compatible, base_url: "${server.url}" } }
deployments: { d: { provider: p, model: m } }
models: { main: { deployments: [d], semantic_cache: { ttl_s: 3600, scope: user, threshold: 0.95 } } }`,
  );
  const asked: unknown[] = [];
  const embedders = {
    embed: async (model: undefined, texts: readonly string[], by: object) => {
      asked.push([model, ...texts, by]);
      return texts.map(() => Float32Array.of(1));
    },
  } as unknown as RecordedEmbedders;
  const models = await openModels(platformWith(file), { embedders });
  await readAll(models.chat({ messages: [{ role: 'user', content: 'What is love?' }] }, aCall()));
  await expect
    .poll(() => asked)
    .toEqual([[undefined, 'What is love?', { userId: 'u1', apiKeyId: undefined, purpose: 'semantic-cache' }]]);
});

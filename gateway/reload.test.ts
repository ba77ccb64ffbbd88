import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { librarySdl, startTestGateway } from './testing/test-gateway.ts';

const file = path.join(mkdtempSync(path.join(tmpdir(), 'reload-')), 'supergraph.graphql');
writeFileSync(file, librarySdl);
const gateway = await startTestGateway({}, { supergraph: { file } });
afterAll(() => gateway[Symbol.asyncDispose]());

const ask = async (query: string) => {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data?: Record<string, unknown>; errors?: { message: string }[] };
};

it('a changed supergraph is served with no failed request, and subscribers come back to it by themselves', async () => {
  const closes: number[] = [];
  const events: unknown[] = [];
  const problems: unknown[] = [];
  const client = createClient({
    url: `${gateway.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryWait: async () => {},
    on: { closed: (event) => closes.push((event as { code: number }).code) },
  });
  const stop = client.subscribe(
    { query: 'subscription { endless { number } }' },
    { next: (event) => events.push(event), error: (error) => problems.push(error), complete: () => {} },
  );
  await expect.poll(() => events.length, { timeout: 10_000 }).toBeGreaterThan(0);

  let stopped = false;
  const failures: unknown[] = [];
  const load = (async () => {
    while (!stopped) {
      const { data, errors } = await ask('{ greeting(name: "x") }');
      if (data?.['greeting'] !== 'Hello x') failures.push(errors);
    }
  })();
  // The public name of a field changes: what composition would do when a subgraph is deployed.
  writeFileSync(file, librarySdl.replace('  slow: String', '  slow: String @deprecated(reason: "too slow")'));
  await expect
    .poll(
      async () =>
        JSON.stringify(await ask('{ __type(name: "Query") { fields(includeDeprecated: true) { isDeprecated } } }')),
      {
        timeout: 20_000,
      },
    )
    .toContain('true');
  await expect.poll(() => closes, { timeout: 20_000 }).toEqual([1012]);
  const seen = events.length;
  await expect.poll(() => events.length, { timeout: 10_000 }).toBeGreaterThan(seen);
  stopped = true;
  await load;
  expect(failures).toEqual([]);
  expect(problems).toEqual([]);
  stop();
  await client.dispose();
});

it('a broken supergraph does not replace a good one', async () => {
  writeFileSync(file, 'type Query {');
  expect(await gateway.reload()).toBe(false);
  expect((await ask('{ greeting(name: "x") }')).data).toEqual({ greeting: 'Hello x' });
});

it('no supergraph at the start is said in one line', async () => {
  writeFileSync(file, 'type Query {');
  await expect(startTestGateway({}, { supergraph: { file } })).rejects.toThrow(/^[^\n]*supergraph[^\n]*$/);
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';

describe.each(MODES)('in production, %s', (_title, skipped, start) => {
  const lifecycle = new AsyncDisposableStack();
  let graph: RunningGraph;
  beforeAll(async () => {
    if (skipped) return;
    graph = await start(
      { NODE_ENV: 'production', JWT_SECRET: 'a secret of 44 characters, made for this test' },
      lifecycle,
    );
  }, 180_000);
  afterAll(() => lifecycle.disposeAsync());

  it.skipIf(skipped)('a stranger reaches the plain routes of a subgraph and nothing else of it', async () => {
    const body = JSON.stringify({ query: '{ _service { sdl } __schema { types { name } } }' });
    const json = { 'content-type': 'application/json' };
    for (const name of ['auth', 'chat', 'memory', 'vision', 'vector', 'analytics']) {
      const operation = await fetch(`${graph.url}/_/${name}/graphql`, { method: 'POST', headers: json, body });
      expect([name, operation.status]).toEqual([name, 404]);
      for (const path of ['graphql', 'metrics', 'health', 'ready', 'routes/graphql']) {
        expect([name, path, (await fetch(`${graph.url}/_/${name}/${path}`)).status]).toEqual([name, path, 404]);
      }
    }
    for (const path of ['/.well-known/jwks.json', '/_/auth/.well-known/jwks.json']) {
      expect((await (await fetch(graph.url + path)).json()).keys.length).toBeGreaterThan(0);
    }
    expect((await fetch(`${graph.url}/_/vision/uploads/x`, { method: 'PUT', headers: json, body })).status).toBe(403);
  });

  it.skipIf(skipped)('a stranger at the port of a subgraph is refused', async () => {
    const ports = [...graph.processes].filter(([name]) => name !== 'sextant' && name !== 'gateway');
    for (const [, { url }] of ports) {
      for (const path of ['/graphql', '/routes/uploads/x', '/uploads/x', '/']) {
        expect((await fetch(url + path, { method: 'POST', body: '{}' })).status).toBe(401);
      }
    }
  });
});

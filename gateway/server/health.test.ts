import type { ServerResponse } from 'node:http';
import { expect, it, vi } from 'vitest';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Graph } from '../supergraph/graph.ts';
import { createHealth } from './health.ts';

it('asks of the parts once for all who ask at the same time, and again for who asks later', async () => {
  const look = vi.fn(async () => ({ status: 'up' as const }));
  const transport = { health: look } as unknown as SubgraphTransport;
  const current = { transports: new Map([['library', transport]]), supergraph: { id: 'x' } };
  const health = createHealth({ graph: { current } as unknown as Graph<object> });
  health.loaded();
  const ask = async (): Promise<number> => {
    const writeHead = vi.fn();
    await health.answer({ writeHead, end: vi.fn(), req: {} } as unknown as ServerResponse);
    return writeHead.mock.calls[0]![0];
  };
  expect(await Promise.all(Array.from({ length: 1_000 }, ask))).toEqual(Array(1_000).fill(200));
  expect(look).toHaveBeenCalledTimes(1);
  await ask();
  expect(look).toHaveBeenCalledTimes(2);
});

import type { ServerResponse } from 'node:http';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Graph } from '../supergraph/graph.ts';
import { createHealth } from './health.ts';

it('asks of the parts once a second, however many ask, and tells nothing older than three', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  let status: 'up' | 'down' = 'up';
  const look = vi.fn(async () => ({ status }));
  const transport = { health: look } as unknown as SubgraphTransport;
  const current = { transports: new Map([['library', transport]]), supergraph: { id: 'x' } };
  const health = createHealth({ graph: { current } as unknown as Graph<object> });
  health.loaded();
  const ask = async (): Promise<string> => {
    const end = vi.fn();
    await health.answer({ writeHead: vi.fn(), end, req: {} } as unknown as ServerResponse);
    return JSON.parse(end.mock.calls[0]![0]).status;
  };
  expect(await Promise.all(Array.from({ length: 1_000 }, ask))).toEqual(Array(1_000).fill('healthy'));
  await ask();
  expect(look).toHaveBeenCalledTimes(1);

  status = 'down';
  vi.advanceTimersByTime(1_001);
  expect(await ask()).toBe('healthy');
  await expect.poll(ask).toBe('degraded');
  expect(look).toHaveBeenCalledTimes(2);

  status = 'up';
  vi.advanceTimersByTime(3_001);
  expect(await ask()).toBe('healthy');
  expect(look).toHaveBeenCalledTimes(3);
});

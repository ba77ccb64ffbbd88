import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect, it, vi } from 'vitest';
import { createEndpoints } from './endpoints.ts';

const addresses = vi.hoisted(() => ({ found: [] as { address: string; family: number }[] }));
vi.mock('node:dns/promises', () => ({ lookup: async () => addresses.found }));

const open = (urls: string[], resolveEveryMs = 60_000) =>
  createEndpoints({
    subgraph: 'chat',
    urls,
    connections: 4,
    queue: 4,
    timeoutMs: 1_000,
    maxBytes: 1_000,
    connectTimeoutMs: 500,
    resolveEveryMs,
    log: pino({ level: 'silent' }),
  });

const picked = (endpoints: ReturnType<typeof open>, times = 200) => {
  const counts = new Map<string, number>();
  for (let i = 0; i < times; i++) {
    const { url, address } = endpoints.pick();
    const key = address ?? url.host;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
};

it('several URLs share the work, the less busy one first', async () => {
  await using endpoints = open(['http://127.0.0.1:1/', 'http://127.0.0.1:2/']);
  const even = picked(endpoints);
  expect(Math.min(...even.values())).toBeGreaterThan(50);
  const busy = endpoints.pick();
  busy.inFlight = 10;
  expect(picked(endpoints).has(busy.url.host)).toBe(false);
});

it('one that fails again and again rests, for longer each time, and is taken again when it answers', async () => {
  await using endpoints = open(['http://127.0.0.1:1/', 'http://127.0.0.1:2/']);
  const bad = endpoints.pick();
  endpoints.failed(bad);
  expect(picked(endpoints).size).toBe(2);
  endpoints.failed(bad);
  expect(picked(endpoints).has(bad.url.host)).toBe(false);
  const first = bad.ejectedUntil - performance.now();
  endpoints.failed(bad);
  expect(bad.ejectedUntil - performance.now()).toBeGreaterThan(first);
  endpoints.succeeded(bad);
  expect(picked(endpoints).size).toBe(2);
});

it('when all rest, the one that has rested longest is tried: none is given up for good', async () => {
  await using endpoints = open(['http://127.0.0.1:1/', 'http://127.0.0.1:2/']);
  const first = endpoints.pick();
  const second = endpoints.pick(first);
  expect(second).not.toBe(first);
  for (let i = 0; i < 2; i++) endpoints.failed(first);
  for (let i = 0; i < 5; i++) endpoints.failed(second);
  expect(picked(endpoints)).toEqual(new Map([[first.url.host, 200]]));
});

it('a name is as many endpoints as it has addresses, now and when they change; the Host header keeps the name', async () => {
  const hosts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host);
    response.end('{"data":{}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const at = (...found: string[]) => {
    addresses.found = found.map((address) => ({ address, family: 4 }));
  };
  at('127.0.0.1', '127.0.0.2');
  const endpoints = open([`http://chat.internal:${port}/graphql`], 20);
  await expect.poll(() => [...picked(endpoints).keys()].sort()).toEqual(['127.0.0.1', '127.0.0.2']);
  at('127.0.0.1', '127.0.0.3');
  await expect.poll(() => [...picked(endpoints).keys()].sort()).toEqual(['127.0.0.1', '127.0.0.3']);
  at('127.0.0.1');
  await expect.poll(() => [...picked(endpoints).keys()]).toEqual(['127.0.0.1']);
  at(); // the name server is away
  let endpoint = endpoints.pick();
  while (endpoint.address !== '127.0.0.1') endpoint = endpoints.pick();
  expect((await endpoint.pool.send({ head: endpoint.head, body: '{}', mayRepeat: false })).status).toBe(200);
  expect(hosts).toEqual([`chat.internal:${port}`]);
  await endpoints[Symbol.asyncDispose]();
  server.close();
});

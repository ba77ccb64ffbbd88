import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { metricOf } from './testing/process-metrics.ts';
import { freePort, type ServingProcess, SextantProcess } from './testing/sextant.ts';
import { TickingSubgraph } from './testing/ticking-subgraph.ts';

/** Of the gateway's heap, in MB: little more than its code takes. */
const HEAP_MB = 128;
const AT_ONCE = 200;
const MAX_CLIENTS = 15_000;
const QUIET_MS = 3_600_000;

let subgraph: TickingSubgraph;
let gateway: ServingProcess;
beforeAll(async () => {
  subgraph = await TickingSubgraph.start(QUIET_MS);
  gateway = await SextantProcess.start(['gateway', '--supergraph', subgraph.supergraph], {
    PORT: String(await freePort()),
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB} --max-semi-space-size=2`,
    WS_MAX_SOCKETS_ADDRESS: String(MAX_CLIENTS),
    RATE_LIMIT_ADDRESS: '0',
    RATE_LIMIT_IDENTITY: '0',
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await subgraph[Symbol.asyncDispose]();
});

const inside = new Set<WebSocket>();
const refused: string[] = [];

/** Opens a socket with a subscription: it is inside until it is refused. */
async function join(): Promise<void> {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    perMessageDeflate: false,
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  const refuse = (reason: string): void => {
    inside.delete(socket);
    refused.push(reason);
    resolve();
  };
  socket.on('error', (error) => refuse(error.message));
  socket.on('open', () => socket.send('{"type":"connection_init"}'));
  socket.on('message', (data) => {
    const text = String(data);
    if (text === '{"type":"connection_ack"}') {
      inside.add(socket);
      const payload = { query: 'subscription { ticks(size: 1) { number } }' };
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
      socket.send('{"type":"ping"}');
    } else if (text.startsWith('{"type":"pong"')) resolve();
    else if (text.startsWith('{"id":"1","type":"error"')) {
      refuse(text);
      socket.terminate();
    }
  });
  await promise;
}

it('more clients than memory are refused with what to do; those inside stay, and others come in when they leave', async () => {
  // Some that were let in already are refused their subscription first; then no further sockets are taken.
  const isFull = (): boolean => refused.some((reason) => reason.includes('503'));
  while (!isFull() && inside.size < MAX_CLIENTS) await Promise.all(Array.from({ length: AT_ONCE }, join));
  expect(isFull()).toBe(true);
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
  });
  expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  for (const reason of refused) expect(reason).toMatch(/503|SERVICE_UNAVAILABLE/);
  expect([...inside].filter(({ readyState }) => readyState !== WebSocket.OPEN)).toEqual([]);
  expect(await metricOf(gateway.url, 'sextant_gateway_connections_cut_total', { reason: 'memory' })).toBeGreaterThan(0);

  const isBack = async (): Promise<boolean> => {
    const before = refused.length;
    await join();
    return refused.length === before;
  };
  await Promise.all(
    [...inside].map(async (socket) => {
      socket.close();
      await once(socket, 'close');
    }),
  );
  await expect.poll(isBack, { timeout: 30_000 }).toBe(true);
}, 180_000);

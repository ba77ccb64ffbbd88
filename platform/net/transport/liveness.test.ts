import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { Pool } from 'undici';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Endpoint, Endpoints } from './endpoints.ts';
import { Liveness } from './liveness.ts';

/** Probes that came, and those that were given up. */
let [asked, givenUp] = [0, 0];
/** Resolves at the next one that is given up. */
let lapsed = Promise.withResolvers<void>();
const silent = createServer((_, response) => {
  asked++;
  response.on('close', () => {
    givenUp++;
    lapsed.resolve();
  });
}).listen(0, '127.0.0.1');
await once(silent, 'listening');
const url = new URL(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/graphql`);
const pool = new Pool(url.origin, { connections: 8 });
afterAll(async () => {
  await pool.destroy();
  silent.close();
});

let ahead = 0;
const now = performance.now.bind(performance);
beforeEach(() => {
  [asked, givenUp, ahead] = [0, 0, 0];
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
});
afterEach(() => void vi.restoreAllMocks());
const TEN_MINUTES = 600_000;

/** The watch over one address that answers no probe. */
function watch() {
  const endpoint = { url, inFlight: 0, isStalled: false, answeredAt: 0, busySince: 0, streams: async () => pool };
  const endpoints = { all: [endpoint], isHealthy: () => true } as unknown as Endpoints;
  const told: string[] = [];
  const liveness = new Liveness({
    subgraph: 'shop',
    endpoints,
    log: pino({ level: 'silent' }),
    isOwn: true,
    aloneMs: TEN_MINUTES / 2,
    stalled: () => void told.push('stalled'),
    gone: () => {},
    away: () => void told.push('away'),
  });
  return { liveness, endpoint: endpoint as unknown as Endpoint, told };
}

/** Waits until so many probes were made in vain, and read as that. */
async function inVain(count: number): Promise<void> {
  await expect.poll(() => givenUp, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
  await wait(20);
}

it('the only address is away once it has been silent for long', async () => {
  const { liveness, endpoint, told } = watch();
  liveness.began(endpoint);
  await inVain(1);
  ahead += TEN_MINUTES;
  await inVain(asked + 1);
  expect(told).toContain('away');
  liveness[Symbol.dispose]();
});

it('a silence ends with the work whose caller left: the next one, much later, is another', async () => {
  const { liveness, endpoint, told } = watch();
  liveness.began(endpoint);
  await inVain(1);
  liveness.ended(endpoint, false);
  await wait(200); // looks at it twice and more, and finds no work
  const before = givenUp;
  ahead += TEN_MINUTES;
  liveness.began(endpoint);
  await inVain(before + 1);
  expect(told).toEqual([]);
  liveness[Symbol.dispose]();
});

it('a silence ends with an answer: the next one, much later, is another', async () => {
  const { liveness, endpoint, told } = watch();
  liveness.began(endpoint);
  liveness.began(endpoint);
  lapsed = Promise.withResolvers();
  await lapsed.promise; // and at once, before the next one is made
  const before = asked;
  liveness.ended(endpoint, true);
  ahead += TEN_MINUTES;
  endpoint.answeredAt = performance.now(); // as it has all the while, to others
  await inVain(before + 1);
  expect(told).toEqual([]);
  liveness[Symbol.dispose]();
});

import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { makeSecret } from '#platform/identity/api-key-secret.ts';
import { CountingRateLimiter } from '#platform/identity/limits/counting-rate-limiter.ts';
import { TokenVerifier } from '#platform/identity/token-verifier.ts';
import { MemoryTopics } from '#platform/realtime/topics/memory-topics.ts';
import { startTestGateway } from '../testing/test-gateway.ts';

const LIMIT = 5;
const log = pino({ level: 'silent' });
let lookUps = 0;
const authenticator = new TokenVerifier({
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/revocations') return Response.json({ now: Date.now(), revocations: [] });
    if (pathname.endsWith('jwks.json')) return Response.json({ keys: [] });
    lookUps++;
    return Response.json({ active: false });
  },
  topics: new MemoryTopics({ log, metrics: new Registry() }),
  log,
  issuer: 'sextant',
  audience: 'graph',
  appIssuer: 'http://localhost:4000',
  pollMs: 60_000,
  falseCredentials: { limiter: new CountingRateLimiter({ metrics: new Registry() }), perMinute: LIMIT },
});
const gateway = await startTestGateway({ TRUSTED_PROXIES: '1' }, { authenticator });
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await authenticator[Symbol.asyncDispose]();
});

const graphql = (headers: Record<string, string>) =>
  fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: '{ mine }' }),
  });
const route = (headers: Record<string, string>) => fetch(`${gateway.url}/_/library/files/a`, { headers });

describe('false credentials of one network', () => {
  it.each([
    ['GraphQL over HTTP', graphql, '203.0.113.1'],
    ['a plain route', route, '203.0.113.2'],
  ])('are answered with 429 beyond the limit over %s, and look up nothing more', async (_way, ask, address) => {
    lookUps = 0;
    const statuses: number[] = [];
    for (let index = 0; index < 40; index++) {
      const answer = await ask({ 'x-api-key': makeSecret(), 'x-forwarded-for': address });
      statuses.push(answer.status);
      await answer.text();
    }
    expect(statuses).toEqual([...Array(LIMIT).fill(401), ...Array(40 - LIMIT).fill(429)]);
    expect(lookUps).toBe(LIMIT);
    const bearer = { authorization: 'Bearer garbage', 'x-forwarded-for': address };
    expect((await ask(bearer)).status).toBe(429);
    expect((await ask({ 'x-forwarded-for': address })).status).toBe(200);
    expect((await ask({ authorization: 'Bearer garbage', 'x-forwarded-for': '203.0.113.9' })).status).toBe(401);
  });

  it('are refused on a WebSocket as well, which says so when it closes', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.3' };
    const connect = () =>
      new Promise<string>((resolve, reject) => {
        const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
          headers,
        });
        socket.on('open', () =>
          socket.send(JSON.stringify({ type: 'connection_init', payload: { apiKey: makeSecret() } })),
        );
        socket.on('close', (code, reason) => resolve(`${code} ${reason}`));
        socket.on('error', reject);
      });
    lookUps = 0;
    const ends: string[] = [];
    for (let index = 0; index < 10; index++) ends.push(await connect());
    expect(ends.slice(0, LIMIT).every((end) => end.startsWith('4403 Forbidden: The API key is unknown'))).toBe(true);
    expect(ends.slice(LIMIT).every((end) => end.startsWith('4403 Forbidden: Too many false credentials'))).toBe(true);
    expect(lookUps).toBe(LIMIT);
  });
});

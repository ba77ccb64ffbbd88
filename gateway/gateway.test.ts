import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { createSubgraph } from '#platform/host/host.ts';
import { hostPlatform } from '#platform/host/testing/platform.ts';
import { library } from '#platform/host/testing/subgraph.ts';
import { CountingRateLimiter } from '#platform/identity/limits/counting-rate-limiter.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { fakeAuthenticator, startTestGateway } from './testing/test-gateway.ts';

const { authenticator } = fakeAuthenticator();
const gateway = await startTestGateway(
  {},
  { authenticator, wellKnown: { '/.well-known/file': ['library', '/files/known'] } },
);
const production = await startTestGateway({ NODE_ENV: 'production', CORS_ORIGINS: 'https://app.example' });
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await production[Symbol.asyncDispose]();
});

const post = async (body: unknown, headers: Record<string, string> = {}, url = gateway.url) => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
};

/** 113 characters, all harmless: no browser asks about it. */
const URQL_ACCEPT =
  'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed';

describe('queries over HTTP', () => {
  it('are answered with data, partial data and codes', async () => {
    const answer = await post({
      query: 'query Q($n: String!) { greeting(name: $n) fails(how: "expected") }',
      variables: { n: 'Ada' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      data: { greeting: 'Hello Ada', fails: null },
      errors: [{ path: ['fails'], extensions: { code: 'NOT_FOUND' } }],
    });
  });

  it('keep every character, those of one byte in Latin-1 and of two in UTF-8 as well', async () => {
    for (const n of ['Ada', 'Zoë', 'ÿ\u0080', '日本', '🙂', 'ü'.repeat(20_000)]) {
      const answer = await post({ query: 'query Q($n: String!) { greeting(name: $n) }', variables: { n } });
      expect(answer.body).toEqual({ data: { greeting: `Hello ${n}` } });
    }
  });

  it('carry the identity of a token and of an API key; a wrong token is 401', async () => {
    const mine = { query: '{ mine }' };
    expect((await post(mine, { authorization: 'Bearer ada' })).body.data).toEqual({ mine: 'user' });
    expect((await post(mine, { 'x-api-key': 'ada' })).body.data).toEqual({ mine: 'user' });
    const wrong = await post(mine, { authorization: 'Bearer wrong' });
    expect([wrong.status, wrong.body.errors[0].extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('by GET need a header that a foreign page cannot send, and mutate nothing', async () => {
    const get = (query: string, headers: Record<string, string> = {}) =>
      fetch(`${gateway.url}/graphql?query=${encodeURIComponent(query)}`, { headers });
    expect((await get('{ greeting(name: "x") }')).status).toBe(400);
    const allowed = { 'apollo-require-preflight': 'true' };
    expect(await (await get('{ greeting(name: "x") }', allowed)).json()).toEqual({ data: { greeting: 'Hello x' } });
    expect((await get('mutation { count }', allowed)).status).toBe(405);
  });

  it.each([
    ['a bearer token', 200, { authorization: 'Bearer ada' }],
    ['an API key', 200, { 'x-api-key': 'ada' }],
    ['a content type that browsers ask about', 200, { 'content-type': 'application/json' }],
    // What urql sends by GET, from a page that may call the gateway, and from the gateway's own.
    ['urql’s from an allowed page', 200, { accept: URQL_ACCEPT, origin: 'http://localhost:5173' }],
    ['urql’s from an own page', 200, { accept: URQL_ACCEPT, 'sec-fetch-site': 'same-origin' }],
    ['urql’s from a foreign page', 400, { accept: URQL_ACCEPT, origin: 'https://evil.example' }],
    ['a foreign page’s image', 400, { 'sec-fetch-site': 'cross-site', accept: 'image/avif,*/*' }],
    ['a foreign page’s, which claims to be sandboxed', 400, { origin: 'null', 'sec-fetch-site': 'same-origin' }],
    ['a sibling’s', 400, { 'sec-fetch-site': 'same-site' }],
    ['credentials that a browser adds by itself', 400, { authorization: 'Basic YTpi', 'sec-fetch-site': 'cross-site' }],
    ['a type that browsers do not know', 415, { 'content-type': 'application/x-foo' }],
    ['a type that is none', 415, { 'content-type': 'nonsense' }],
    ['a form’s type, also beside the header', 415, { 'content-type': 'text/plain', 'apollo-require-preflight': '1' }],
  ])('by GET with %s: %i', async (_, status, headers) => {
    const url = `${gateway.url}/graphql?query=${encodeURIComponent('{ greeting(name: "x") }')}`;
    expect((await fetch(url, { headers: headers as Record<string, string> })).status).toBe(status);
  });

  it('that a form could send, or that are batches, or no JSON, are refused by name', async () => {
    expect((await post('query={count}', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    expect((await post([{ query: '{ mine }' }])).body.errors[0].message).toContain('batch');
    expect((await post('{')).body.errors[0].message).toContain('not JSON');
    expect((await post({ query: 7 })).body.errors[0].extensions.argument).toBe('query');
    const large = await post({ query: '{ mine }', variables: { x: 'y'.repeat(600_000) } });
    expect([large.status, large.body.errors[0].extensions.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });
});

describe('the rate of operations', () => {
  it('is held over HTTP: of ten times as many as the limit, the limit is answered and the others are 429', async () => {
    const limiter = new CountingRateLimiter({ metrics: new Registry() });
    const limits = { RATE_LIMIT_ADDRESS: '20', RATE_LIMIT_IDENTITY: '30' };
    const limited = await startTestGateway(limits, { authenticator, limiter });
    const ask = (headers: Record<string, string> = {}) => post({ query: '{ mine }' }, headers, limited.url);
    const statuses = async (count: number, headers?: Record<string, string>) => {
      const tally: Record<number, number> = {};
      for (let index = 0; index < count; index++) {
        const { status } = await ask(headers);
        tally[status] = (tally[status] ?? 0) + 1;
      }
      return tally;
    };
    expect(await statuses(200)).toEqual({ 200: 20, 429: 180 });
    expect(await statuses(25, { authorization: 'Bearer ada' })).toEqual({ 200: 25 });
    expect(await statuses(25, { 'x-api-key': 'ada:one' })).toEqual({ 200: 5, 429: 20 });
    expect(await statuses(25, { 'x-api-key': 'ada:two' })).toEqual({ 429: 25 });
    expect((await ask()).body.errors[0].extensions).toMatchObject({ code: 'RATE_LIMITED' });
    await limited[Symbol.asyncDispose]();
  });
});

describe('what surrounds the graph', () => {
  const get = (path: string, url = gateway.url, headers: Record<string, string> = {}) =>
    fetch(url + path, { headers, redirect: 'manual' });

  it('health, readiness, metrics and the schema', async () => {
    const health = await (await get('/health')).json();
    expect(health).toMatchObject({
      status: 'healthy',
      service: 'gateway',
      dependencies: { library: true },
      checks: { library: { status: 'up' } },
    });
    expect((await get('/ready')).status).toBe(200);
    expect(await (await get('/metrics')).text()).toContain('sextant_gateway_operation_duration_seconds');
    expect(await (await get('/schema.graphql')).text()).toContain('type Query');
  });

  it.each(['0', '1'])('metrics are not for those who come through a proxy, %s of them trusted', async (trusted) => {
    const behind = await startTestGateway({ TRUSTED_PROXIES: trusted });
    expect((await get('/metrics', behind.url)).status).toBe(200);
    for (const header of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via', 'x-forwarded-proto']) {
      expect((await get('/metrics', behind.url, { [header]: '203.0.113.7' })).status).toBe(404);
    }
    await behind[Symbol.asyncDispose]();
  });

  it('plain routes of subgraphs, also under a well-known path', async () => {
    const headers = { authorization: 'Bearer ada' };
    expect(await (await get('/_/library/files/a', gateway.url, headers)).json()).toEqual({ name: 'a', who: 'user' });
    expect(await (await get('/.well-known/file')).json()).toEqual({ name: 'known', who: 'anonymous' });
    expect((await get('/_/unknown/files')).status).toBe(404);
  });

  it('the explorer, in development, where a browser at /graphql is sent too', async () => {
    expect(await (await get('/explorer')).text()).toContain('/explorer/page.js');
    for (const [path, location] of [
      ['/graphql', '/explorer'],
      ['/', '/explorer'],
      ['/favicon.ico', '/explorer/icon.svg'],
    ]) {
      const page = await get(path!, gateway.url, { accept: 'text/html' });
      expect([page.status, page.headers.get('location')]).toEqual([302, location]);
    }
  });

  it('in production a browser at /graphql gets a page that loads nothing from anywhere', async () => {
    const page = await get('/graphql', production.url, { accept: 'text/html' });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).not.toMatch(/<script|<link|<img|<iframe|https?:|@import|url\(/i);
  });

  it('in production: no introspection, no suggestions, no explorer, no schema', async () => {
    const introspection = await post({ query: '{ __schema { types { name } } }' }, {}, production.url);
    expect(introspection.body.errors).toBeTruthy();
    expect(introspection.body.data).toBeUndefined();
    const misspelt = await post({ query: '{ greting(name: "x") }' }, {}, production.url);
    expect(misspelt.body.errors[0].message).toContain('greting');
    expect(JSON.stringify(misspelt.body)).not.toContain('greeting');
    expect((await get('/explorer', production.url)).status).toBe(404);
    expect((await get('/schema.graphql', production.url)).status).toBe(404);
  });

  it('CORS: listed origins, and in development this machine and Apollo Studio', async () => {
    const preflight = (url: string, origin: string) =>
      fetch(`${url}/graphql`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      }).then(({ headers }) => headers.get('access-control-allow-origin'));
    expect(await preflight(gateway.url, 'http://localhost:5173')).toBe('http://localhost:5173');
    expect(await preflight(gateway.url, 'https://studio.apollographql.com')).toBe('https://studio.apollographql.com');
    expect(await preflight(gateway.url, 'https://evil.example')).toBeNull();
    expect(await preflight(production.url, 'https://app.example')).toBe('https://app.example');
    expect(await preflight(production.url, 'http://localhost:5173')).toBeNull();
  });
});

it('a port that is taken is said in one line', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  await expect(startTestGateway({ PORT: String(port) })).rejects.toThrow(
    new RegExp(`^Port ${port} on 127.0.0.1 is in use\\. .*PORT=<port>\\.$`),
  );
  taken.close();
});

it('a running request is answered while the gateway drains, and none after it', async () => {
  const { transport } = await createSubgraph(library, hostPlatform());
  const drains = Promise.withResolvers<void>();
  let arrived = 0;
  const held: SubgraphTransport = {
    ...transport,
    async execute(request) {
      arrived++;
      await drains.promise;
      return transport.execute(request);
    },
  };
  const stopping = await startTestGateway(
    { SHUTDOWN_TIMEOUT_MS: '60000' },
    { transports: new Map([['library', held]]) },
  );
  const names = Array.from({ length: 20 }, (_, index) => `x${index}`);
  const answers = Promise.all(names.map((name) => post({ query: `{ greeting(name: "${name}") }` }, {}, stopping.url)));
  await expect.poll(() => arrived, { timeout: 20_000 }).toBe(20);
  const stopped = stopping[Symbol.asyncDispose]();
  drains.resolve();
  expect((await answers).map(({ body }) => body)).toEqual(
    names.map((name) => ({ data: { greeting: `Hello ${name}` } })),
  );
  await stopped;
  await expect(fetch(`${stopping.url}/health`)).rejects.toThrow();
});

it('a stopping gateway fails no request: it ends kept connections after an answer, and balancers look elsewhere', async () => {
  const stopping = await startTestGateway({ SHUTDOWN_TIMEOUT_MS: '8000', RATE_LIMIT_ADDRESS: '0' });
  await post({ query: '{ greeting(name: "warm") }' }, {}, stopping.url);
  let stop = false;
  const answers = Array.from({ length: 10 }, () => 0);
  const failures: unknown[] = [];
  const clients = answers.map(async (_, client) => {
    while (!stop) {
      try {
        const { body, headers } = await post({ query: '{ greeting(name: "x") }' }, {}, stopping.url);
        if (body.data?.greeting === 'Hello x') answers[client]!++;
        else failures.push(body);
        if (headers.get('connection') === 'close') return;
      } catch (error) {
        failures.push(error);
      }
    }
  });
  // Each has a connection that is kept.
  await expect.poll(() => Math.min(...answers), { timeout: 20_000 }).toBeGreaterThan(0);
  const before = answers.reduce((sum, one) => sum + one);
  await stopping[Symbol.asyncDispose]();
  stop = true;
  await Promise.all(clients);
  expect(failures).toEqual([]);
  expect(answers.reduce((sum, one) => sum + one)).toBeGreaterThan(before);
});

describe('with plugins of Apollo Server', () => {
  it('operations pass its pipeline, with the same answers and the same policies', async () => {
    const seen: string[] = [];
    const observed = await startTestGateway(
      {},
      {
        authenticator,
        apolloPlugins: [
          {
            requestDidStart: async () => ({
              async willSendResponse({ operationName, response }) {
                seen.push(`${operationName} ${response.body.kind}`);
              },
            }),
          },
        ],
      },
    );
    const request = {
      query: 'query Q($n: String!) { greeting(name: $n) mine fails(how: "expected") }',
      variables: { n: 'Ada' },
    };
    const plain = await post(request);
    const through = await post(request, {}, observed.url);
    expect([through.status, through.body.data]).toEqual([plain.status, plain.body.data]);
    const codes = (body: { errors: { extensions: { code: string } }[] }) =>
      body.errors.map((error) => error.extensions.code);
    expect(codes(through.body).sort()).toEqual(codes(plain.body).sort());
    expect(seen).toEqual(['Q single']);
    const flood = `{ ${Array.from({ length: 200 }, (_, i) => `a${i}: __typename`).join(' ')} }`;
    expect((await post({ query: flood }, {}, observed.url)).body.errors[0].extensions.code).toBe(
      'OPERATION_TOO_COMPLEX',
    );
    expect(seen).toHaveLength(1);
    await observed[Symbol.asyncDispose]();
  });

  it('persisted operations pass it as well: by their hash, and with it', async () => {
    const seen: unknown[] = [];
    await using observed = await startTestGateway(
      {},
      {
        authenticator,
        apolloPlugins: [{ requestDidStart: async ({ request }) => void seen.push(request.query) }],
      },
    );
    const query = 'query Q {\n  greeting(name: "Ada")\n}';
    const extensions = {
      persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') },
    };
    const unknown = await post({ extensions }, {}, observed.url);
    expect(unknown.body.errors[0].extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND');
    for (const request of [{ query, extensions }, { extensions }]) {
      const { body } = await post(request, {}, observed.url);
      expect(body).toEqual({ data: { greeting: 'Hello Ada' } });
    }
    expect(seen).toEqual([query, query]);
  });
});

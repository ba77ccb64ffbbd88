import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Flights } from './request/flights.ts';
import { composeForeign, startForeignSubgraph } from './testing/foreign-subgraph.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated", "@requiresScopes"])\n';
const seen = (_: unknown, __: unknown, headers: object) => JSON.stringify(headers);
const shop = await startForeignSubgraph(
  'shop',
  `${LINK}
  type Query {
    seen: String
    open: String
    mine: String @authenticated
    stock: String @requiresScopes(scopes: [["stock:read"]])
    fails: String
    sorted(by: Order, like: Like): String
  }
  enum Order { NEWEST }
  input Like { secret: String }`,
  {
    Query: {
      seen,
      open: () => 'open',
      mine: () => 'mine',
      stock: () => 'stock',
      fails: () => {
        throw new Error('db password is hunter2');
      },
    },
  },
);
const stock = await startForeignSubgraph('stock', `${LINK}type Query { other: String }`, { Query: { other: seen } });
const sdl = composeForeign([shop, stock]);
const folder = mkdtempSync(path.join(tmpdir(), 'gateway-file-'));
const cleanup = new AsyncDisposableStack();
cleanup.use(shop);
cleanup.use(stock);
afterAll(() => cleanup.disposeAsync());
beforeEach(() => {
  shop.requests.length = 0;
  stock.requests.length = 0;
});

let files = 0;
async function serve(yaml: string | undefined, env: Record<string, string> = {}) {
  const file = path.join(folder, `gateway-${files++}.yaml`);
  if (yaml !== undefined) writeFileSync(file, yaml);
  const gateway = cleanup.use(
    await startTestGateway(env, {
      supergraph: { sdl },
      transports: new Map(),
      ...(yaml !== undefined && { file }),
    }),
  );
  const ask = async (query: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    return {
      status: response.status,
      headers: response.headers,
      ...((await response.json()) as {
        data?: Record<string, string | null> | null;
        errors?: { message: string; path?: unknown; extensions: Record<string, unknown> }[];
      }),
    };
  };
  return { gateway, file, ask };
}
type Asked = Awaited<ReturnType<Awaited<ReturnType<typeof serve>>['ask']>>;
const headersIn = ({ data }: Asked, field = 'seen') => JSON.parse(data![field]!) as Record<string, string>;

describe('headers of requests', () => {
  it('go on by name, by pattern, renamed, with a default; are inserted and removed; of all and of one subgraph', async () => {
    const { ask } = await serve(`
      all:
        headers:
          request:
            - propagate: X-Tenant
            - propagate: { matching: "^x-shop-" }
            - insert: x-env
              value: test
      subgraphs:
        stock:
          headers:
            request:
              - propagate: x-user
                rename: x-owner
                default: guest
              - remove: { matching: "^x-shop-secret" }
    `);
    const given = { 'x-tenant': 'a', 'x-shop-id': '7', 'x-shop-secret': 's', authorization: 'Bearer t', cookie: 'c=1' };
    const answer = await ask('{ seen other }', given);
    expect(headersIn(answer)).toMatchObject({
      'x-tenant': 'a',
      'x-shop-id': '7',
      'x-shop-secret': 's',
      'x-env': 'test',
    });
    expect(headersIn(answer)).not.toHaveProperty('authorization');
    expect(headersIn(answer)).not.toHaveProperty('x-owner');
    expect(headersIn(answer, 'other')).toMatchObject({ 'x-tenant': 'a', 'x-shop-id': '7', 'x-owner': 'guest' });
    expect(headersIn(answer, 'other')).not.toHaveProperty('x-shop-secret');
    expect(headersIn(await ask('{ other }', { 'x-user': 'ada' }), 'other')).toMatchObject({ 'x-owner': 'ada' });
  });

  it('what the client says of its own address is replaced; what a trusted proxy says is kept', async () => {
    const { ask } = await serve(undefined);
    expect(headersIn(await ask('{ seen }', { 'x-forwarded-for': '6.6.6.6' }))['x-forwarded-for']).toBe('127.0.0.1');
    const behind = await serve(undefined, { TRUSTED_PROXIES: '1' });
    expect(headersIn(await behind.ask('{ seen }', { 'x-forwarded-for': '6.6.6.6, 9.9.9.9' }))['x-forwarded-for']).toBe(
      '9.9.9.9, 127.0.0.1',
    );
  });

  it('a pattern reaches no header of the connection, nor what the gateway writes itself', async () => {
    const { ask } = await serve('all: { headers: { request: [{ propagate: { matching: "." } }] } }');
    const {
      host,
      'content-length': length,
      ...rest
    } = headersIn(await ask('{ seen }', { 'x-a': '1', 'x-sextant-identity': 'root', te: 'trailers' }));
    expect(rest).toMatchObject({ 'x-a': '1' });
    expect(Object.keys(rest)).not.toEqual(expect.arrayContaining(['x-sextant-identity']));
    expect(Object.keys(rest)).not.toEqual(expect.arrayContaining(['te']));
    expect(host).toBe(new URL(shop.url).host);
    expect(Number(length)).toBeGreaterThan(0);
  });
});

describe('equal queries of different clients', () => {
  const together = async (
    ask: (query: string, headers: Record<string, string>) => Promise<Asked>,
    ...all: object[]
  ) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    shop.gate = promise;
    await ask('{ __typename }', {});
    // However long it takes until the last one asks, the first one began just before.
    const { running } = Flights.prototype;
    const looks = vi.spyOn(Flights.prototype, 'running').mockImplementation(function (this: Flights<unknown>, key) {
      return running.call(this, key, 0);
    });
    onTestFinished(() => looks.mockRestore());
    const asked = all.map((headers) => ask('{ open }', headers as Record<string, string>));
    await expect.poll(() => shop.requests.length).toBeGreaterThan(0);
    // Each looks for an equal one.
    await expect.poll(() => looks.mock.calls.length).toBeGreaterThanOrEqual(all.length);
    resolve();
    await Promise.all(asked);
    return shop.requests.length;
  };

  it('are executed once when they differ in their browsers alone', async () => {
    const { ask } = await serve(undefined);
    await ask('{ open }');
    shop.requests.length = 0;
    expect(await together(ask, { 'user-agent': 'a' }, { 'user-agent': 'b' }, { 'user-agent': 'a' })).toBe(1);
  });

  it.each([['authorization'], ['cookie'], ['accept-language'], ['x-api-key']])('are kept apart by %s', async (name) => {
    const { ask } = await serve(undefined);
    await ask('{ open }');
    shop.requests.length = 0;
    const asked = await Promise.all([ask('{ seen }', { [name]: 'a' }), ask('{ seen }', { [name]: 'b' })]);
    expect(asked.map((answer) => headersIn(answer)[name])).toEqual(['a', 'b']);
  });

  it('are kept apart by what gateway.yaml names, and by nothing else', async () => {
    const { ask } = await serve(`
      all: { headers: { request: [{ propagate: x-tenant }, { propagate: accept-language }] } }
      vary: [x-tenant]
    `);
    const tenants = await Promise.all(['a', 'b'].map((tenant) => ask('{ seen }', { 'x-tenant': tenant })));
    expect(tenants.map((answer) => headersIn(answer)['x-tenant'])).toEqual(['a', 'b']);
    shop.requests.length = 0;
    expect(await together(ask, { 'accept-language': 'de' }, { 'accept-language': 'fr' })).toBe(1);
  });
});

describe('one person’s answer', () => {
  it.each([
    ['authorization', ''],
    ['cookie', ''],
    ['x-api-key', ''],
    ['authorization', 'deduplicate: true'],
  ])('is not another’s, though answers are said not to vary on %s %s', async (name, more) => {
    const { ask } = await serve(`
      all: { headers: { request: [{ propagate: x-tenant }, { propagate: ${name} }] }${more && `, ${more}`} }
      vary: [x-tenant]
    `);
    const queries = more ? ['query A { seen }', 'query B { seen }'] : ['{ seen }', '{ seen }'];
    for (const query of queries) await ask(query);
    const asked = await Promise.all(['ann', 'bob'].map((who, n) => ask(queries[n]!, { [name]: who })));
    expect(asked.map((answer) => headersIn(answer)[name])).toEqual(['ann', 'bob']);
  });
});

describe('errors of subgraphs', () => {
  it('are shown in development, redacted in production, and as gateway.yaml says', async () => {
    const [development, production, open, closed] = await Promise.all([
      serve(undefined),
      serve(undefined, { NODE_ENV: 'production' }),
      serve('subgraphs: { shop: { errors: pass } }', { NODE_ENV: 'production' }),
      serve('all: { errors: redact }'),
    ]);
    for (const { ask } of [development, open]) {
      expect((await ask('{ fails }')).errors![0]!.message).toBe('db password is hunter2');
    }
    for (const { ask } of [production, closed]) {
      const answer = await ask('{ fails open }');
      expect(answer.data).toEqual({ fails: null, open: 'open' });
      expect(answer.errors).toEqual([
        {
          message: 'The subgraph reported an error; the log of the gateway has it.',
          path: ['fails'],
          extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' },
        },
      ]);
    }
  });
});

it('what is wrong with a variable suggests no names in production', async () => {
  const messages = async ({ gateway }: Awaited<ReturnType<typeof serve>>) => {
    const query = 'query($by: Order, $like: Like) { sorted(by: $by, like: $like) }';
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { by: 'NEWES', like: { secre: 'x' } } }),
    });
    return ((await response.json()) as { errors: { message: string }[] }).errors.map(({ message }) => message).join();
  };
  expect(await messages(await serve(undefined))).toMatch(/Did you mean.*NEWEST.*Did you mean.*secret/);
  const told = await messages(await serve(undefined, { NODE_ENV: 'production' }));
  expect(told).toMatch(/does not exist in "Order" enum\..*is not defined by type "Like"\./);
  expect(told).not.toMatch(/NEWEST|secret/);
});

describe('tokens of another issuer', () => {
  it('open what they are for, and nothing without', async () => {
    const [known, strange] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    const jwk = { ...(await exportJWK(known.publicKey)), kid: 'k', alg: 'ES256' };
    let isDown = false;
    const issuer = createServer((_, response) => {
      if (isDown) return void response.writeHead(500).end();
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }));
    }).listen(0, '127.0.0.1');
    cleanup.defer(() => void issuer.close());
    await new Promise((resolve) => issuer.once('listening', resolve));
    const jwks = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json`;
    const token = (
      claims: object,
      { key = known.privateKey, kid = 'k', exp = '5m', iss = 'https://issuer.test' } = {},
    ) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setIssuer(iss)
        .setAudience('shop')
        .setExpirationTime(exp)
        .sign(key);
    const yaml = `
      authentication:
        issuers: [{ jwks: "${jwks}", issuer: "https://issuer.test", audience: shop }]
        cookie: session
        claims: { roles: realm.roles }
      all:
        headers:
          request:
            - { insert: x-user, claim: sub }
            - { insert: x-tenant, claim: org.tenant }
    `;
    const { ask } = await serve(yaml);
    const as = async (...given: Parameters<typeof token>) => ({ authorization: `Bearer ${await token(...given)}` });

    const anonymous = await ask('{ open mine }');
    expect(anonymous.data).toEqual({ open: 'open', mine: null });
    expect(anonymous.errors![0]!.extensions['code']).toBe('UNAUTHENTICATED');

    const ada = await as({ sub: 'ada', org: { tenant: 'acme' } });
    expect((await ask('{ mine stock }', ada)).data).toEqual({ mine: 'mine', stock: null });
    expect((await ask('{ stock }', await as({ sub: 'bo', scope: 'stock:read other' }))).data).toEqual({
      stock: 'stock',
    });
    expect(headersIn(await ask('{ seen }', ada))).toMatchObject({ 'x-user': 'ada', 'x-tenant': 'acme' });
    expect((await ask('{ mine }', { cookie: `a=b; session=${await token({ sub: 'cy' })}` })).data).toEqual({
      mine: 'mine',
    });
    // Claims are what the issuer says, whatever headers the client sends.
    const forged = headersIn(await ask('{ seen }', { ...ada, 'x-user': 'root' }));
    expect(forged['x-user']).toBe('ada');

    const refused = await Promise.all([
      as({ sub: 'eve' }, { key: strange.privateKey }),
      as({ sub: 'eve' }, { iss: 'https://evil.test' }),
      as({ sub: 'eve' }, { exp: '-1m' }),
      as({}),
      { authorization: 'Bearer nonsense' },
      {
        authorization: `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"root"}').toString('base64url')}.`,
      },
    ]);
    for (const headers of refused) {
      const answer = await ask('{ open }', headers);
      expect([answer.data, answer.errors?.[0]?.extensions['code']]).toEqual([undefined, 'UNAUTHENTICATED']);
    }

    isDown = true;
    const cold = await serve(yaml);
    expect((await cold.ask('{ open }', ada)).errors![0]!.extensions['code']).toBe('SERVICE_UNAVAILABLE');
    expect((await cold.ask('{ open }')).data).toEqual({ open: 'open' });

    const closed = await serve(`${yaml}`.replace('cookie: session', 'required: true'));
    expect((await closed.ask('{ open }')).errors![0]!.extensions['code']).toBe('UNAUTHENTICATED');
  });
});

describe('gateway.yaml', () => {
  it('is followed while it changes, and a broken one changes nothing', async () => {
    const { ask, file } = await serve('all: { headers: { request: [{ insert: x-env, value: one }] } }');
    expect(headersIn(await ask('{ seen }'))['x-env']).toBe('one');
    writeFileSync(file, 'all: { headers: { request: [{ insert: x-env, value: two }] }, tries: 1 }');
    await expect.poll(async () => headersIn(await ask('{ seen }'))['x-env'], { timeout: 15_000 }).toBe('two');
    writeFileSync(file, 'all: { headers: { request: [{ inject: x-env }] } }');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(headersIn(await ask('{ seen }'))['x-env']).toBe('two');
  });

  it('says for which subgraphs it has settings that the supergraph does not have', async () => {
    const lines: string[] = [];
    const file = path.join(folder, 'strangers.yaml');
    writeFileSync(file, 'subgraphs: { Shop: { errors: redact }, stock: { tries: 1 } }');
    const gateway = cleanup.use(
      await startTestGateway(
        {},
        {
          supergraph: { sdl },
          transports: new Map(),
          file,
          log: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }),
        },
      ),
    );
    expect(lines.join('')).toMatch(/"subgraphs":\["Shop"\],"known":\["shop","stock"\]/);
    lines.splice(0);
    writeFileSync(file, 'subgraphs: { shop: { errors: redact } }');
    await gateway.reload();
    expect(lines).toEqual([]);
    writeFileSync(file, 'subgraphs: { shop: { errors: pass }, gone: {} }');
    await gateway.reload();
    expect(lines.join('')).toContain('"subgraphs":["gone"]');
  });

  it.each([
    ['all: { header: {} }', /all has header, which is not a setting/],
    ['all: { timeout_ms: 5 }', /all\.timeout_ms is wrong; allowed: .*50 to 600000|all\.timeout_ms is wrong; allowed: /],
    [
      'all: { headers: { request: [{ propagate: "a b" }] } }',
      /all\.headers\.request\.0\.propagate is wrong; allowed: the name of a header/,
    ],
    ['all: { headers: { request: [{ propagate: content-length }] } }', /request\.0\.propagate is wrong; allowed: /],
    [
      'all: { headers: { request: [{ propagate: { matching: "(" } }] } }',
      /request\.0\.propagate\.matching is wrong; allowed: a regular expression/,
    ],
    ['all: { headers: { request: [{ insert: x-a }] } }', /either `value` or `claim`/],
    ['all: { headers: { request: [{ insert: x-a, value: "a\\nb" }] } }', /a text in one line/],
    [
      'subgraphs: { shop: { urls: ["ftp://x"] } }',
      /subgraphs\.shop\.urls\.0 is wrong; allowed: a URL that begins with http/,
    ],
    ['authentication: { issuers: [] }', /authentication\.issuers is wrong; allowed: a list of one or more issuers/],
    ['all: [', /is not YAML/],
    [`all: { errors: "\${env.NOT_THERE_AT_ALL}" }`, /NOT_THERE_AT_ALL is not in the environment/],
  ])('%s is refused with the place and what is allowed', async (yaml, message) => {
    await expect(serve(yaml)).rejects.toThrow(message);
  });
});

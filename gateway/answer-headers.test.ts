import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parseGatewayFile } from './settings/read-gateway-file.ts';
import { composeForeign, startForeignSubgraph } from './testing/foreign-subgraph.ts';
import { fakeAuthenticator, startTestGateway } from './testing/test-gateway.ts';

const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());
const failing = () => {
  throw new Error('no');
};
const shop = cleanup.use(
  await startForeignSubgraph('shop', 'type Query { a: String fails: String } type Mutation { change: String }', {
    Query: { a: () => 'a', fails: failing },
    Mutation: { change: () => 'changed' },
  }),
);
const stock = cleanup.use(await startForeignSubgraph('stock', 'type Query { b: String }', { Query: { b: () => 'b' } }));
const sdl = composeForeign([shop, stock]);
const folder = mkdtempSync(path.join(tmpdir(), 'answer-headers-'));
let files = 0;

beforeEach(() => {
  for (const subgraph of [shop, stock]) {
    subgraph.requests.length = 0;
    subgraph.answerHeaders = {};
    subgraph.gate = Promise.resolve();
  }
});

async function serve(yaml: string, options: object = {}) {
  const file = path.join(folder, `gateway-${files++}.yaml`);
  writeFileSync(file, yaml);
  const gateway = cleanup.use(
    await startTestGateway({}, { supergraph: { sdl }, transports: new Map(), file, ...options }),
  );
  return (query: string, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
}
const ALL = 'all: { headers: { response: [{ propagate: { matching: "." } }] } }';
const CACHING = 'all: { headers: { response: [{ propagate: cache-control }, { propagate: set-cookie }] } }';

describe('headers of answers', () => {
  it('come back by name, by pattern, renamed, with a default; are inserted and removed; of all and of one subgraph', async () => {
    const ask = await serve(`
      all:
        headers:
          response:
            - propagate: { matching: "^x-shop-" }
            - propagate: X-Node
              rename: x-served-by
              default: unknown
            - insert: x-zone
              value: eu
      subgraphs:
        stock:
          headers:
            response:
              - remove: { matching: "^x-shop-secret" }
    `);
    const told = { 'X-Shop-Id': '7', 'x-shop-secret': 's', 'x-other': 'o', 'x-node': 'n1' };
    shop.answerHeaders = { ...told, 'x-node': 'n2' };
    stock.answerHeaders = told;
    const both = (await ask('{ a b }')).headers;
    expect(both.get('x-shop-id')).toBe('7');
    expect(both.get('x-shop-secret')).toBe('s');
    expect(both.get('x-served-by')).toBe('n2, n1');
    expect(both.get('x-zone')).toBe('eu');
    expect(both.has('x-other')).toBe(false);
    expect(both.has('x-node')).toBe(false);
    const one = (await ask('{ b }')).headers;
    expect(one.has('x-shop-secret')).toBe(false);
    stock.answerHeaders = {};
    expect((await ask('{ b }')).headers.get('x-served-by')).toBe('unknown');
  });

  it('none comes back without a rule, and no pattern shows those of the connection, of a server or of an origin', async () => {
    const hidden = {
      'x-powered-by-shop': '1',
      connection: 'keep-alive',
      server: 'shop',
      etag: '"1"',
      vary: 'x-tenant',
      'content-language': 'de',
      'strict-transport-security': 'max-age=1',
      'access-control-allow-origin': '*',
      'content-security-policy': 'default-src *',
      'cdn-cache-control': 'max-age=99',
      'x-request-id': 'theirs',
    };
    shop.answerHeaders = hidden;
    const silent = await (await serve('all: { tries: 2 }'))('{ a }');
    const open = await (await serve(ALL))('{ a }');
    expect(silent.headers.has('x-powered-by-shop')).toBe(false);
    expect(open.headers.get('x-powered-by-shop')).toBe('1');
    for (const name of Object.keys(hidden).slice(2)) {
      expect([name, open.headers.get(name)]).not.toEqual([name, hidden[name as keyof typeof hidden]]);
    }
  });

  it('a rule that names such a header is refused with what is allowed', () => {
    for (const rule of ['propagate: etag', 'insert: content-encoding, value: br', 'propagate: x-a, rename: vary']) {
      expect(() => parseGatewayFile(`all: { headers: { response: [{ ${rule} }] } }`, 'gateway.yaml', {})).toThrow(
        /all\.headers\.response\.0.* is wrong; allowed: /,
      );
    }
  });

  it('a subgraph can fill no head: what is beyond 8,192 characters is left out', async () => {
    shop.answerHeaders = { 'x-a': 'a'.repeat(8_000), 'x-b': 'b'.repeat(500) };
    const { headers } = await (await serve(ALL))('{ a }');
    expect(headers.has('x-a')).toBe(true);
    expect(headers.has('x-b')).toBe(false);
  });

  it('come with an answer as server-sent events too', async () => {
    shop.answerHeaders = { 'set-cookie': 'a=1', 'cache-control': 'max-age=60, public' };
    const answer = await (await serve(CACHING))('{ a }', { accept: 'text/event-stream' });
    expect(answer.headers.getSetCookie()).toEqual(['a=1']);
    expect(answer.headers.get('cache-control')).toMatch(/no-store/);
  });
});

describe('cookies', () => {
  it('of all subgraphs go on, each as a line of its own, and such an answer is not kept', async () => {
    const ask = await serve(CACHING);
    shop.answerHeaders = { 'set-cookie': ['a=1; Path=/', 'b=2'], 'cache-control': 'max-age=60, public' };
    stock.answerHeaders = { 'set-cookie': ['c=3'], 'cache-control': 'max-age=60, public' };
    const { headers } = await ask('{ a b }');
    expect(headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2', 'c=3']);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('belong to one client: of equal queries that run together each gets its own, none that of another', async () => {
    const ask = await serve(CACHING);
    let n = 0;
    shop.answerHeaders = () => ({ 'set-cookie': `session=${++n}` });
    const gate = Promise.withResolvers<void>();
    shop.gate = gate.promise;
    const answers = Array.from({ length: 5 }, () => ask('{ a }'));
    await expect.poll(() => shop.requests.length).toBeGreaterThan(0);
    gate.resolve();
    const cookies = (await Promise.all(answers)).map(({ headers }) => headers.getSetCookie().join());
    expect(new Set(cookies).size).toBe(5);
    expect(cookies).not.toContain('');
    expect(shop.requests).toHaveLength(5);
  });

  it('renamed, they are still for one client', async () => {
    const ask = await serve('all: { headers: { response: [{ propagate: set-cookie, rename: x-session }] } }');
    let n = 0;
    shop.answerHeaders = () => ({ 'set-cookie': `session=${++n}` });
    const gate = Promise.withResolvers<void>();
    shop.gate = gate.promise;
    const answers = [ask('{ a }'), ask('{ a }')];
    await expect.poll(() => shop.requests.length).toBeGreaterThan(0);
    gate.resolve();
    const tokens = (await Promise.all(answers)).map(({ headers }) => headers.get('x-session'));
    expect(new Set(tokens).size).toBe(2);
  });
});

describe('cache-control', () => {
  const of = async (query: string, options: object = {}, yaml = CACHING) => {
    const answer = await (await serve(yaml, options))(query, { authorization: 'Bearer ann' });
    return [answer.headers.get('cache-control'), answer.headers.get('vary')?.toLowerCase() ?? ''] as const;
  };

  it('is the strictest of all subgraphs', async () => {
    shop.answerHeaders = { 'cache-control': 'max-age=60, public' };
    stock.answerHeaders = { 'cache-control': 'public, max-age=30' };
    expect((await of('{ a b }'))[0]).toBe('max-age=30, public');
    stock.answerHeaders = { 'cache-control': 'private, max-age=90' };
    expect((await of('{ a b }'))[0]).toBe('max-age=60, private');
    stock.answerHeaders = { 'cache-control': 'no-store' };
    expect((await of('{ a b }'))[0]).toBe('no-store');
  });

  it('forbids to keep what a subgraph says nothing of, an error, or the answer to a mutation', async () => {
    shop.answerHeaders = { 'cache-control': 'max-age=60, public' };
    expect((await of('{ a }'))[0]).toBe('max-age=60, public');
    expect((await of('{ a b }'))[0]).toBe('no-store');
    expect((await of('{ a fails }'))[0]).toBe('no-store');
    expect((await of('mutation { change }'))[0]).toBe('no-store');
    expect((await of('{ nothing }'))[0]).toBe('no-store');
    const silent = 'subgraphs: { stock: { headers: { response: [{ propagate: cache-control }] } } }';
    expect((await of('{ a }', {}, silent))[0]).toBe('no-store');
  });

  it('says what the answer depends on, and that of a client who is known it is private', async () => {
    shop.answerHeaders = { 'cache-control': 'max-age=60, public' };
    const [, vary] = await of('{ a }');
    for (const name of ['authorization', 'cookie', 'accept-language', 'accept', 'origin']) expect(vary).toContain(name);
    expect((await of('{ a }', fakeAuthenticator()))[0]).toBe('max-age=60, private');
    const byPattern =
      'all: { headers: { request: [{ propagate: { matching: "^x-" } }], response: [{ propagate: cache-control }] } }';
    expect((await of('{ a }', {}, byPattern))[1]).toBe('*');
  });
});

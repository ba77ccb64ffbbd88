import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryCache } from '#platform/realtime/cache/memory-cache.ts';
import { RedisCache } from '#platform/realtime/cache/redis-cache.ts';
import { connectTestRedis, faultProxy, REDIS_TEST_URL, testPrefix } from '#platform/realtime/redis/testing/redis.ts';
import type { GatewayOptions } from './gateway.ts';
import { composeForeign, startForeignSubgraph } from './testing/foreign-subgraph.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());
const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@cacheTag"])\n`;
/** What the subgraphs tell of a user; it changes with every mutation. */
const state = { version: 1, missing: new Set<string>(), failing: false };
const secretOf = (headers: { authorization?: string }) => headers.authorization ?? 'anonymous';
const users = cleanup.use(
  await startForeignSubgraph(
    'users',
    `${LINK}type Query { users: [User!]! user(id: ID!): User @cacheTag(format: "user-{$args.id}") whoami: String }
    type Mutation { change: User }
    type User @key(fields: "id") { id: ID! name: String }`,
    {
      Query: {
        users: () => ['1', '2'].map(user),
        user: (_: unknown, { id }: { id: string }) => user(id),
        whoami: (_: unknown, __: unknown, headers: object) => secretOf(headers),
      } as never,
      Mutation: {
        change() {
          state.version++;
          return user('1');
        },
      },
    },
  ),
);
const reviews = cleanup.use(
  await startForeignSubgraph(
    'reviews',
    `${LINK}type Query { top: Int }
    type User @key(fields: "id") @cacheTag(format: "reviews-{$key.id}") {
      id: ID! score: Int note: String secret: String rank: Int!
    }`,
    {
      Query: { top: () => 1 },
      User: {
        __resolveReference: ({ id }: { id: string }) => (state.missing.has(id) ? null : { id }),
        score: ({ id }: { id: string }) => Number(id) * 100 + state.version,
        note: () => {
          if (state.failing) throw new Error('no');
          return `note ${state.version}`;
        },
        secret: (_: unknown, __: unknown, headers: object) => secretOf(headers),
        rank: () => state.version,
      },
    },
  ),
);
function user(id: string) {
  return { id, name: `user ${id} v${state.version}` };
}
const sdl = composeForeign([users, reviews]);
const folder = mkdtempSync(path.join(tmpdir(), 'answer-cache-'));
const SECRET = 'a-secret-of-the-operator';
let files = 0;

beforeEach(() => {
  state.version = 1;
  state.missing.clear();
  state.failing = false;
  users.answerHeaders = { 'cache-control': 'public, max-age=600' };
  reviews.answerHeaders = { 'cache-control': 'public, max-age=600' };
  reviews.rewrite = (answer) => answer;
});

async function serve(yaml = 'all: { cache: { enabled: true } }', options: Partial<GatewayOptions> = {}) {
  const file = path.join(folder, `gateway-${files++}.yaml`);
  writeFileSync(file, yaml.replace('SECRET', SECRET));
  const metrics = new Registry();
  const gateway = cleanup.use(
    await startTestGateway({}, { supergraph: { sdl }, transports: new Map(), file, metrics, ...options }),
  );
  const ask = async (query: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    return (await answer.json()) as { data: never; errors?: unknown[] };
  };
  /** Requests that reached the subgraphs for one operation. */
  const asked = async (query: string, headers: Record<string, string> = {}) => {
    users.requests.length = 0;
    reviews.requests.length = 0;
    const answer = await ask(query, headers);
    return { ...answer, sent: [users.requests.length, reviews.requests.length] };
  };
  const invalidate = async (body: unknown, secret = SECRET) => {
    const answer = await fetch(`${gateway.url}/cache/invalidate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body: JSON.stringify(body),
    });
    return { status: answer.status, ...((await answer.json()) as object) };
  };
  return { ask, asked, invalidate, gateway, file, metrics };
}
const ALL = '{ users { name score } }';
const INVALIDATED = 'all: { cache: { enabled: true } }\ncache: { invalidation_secret: "SECRET" }';
/** Most need no more than this, empty. */
const shared = await serve(INVALIDATED);
beforeEach(() => shared.invalidate({ subgraphs: ['users', 'reviews'] }));

describe('answers of subgraphs', () => {
  it('are not kept unless gateway.yaml says so', async () => {
    const { asked } = await serve('all: { tries: 2 }');
    await asked(ALL);
    expect((await asked(ALL)).sent).toEqual([1, 1]);
  });

  it('come with the headers that clients are shown, which are kept as they are', async () => {
    const { gateway } = await serve(`
all: { cache: { enabled: true }, headers: { response: [{ propagate: { matching: "^x-" } }, { propagate: cache-control }] } }
subgraphs: { reviews: { headers: { response: [{ propagate: x-rate, rename: x-left }] } } }`);
    users.answerHeaders = { 'cache-control': 'public, max-age=600', 'x-zone': 'a, b', 'server-timing': 'db' };
    reviews.answerHeaders = { 'cache-control': 'public, max-age=300', 'x-rate': '7' };
    const told = async () => {
      users.requests.length = 0;
      const { headers } = await fetch(`${gateway.url}/graphql?query=${encodeURIComponent(ALL)}`, {
        headers: { 'apollo-require-preflight': '1' },
      });
      const shown = ['x-zone', 'x-left', 'server-timing'].map((name) => headers.get(name));
      return { shown, sent: users.requests.length, caching: headers.get('cache-control') };
    };
    const first = await told();
    expect(first).toMatchObject({
      shown: ['a, b', '7', null],
      sent: 1,
      caching: expect.stringContaining('max-age=300'),
    });
    users.answerHeaders = { 'cache-control': 'public, max-age=600' };
    reviews.answerHeaders = users.answerHeaders;
    const again = await told();
    expect(again).toMatchObject({
      shown: first.shown,
      sent: 0,
      caching: expect.stringMatching(/max-age=(300|2\d\d)\b/),
    });
  });

  it('are kept by entity: another operation asks for what is not known yet, and for nothing else', async () => {
    const { asked } = shared;
    expect((await asked('{ user(id: 1) { score } }')).sent).toEqual([1, 1]);
    const both = await asked('query Other { users { score } }');
    expect(both).toEqual({ data: { users: [{ score: 101 }, { score: 201 }] }, sent: [1, 1] });
    expect((await asked('query Third { users { score } }')).sent).toEqual([0, 0]);
    expect((await asked('{ users { score: note } }')).sent).toEqual([0, 1]);
  });

  it.each([
    ['nothing is said', {}],
    ['no-store is said', { 'cache-control': 'no-store' }],
    ['there is a cookie', { 'cache-control': 'public, max-age=600', 'set-cookie': 'a=1' }],
    ['it depends on what is not a part of the key', { 'cache-control': 'public, max-age=600', vary: 'User-Agent' }],
    ['it depends on anything', { 'cache-control': 'public, max-age=600', vary: '*' }],
    ['it is private and the client is not known', { 'cache-control': 'private, max-age=600' }],
  ])('are not kept where %s', async (_, headers) => {
    const { asked } = shared;
    reviews.answerHeaders = headers as Record<string, string>;
    await asked(ALL);
    expect((await asked(ALL)).sent).toEqual([0, 1]);
  });

  it.each([
    ['by its name', 'propagate: x-theme'],
    ['by another name', 'propagate: x-look, rename: x-theme'],
    ['by a pattern', 'propagate: { matching: "^x-" }'],
  ])('are not kept where they depend on what a client may send and the first one did not: %s', async (_, rule) => {
    const { asked } = await serve(
      `all: { cache: { enabled: true }, headers: { request: [{ ${rule} }, { propagate: accept-language }] } }
vary: [accept-language]`,
    );
    users.answerHeaders = { 'cache-control': 'public, max-age=600', vary: 'X-Theme' };
    expect((await asked('{ whoami }')).sent).toEqual([1, 0]);
    expect((await asked('{ whoami }', { 'x-theme': 'dark', 'x-look': 'dark' })).sent).toEqual([1, 0]);
    expect((await asked('{ whoami }')).sent).toEqual([1, 0]);
  });

  it('are kept where they depend on what counts, or on what no client can send', async () => {
    const { asked } = await serve(
      `all: { cache: { enabled: true }, headers: { request: [{ propagate: accept-language }] } }
vary: [accept-language]`,
    );
    users.answerHeaders = { 'cache-control': 'public, max-age=600', vary: 'Accept-Language, X-Other' };
    const german = { 'accept-language': 'de' };
    expect((await asked('{ whoami }', german)).sent).toEqual([1, 0]);
    expect((await asked('{ whoami }', german)).sent).toEqual([0, 0]);
    expect((await asked('{ whoami }', { 'accept-language': 'fr' })).sent).toEqual([1, 0]);
  });

  it('are not kept with errors, nor where an entity is not there', async () => {
    const { asked } = shared;
    state.failing = true;
    expect((await asked('{ users { note } }')).errors).toHaveLength(2);
    state.failing = false;
    expect(await asked('{ users { note } }')).toMatchObject({ data: { users: [{ note: 'note 1' }, {}] } });
    state.missing.add('2');
    await asked(ALL);
    state.missing.clear();
    expect((await asked(ALL)).data).toEqual({
      users: [
        { name: 'user 1 v1', score: 101 },
        { name: 'user 2 v1', score: 201 },
      ],
    });
  });

  it.each([
    ['too few', (entities: unknown[]) => entities.slice(1)],
    ['too many', (entities: unknown[]) => [entities[1], ...entities]],
  ])('are not kept where a list of entities has %s: whose they are is not told', async (_, wrong) => {
    const { asked } = shared;
    reviews.rewrite = ({ data }) => ({ data: { _entities: wrong(data?.['_entities'] as unknown[]) } });
    expect((await asked(ALL)).errors).toHaveLength(2);
    reviews.rewrite = (answer) => answer;
    expect(await asked('{ users { score } }')).toEqual({
      data: { users: [{ score: 101 }, { score: 201 }] },
      sent: [1, 1],
    });
  });

  it('are kept by the setting where neither the subgraph nor the schema says how long', async () => {
    const { asked } = await serve('all: { cache: { enabled: true } }\nsubgraphs: { reviews: { cache: { ttl: 60 } } }');
    users.answerHeaders = {};
    reviews.answerHeaders = {};
    await asked(ALL);
    expect((await asked(ALL)).sent).toEqual([1, 0]);
  });

  it('are read neither by a mutation nor after it out of the cache of another graph or other settings', async () => {
    const cache = new MemoryCache({ metrics: new Registry() });
    const { asked } = await serve(undefined, { cache });
    await asked('{ user(id: 1) { name score } }');
    expect(await asked('mutation { change { name score } }')).toMatchObject({
      data: { change: { name: 'user 1 v2', score: 102 } },
    });
    const other = await serve('all: { cache: { enabled: true }, headers: { request: [{ insert: x-a, value: b }] } }', {
      cache,
    });
    expect((await other.asked('{ user(id: 1) { name score } }')).sent).toEqual([1, 1]);
  });
});

describe('what is of one person', () => {
  const rules = (vary: string) => `
    all:
      cache: { enabled: true }
      headers: { request: [{ propagate: authorization }, { propagate: x-device, rename: x-phone }] }
    cache: { answers: true }
    vary: [${vary}]`;

  it.each([
    ['private', 'authorization'],
    ['private', 'x-device'],
    ['public', 'authorization'],
  ])('is kept for that person alone: %s, answers vary on %s', async (scope, vary) => {
    const { asked } = await serve(rules(vary));
    const headers = { 'cache-control': `${scope}, max-age=600` };
    users.answerHeaders = headers;
    reviews.answerHeaders = headers;
    const query = '{ whoami users { secret } }';
    for (const round of [1, 0]) {
      for (const name of ['ann', 'bob']) {
        const answer = await asked(query, { authorization: name });
        expect(answer).toEqual({
          data: { whoami: name, users: [{ secret: name }, { secret: name }] },
          sent: [round, round],
        });
      }
    }
    expect((await asked(query)).data).toMatchObject({ whoami: 'anonymous' });
  });

  it('is another answer where a header counts that the subgraph gets under another name', async () => {
    const { asked } = await serve(rules('x-device'));
    await asked(ALL, { 'x-device': 'a' });
    expect((await asked(ALL, { 'x-device': 'a' })).sent).toEqual([0, 0]);
    expect((await asked(ALL, { 'x-device': 'b' })).sent).toEqual([1, 1]);
  });
});

describe('an invalidation', () => {
  const SCORES = '{ users { score } }';
  const ONE = '{ user(id: 2) { name score } }';

  it.each([
    ['of a type', { types: ['User'] }, [1, 1], [1, 1]],
    ['of a key', { keys: [{ type: 'User', key: { id: 1 } }] }, [1, 1], [1, 0]],
    ['of a key that the type does not have', { keys: [{ type: 'User', key: { name: 'x' } }] }, [1, 1], [1, 1]],
    ['of a tag of an entity', { tags: ['reviews-1'] }, [0, 1], [0, 0]],
    ['of a tag of a root field', { tags: ['user-2'] }, [0, 0], [1, 0]],
    ['of a subgraph', { subgraphs: ['reviews'] }, [0, 1], [0, 1]],
    ['of something else', { tags: ['reviews-9'], types: ['Other'], subgraphs: ['other'] }, [0, 0], [0, 0]],
  ])('%s: what depends on it is asked for again', async (_, body, scores, one) => {
    const { asked, invalidate } = shared;
    await asked(SCORES);
    await asked(ONE);
    state.version++;
    expect(await invalidate(body)).toMatchObject({ status: 200 });
    expect((await asked(ONE)).sent).toEqual(one);
    // The entity that was just asked for is known again; what is left of the list is not.
    expect((await asked(SCORES)).sent).toEqual(scores);
  });

  it('reaches what was under way: an answer from before it is not kept', async () => {
    const { ask, asked, invalidate } = shared;
    const gate = Promise.withResolvers<void>();
    reviews.requests.length = 0;
    reviews.gate = gate.promise;
    const before = ask(SCORES);
    await expect.poll(() => reviews.requests.length).toBe(1);
    await invalidate({ types: ['User'] });
    gate.resolve();
    await before;
    reviews.gate = Promise.resolve();
    expect((await asked(SCORES)).sent).toEqual([1, 1]);
  });

  it('needs the secret, and a body that says what', async () => {
    const { invalidate } = shared;
    expect((await invalidate({ types: ['User'] }, 'wrong')).status).toBe(401);
    expect(await invalidate({})).toMatchObject({ status: 400, error: { code: 'BAD_USER_INPUT' } });
    expect(await invalidate({ typess: ['User'], types: ['User'] })).toMatchObject({
      status: 400,
      error: { message: 'body has typess, which is not known here.' },
    });
    expect((await invalidate({ types: 'User' })).status).toBe(400);
    expect((await invalidate({ types: Array(1_001).fill('User') })).status).toBe(400);
    const closed = await serve();
    expect((await closed.invalidate({ types: ['User'] })).status).toBe(404);
  });
});

describe('stale answers', () => {
  it('are given out while a new one is fetched, once', async () => {
    const { asked, metrics } = shared;
    reviews.answerHeaders = { 'cache-control': 'public, max-age=1, stale-while-revalidate=600' };
    await asked(ALL);
    state.version++;
    const isStale = async () => {
      await asked(ALL);
      return (await metrics.metrics()).includes('result="stale"');
    };
    await expect.poll(isStale, { timeout: 10_000 }).toBe(true);
    await expect
      .poll(async () => (await asked('{ users { score } }')).data, { timeout: 10_000 })
      .toEqual({
        users: [{ score: 102 }, { score: 202 }],
      });
  });
});

describe('what does not fit the schema', () => {
  it('and was fetched again without a client is not given out to its end', async () => {
    const { ask, asked } = shared;
    const RANKS = '{ users { rank } }';
    reviews.answerHeaders = { 'cache-control': 'public, max-age=1, stale-while-revalidate=600' };
    await asked(RANKS);
    reviews.answerHeaders = { 'cache-control': 'public, max-age=600' };
    const { rewrite } = reviews;
    reviews.rewrite = (answer) =>
      JSON.parse(JSON.stringify(answer), (_, value: unknown) => (typeof value === 'number' ? null : value)) as unknown;
    // The one who gets the stale answer has it fetched again; the next one meets what came of that.
    await expect.poll(async () => (await ask(RANKS)).errors?.length, { timeout: 10_000 }).toBe(2);
    reviews.rewrite = rewrite;
    expect((await asked(RANKS)).data).toEqual({ users: [{ rank: 1 }, { rank: 1 }] });
  });

  it('of a new supergraph is not found, though it fits the one before', async () => {
    const file = path.join(folder, 'changing.graphql');
    writeFileSync(file, sdl);
    const { asked, gateway } = await serve(undefined, { supergraph: { file } });
    const query = '{ users { note } }';
    await asked(query);
    expect((await asked(query)).sent).toEqual([0, 0]);
    writeFileSync(file, sdl.replace('note: String', 'note: String!'));
    // The watch over the file may have been quicker.
    await gateway.reload();
    expect((await asked(query)).sent).toEqual([1, 1]);
  });
});

describe('whole answers', () => {
  const WHOLE = `${INVALIDATED.replace('cache: { inv', 'cache: { answers: true, inv')}`;

  it('to public queries need no subgraph, and no planner', async () => {
    const { asked, invalidate, metrics } = await serve(WHOLE);
    const answer = await asked(ALL);
    expect(await asked(ALL)).toEqual({ ...answer, sent: [0, 0] });
    expect(await metrics.metrics()).toMatch(/cache_requests_total\{subgraph="",kind="answer",result="hit"\} 1/);
    state.version++;
    await invalidate({ keys: [{ type: 'User', key: { id: '2' } }] });
    expect((await asked(ALL)).data).toMatchObject({ users: [{ score: 101 }, { score: 202 }] });
  });

  it('are not kept where a part is not public, is not there or failed', async () => {
    const { asked, metrics } = await serve(WHOLE);
    reviews.answerHeaders = {};
    await asked(ALL);
    await asked(ALL);
    state.missing.add('2');
    reviews.answerHeaders = { 'cache-control': 'public, max-age=600' };
    await asked(ALL);
    await asked(ALL);
    expect(await metrics.metrics()).not.toMatch(/kind="answer",result="hit"/);
  });
});

describe.skipIf(!REDIS_TEST_URL)('with Redis', () => {
  it('several gateways share what is kept, and an invalidation at one of them', async () => {
    const prefix = testPrefix(cleanup);
    const cache = async () =>
      new RedisCache({ redis: await connectTestRedis(cleanup, prefix), metrics: new Registry() });
    const [here, there] = [
      await serve(INVALIDATED, { cache: await cache() }),
      await serve(INVALIDATED, { cache: await cache() }),
    ];
    // The settings are part of the key, and equal.
    await here.asked(ALL);
    await expect.poll(async () => (await there.asked(ALL)).sent).toEqual([0, 0]);
    await there.invalidate({ types: ['User'] });
    expect((await here.asked(ALL)).sent).toEqual([1, 1]);
  });

  it('that is away, answers are right and an invalidation says that it is not certain', async () => {
    const proxy = await faultProxy(cleanup);
    const redis = await connectTestRedis(cleanup, testPrefix(cleanup), proxy.url);
    const { asked, invalidate } = await serve(INVALIDATED, {
      cache: new RedisCache({ redis, metrics: new Registry() }),
    });
    await asked(ALL);
    proxy.cut();
    state.version++;
    expect(await asked(ALL)).toMatchObject({ data: { users: [{ score: 102 }, { score: 202 }] }, sent: [1, 1] });
    expect(await invalidate({ types: ['User'] })).toMatchObject({ status: 503 });
    proxy.heal();
    await expect.poll(async () => (await invalidate({ types: ['User'] })).status, { timeout: 10_000 }).toBe(200);
    expect((await asked(ALL)).data).toMatchObject({ users: [{ score: 102 }, { score: 202 }] });
  });
});

import { buildSchema, type FormattedExecutionResult } from 'graphql';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { SEED } from '#platform/base/testing/generated.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';
import { MemoryCache } from '#platform/realtime/cache/memory-cache.ts';
import { RedisCache } from '#platform/realtime/cache/redis-cache.ts';
import { connectTestRedis, REDIS_TEST_URL, testPrefix } from '#platform/realtime/redis/redis-for-tests.ts';
import { createCacheMetrics } from '../../cache/cache-metrics.ts';
import { createAnswerCaches } from '../../cache/create-cache.ts';
import { createPlanner } from '../planning/planners.ts';
import { isPrepared } from '../prepare/operation.ts';
import { createOperations } from '../prepare/operations.ts';
import { answerPlainly, differenceOf } from '../testing/compare.ts';
import { CATALOG } from '../testing/graphs/catalog.ts';
import { OFFICE } from '../testing/graphs/office.ts';
import { SHOP } from '../testing/graphs/shop.ts';
import type { GeneratedOperation } from '../testing/operation-arbitrary.ts';
import { composeGraph, extractGraph, type SeededGraph } from '../testing/seeded/graph.ts';
import { generatedOperations } from '../testing/trial.ts';
import { createCompiler } from './compile.ts';

/**
 * Generated operations with the cache on, against one plain schema: two identities that see different data, or all the
 * same, and a change of all data with an invalidation now and then. CACHE_RUNS sets how many operations there are on
 * each graph, SEED repeats a run.
 */
const RUNS = Number(process.env['CACHE_RUNS'] ?? 15);
const CHANGES = 3;
const GRAPHS = { catalog: CATALOG, shop: SHOP, office: OFFICE };
const lifecycle = new AsyncDisposableStack();
afterAll(() => lifecycle.disposeAsync());

const people: readonly Identity[] = ['ann', 'bob'].map((userId) => ({
  kind: 'user',
  userId,
  roles: [],
  scopes: [],
  expiresAt: 4e9,
}));

const faces: Record<string, () => Promise<Cache>> = {
  memory: async () => new MemoryCache({ metrics: new Registry() }),
  ...(REDIS_TEST_URL && {
    redis: async () =>
      new RedisCache({ redis: await connectTestRedis(lifecycle, testPrefix(lifecycle)), metrics: new Registry() }),
  }),
};
const random = (seed: number) => () => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return (seed >>> 8) / 2 ** 24;
};

/** Variables with other values of the same kinds. */
const changed = (variables: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => {
      if (typeof value === 'boolean') return [name, !value];
      return [name, typeof value === 'number' && Number.isInteger(value) ? value + 1 : value];
    }),
  );

describe.each(Object.entries(GRAPHS))(`%s, ${RUNS} operations, seed ${SEED}`, (_, schemas) => {
  const worlds = new Map<number, Promise<SeededGraph>>();
  const first = composeGraph(schemas, { seed: SEED });
  const world = async (n: number): Promise<SeededGraph> => {
    const known = worlds.get(n) ?? (n === 0 ? first : extractGraph((await first).supergraph.sdl, { seed: SEED + n }));
    worlds.set(n, known);
    return known;
  };

  const cases = Object.keys(faces).flatMap((face) => ['private', 'public'].map((scope) => [face, scope] as const));
  it.each(cases)(
    'has the answers of one plain schema out of the cache: %s, %s',
    async (face, scope) => {
      const { supergraph } = await first;
      const full = buildSchema(supergraph.sdl, { assumeValid: true, assumeValidSDL: true });
      const metrics = new Registry();
      const caches = createAnswerCaches({
        cache: await faces[face]!(),
        metrics: createCacheMetrics(metrics),
        rules: {
          settingsOf: () => ({}),
          headersOf: () => undefined,
          counts: () => true,
          isToldIdentity: () => true,
          answers: true,
          version: '1',
        },
      });
      const cache = caches.of(supergraph, full);
      const planner = await createPlanner(supergraph.sdl);
      const operations = createOperations({
        supergraph,
        compile: createCompiler({ supergraph, planner, observer: { cache: () => cache }, share: false }),
      });
      let change = 0;
      const worldOf = (person: number) => world(scope === 'private' ? person * 10 + change : change);
      const head = `HTTP/1.1 200 OK\r\ncache-control: ${scope}, max-age=600`;

      async function ask(person: number, query: string, variables: Record<string, unknown>) {
        const { fleet } = await worldOf(person);
        const transports = new Map(
          [...fleet.transports].map(([name, transport]) => {
            const told: Pick<SubgraphTransport, 'execute'> = {
              execute: async (request) => ({ ...(await transport.execute(request)), head }),
            };
            return [name, told as SubgraphTransport];
          }),
        );
        const prepared = await operations.prepare({ query });
        if (!isPrepared(prepared)) return undefined;
        const answer = await prepared.execute({ variables, identity: people[person]!, requestId: 'test', transports });
        return JSON.parse(String(answer.json)) as FormattedExecutionResult;
      }

      const next = random(SEED);
      let tried = 0;
      const recent: GeneratedOperation[] = [];
      for (const generated of generatedOperations(supergraph.apiSchema, 'query', SEED)) {
        if (tried++ >= RUNS) break;
        // The same with other values, and what was kept before a change.
        const asked = [generated, { ...generated, variables: changed(generated.variables) }];
        if (change < CHANGES && tried % Math.ceil(RUNS / (CHANGES + 1)) === 0) {
          change++;
          const names = supergraph.subgraphs.map(({ name }) => name);
          const types = Object.keys(full.getTypeMap());
          await cache.invalidate(next() < 0.5 ? { subgraphs: names } : { types });
          asked.push(...recent.splice(0));
        }
        recent.splice(0, Math.max(0, recent.length - 5));
        recent.push(generated);
        for (const operation of asked) {
          for (const person of [0, 1, 0, 1]) {
            const answer = await ask(person, operation.query, operation.variables);
            if (!answer) continue;
            const { whole } = await worldOf(person);
            const difference = differenceOf(answer, await answerPlainly(whole, operation));
            if (difference === undefined) continue;
            const text = `${operation.query}\n${JSON.stringify(operation.variables)}\n${JSON.stringify(answer)}`;
            expect.fail(`seed ${SEED}, operation ${tried}, person ${person}: ${difference}\n${text}`);
          }
        }
      }
      const page = await metrics.metrics();
      const hits = [...page.matchAll(/cache_requests_total\{.*result="hit"\} (\d+)/g)].map(([, n]) => Number(n));
      expect(hits.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(RUNS);
    },
    60_000 + RUNS * 1_000,
  );
});

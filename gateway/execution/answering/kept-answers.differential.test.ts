import { buildSchema, type FormattedExecutionResult } from 'graphql';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { SEED } from '#platform/base/testing/generated.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';
import { MemoryCache } from '#platform/realtime/cache/memory-cache.ts';
import { RedisCache } from '#platform/realtime/cache/redis-cache.ts';
import { connectTestRedis, REDIS_TEST_URL, testPrefix } from '#platform/realtime/redis/testing/redis.ts';
import { createCacheMetrics } from '../../cache/cache-metrics.ts';
import { createAnswerCaches } from '../../cache/create-cache.ts';
import type { Invalidation } from '../../cache/dependencies.ts';
import { createCompiler } from '../engine/compile.ts';
import { isPrepared } from '../prepare/operation.ts';
import { createOperations } from '../prepare/operations.ts';
import { answerPlainly, differenceOf } from '../testing/compare.ts';
import { CATALOG } from '../testing/graphs/catalog.ts';
import { OFFICE } from '../testing/graphs/office.ts';
import { SHOP } from '../testing/graphs/shop.ts';
import type { GeneratedOperation } from '../testing/operation-arbitrary.ts';
import { planningOf } from '../testing/planner.ts';
import { readSelection } from '../testing/seeded/field-sets.ts';
import { composeGraph, extractGraph, type SeededWorld } from '../testing/seeded/graph.ts';
import { type Thing, thingKey } from '../testing/seeded/keys.ts';
import { objectsOf } from '../testing/seeded/types.ts';
import { OBJECTS } from '../testing/seeded/world.ts';
import { generatedOperations, isUnplanned } from '../testing/trial.ts';

/**
 * Generated operations with the cache on, against one plain schema: two identities that see different data, or all the
 * same; and now and then a mutation that changes data (all of it, that of some types, that of one entity), which reads
 * nothing out of the cache, followed by the invalidation of what has changed and of nothing else. CACHE_RUNS sets how
 * many operations there are on each graph, SEED repeats a run.
 */
const RUNS = Number(process.env['CACHE_RUNS'] ?? 15);
const CHANGE_EVERY = 5;
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

/** The number that the data of each object is made of. */
class Seeds {
  readonly #changes = new Map<string, number>();

  change(name: string): void {
    this.#changes.set(name, (this.#changes.get(name) ?? 0) + 1);
  }

  /** @param base another one for other data from the start. */
  of(base: number): (thing: Thing) => number {
    const count = (name: string) => this.#changes.get(name) ?? 0;
    return (thing) => base + count('') + count(thing.type) + count(thingKey(thing));
  }
}

/** Changes all data, that of some types or that of one entity, and returns what says so. */
function changeOf({ world: { full, subgraphs }, world }: SeededWorld, seeds: Seeds, next: () => number): Invalidation {
  const objects = objectsOf(full).map(({ name }) => name);
  const kind = next();
  if (kind < 0.2) {
    seeds.change('');
    return { subgraphs: subgraphs.map(({ name }) => name) };
  }
  if (kind < 0.5) {
    const types = objects.filter(() => next() < 0.4);
    for (const type of types) seeds.change(type);
    return { types };
  }
  const entities = objects.flatMap((type) => {
    const [set] = subgraphs.flatMap((subgraph) => subgraph.keys(type));
    return set ? [{ type, set }] : [];
  });
  const { type, set } = entities[Math.floor(next() * entities.length)]!;
  const thing = { type, seed: String(Math.floor(next() * OBJECTS)) };
  seeds.change(thingKey(thing));
  return { keys: [{ type, key: readSelection(world, thing, set) }] };
}

describe.each(Object.entries(GRAPHS))(`%s, ${RUNS} operations, seed ${SEED}`, (_, schemas) => {
  const first = composeGraph(schemas, { seed: SEED });

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
          maySend: () => false,
          shownOf: () => '',
          isToldIdentity: () => true,
          answers: true,
          version: '1',
        },
      });
      const cache = caches.of(supergraph, full);
      const planner = planningOf(supergraph.sdl);
      const operations = createOperations({
        supergraph,
        compile: createCompiler({ supergraph, planner, observer: { cache: () => cache }, share: false }),
      });
      const seeds = new Seeds();
      const bases = scope === 'private' ? [SEED, SEED + 10_000] : [SEED];
      const graphs = await Promise.all(bases.map((base) => extractGraph(supergraph.sdl, { seed: seeds.of(base) })));
      const graphOf = (person: number): SeededWorld => graphs[person] ?? graphs[0]!;
      const head = `HTTP/1.1 200 OK\r\ncache-control: ${scope}, max-age=600`;

      async function ask(person: number, query: string, variables: Record<string, unknown>) {
        const { fleet } = graphOf(person);
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

      let tried = 0;
      async function compare(person: number, operation: GeneratedOperation): Promise<void> {
        const { whole, effects } = graphOf(person);
        effects.subgraphs.length = 0;
        effects.whole.length = 0;
        const answer = await ask(person, operation.query, operation.variables);
        // What no planner can plan says so; nothing of it comes out of the cache.
        if (!answer || isUnplanned(answer)) return;
        const plain = await answerPlainly(whole, operation);
        // Once a root field of a mutation has made everything null, the specification leaves open whether others run.
        if (effects.whole.length > 0 && answer.data === null && plain.answer.data === null) return;
        const difference =
          differenceOf(answer, plain) ??
          (effects.subgraphs.join() === effects.whole.join() ? undefined : 'effects of mutations');
        if (difference === undefined) return;
        const text = `${operation.query}\n${JSON.stringify(operation.variables)}\n${JSON.stringify(answer)}`;
        expect.fail(`seed ${SEED}, operation ${tried}, person ${person}: ${difference}\n${text}`);
      }

      const next = random(SEED);
      const mutations = generatedOperations(supergraph.apiSchema, 'mutation', SEED);
      const recent: GeneratedOperation[] = [];
      for (const generated of generatedOperations(supergraph.apiSchema, 'query', SEED)) {
        if (tried++ >= RUNS) break;
        // The same with other values, and what was kept before a change.
        const asked = [generated, { ...generated, variables: changed(generated.variables) }];
        if (tried % CHANGE_EVERY === 0) {
          const change = changeOf(graphs[0]!, seeds, next);
          const mutation = mutations.next();
          if (!mutation.done) for (const person of [0, 1]) await compare(person, mutation.value);
          await cache.invalidate(change);
          asked.push(...recent.splice(0));
        }
        recent.push(generated);
        for (const operation of asked) for (const person of [0, 1, 0, 1]) await compare(person, operation);
      }
      const page = await metrics.metrics();
      const hits = [...page.matchAll(/cache_requests_total\{.*result="hit"\} (\d+)/g)].map(([, n]) => Number(n));
      expect(hits.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(RUNS);
    },
    60_000 + RUNS * 1_000,
  );
});

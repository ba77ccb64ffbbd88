import type { Registry } from 'prom-client';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Json } from '#platform/base/json/json.ts';
import type { SharedStores } from '#platform/host/stores.ts';
import { MemoryCounter } from '#platform/identity/limits/memory-counter.ts';
import type { RateRule } from '#platform/identity/limits/rate-limiter.ts';
import { MemoryCache } from '#platform/realtime/cache/memory-cache.ts';
import type { Call } from './calls.ts';

/** Creates stores in the memory of the supervisor. */
export const memoryStores = (metrics: Registry): SharedStores => ({
  counter: new MemoryCounter(),
  cache: new MemoryCache({ metrics }),
});

/** Creates the functions by which workers reach the stores of the supervisor. */
export function serveStores({ counter, cache }: SharedStores) {
  return {
    spend: (key: string, rule: RateRule, points: number, least: number) => counter.spend(key, rule, points, least),
    giveBack: (key: string, rule: RateRule, points: number, msLeft: number) =>
      counter.giveBack(key, rule, points, msLeft),
    cached: (keys: readonly string[]): Promise<(Json | undefined)[]> => cache.getMany(keys),
    cache: (key: string, value: Json, ttlMs: number) => cache.set(key, value, { ttlMs }),
    forget: (key: string) => cache.delete(key),
  };
}

/** Returns the stores of the supervisor as a worker uses them. A cache that does not answer is an empty one. */
export function storesOver(call: Call<ReturnType<typeof serveStores>>): SharedStores {
  const getMany = async <T extends Json>(keys: readonly string[]) =>
    (await call('cached', keys).catch(() => keys.map(() => undefined))) as (T | undefined)[];
  return {
    counter: {
      spend: (key, rule, points, least) => call('spend', key, rule, points, least),
      giveBack: (key, rule, points, msLeft) => call('giveBack', key, rule, points, msLeft),
    },
    cache: {
      get: async <T extends Json>(key: string) => (await getMany<T>([key]))[0],
      getMany,
      set: (key, value, { ttlMs }) => call('cache', key, value, ttlMs).catch(() => undefined),
      mustSet: (key, value, { ttlMs }) =>
        call('cache', key, value, ttlMs).catch(() => {
          throw new CodedError('SERVICE_UNAVAILABLE', 'The cache that the workers share does not answer. Try again.');
        }),
      delete: (key) => call('forget', key).catch(() => undefined),
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cache } from './cache.ts';

/** What caches promise, seen from two processes (one and the same where there is only one). */
export function cacheContract(open: (lifecycle: AsyncDisposableStack) => Promise<{ here: Cache; there: Cache }>): void {
  const lifecycle = new AsyncDisposableStack();
  let here: Cache;
  let there: Cache;
  let names = 0;
  const fresh = () => `test:key:${names++}`;
  const ttlMs = 10_000;
  beforeAll(async () => {
    ({ here, there } = await open(lifecycle));
  });
  afterAll(() => lifecycle.disposeAsync());

  it('gives back what was kept, falsy values included, until it is deleted or its time is over', async () => {
    for (const value of [{ a: [1, 'ü', null] }, '', 0, false, null]) {
      const key = fresh();
      expect(await there.get(key)).toBeUndefined();
      await here.set(key, value, { ttlMs });
      expect(await there.get(key)).toEqual(value);
      await there.delete(key);
      expect(await here.get(key)).toBeUndefined();
    }
    const key = fresh();
    await here.set(key, 'short', { ttlMs: 50 });
    await sleep(120);
    expect(await there.get(key)).toBeUndefined();
  });

  it('gives everybody an object of their own', async () => {
    const key = fresh();
    const value = { list: [1] };
    await here.set(key, value, { ttlMs });
    value.list.push(2);
    (await here.get<{ list: number[] }>(key))!.list.push(3);
    expect(await here.get(key)).toEqual({ list: [1] });
  });

  it('gives back several at once, each at its place', async () => {
    const [a, b, c] = [fresh(), fresh(), fresh()];
    await here.set(a, 1, { ttlMs });
    await here.mustSet(c, 'three', { ttlMs });
    expect(await there.getMany([a, b, c, a])).toEqual([1, undefined, 'three', 1]);
    expect(await there.getMany([])).toEqual([]);
  });

  it('does not keep what is too large', async () => {
    const key = fresh();
    await here.set(key, 'x'.repeat(2 * 1024 * 1024), { ttlMs });
    expect(await here.get(key)).toBeUndefined();
  });
}

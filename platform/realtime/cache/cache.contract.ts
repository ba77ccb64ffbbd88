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

  it('loads once for many who ask at the same time, in all processes', async () => {
    const key = fresh();
    let loads = 0;
    const load = async () => {
      loads++;
      await sleep(150);
      return { answer: 42 };
    };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => (n % 2 ? here : there).getOrLoad(key, { ttlMs, load })),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set(['{"answer":42}']));
    expect(loads).toBe(1);
  });

  it('caches no failure, and gives it to everybody who waited', async () => {
    const key = fresh();
    const fail = async () => {
      await sleep(20);
      throw new Error('the provider is down');
    };
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => here.getOrLoad(key, { ttlMs, load: fail })));
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await there.getOrLoad(key, { ttlMs, load: async () => 'back' })).toBe('back');
  });

  it('lets one caller leave without spoiling it for the others, and stops the load when all have left', async () => {
    const key = fresh();
    const [one, two] = [new AbortController(), new AbortController()];
    let stopped = false;
    const load = async (signal: AbortSignal) => {
      signal.addEventListener('abort', () => {
        stopped = true;
      });
      await sleep(300);
      return 'done';
    };
    const first = here.getOrLoad(key, { ttlMs, load, signal: one.signal });
    const second = here.getOrLoad(key, { ttlMs, load, signal: two.signal });
    await sleep(50);
    one.abort(new Error('left'));
    await expect(first).rejects.toThrow('left');
    expect(stopped).toBe(false);
    two.abort(new Error('left too'));
    await expect(second).rejects.toThrow('left too');
    expect(stopped).toBe(true);
  });

  it('does not keep what is too large', async () => {
    const key = fresh();
    await here.set(key, 'x'.repeat(2 * 1024 * 1024), { ttlMs });
    expect(await here.get(key)).toBeUndefined();
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RateLimiter } from './rate-limiter.ts';

/** What rate limits promise, seen from two processes (one and the same where there is only one). */
export function rateLimiterContract(
  open: (lifecycle: AsyncDisposableStack) => Promise<{ here: RateLimiter; there: RateLimiter }>,
): void {
  const lifecycle = new AsyncDisposableStack();
  let here: RateLimiter;
  let there: RateLimiter;
  beforeAll(async () => {
    ({ here, there } = await open(lifecycle));
  });
  afterAll(() => lifecycle.disposeAsync());

  it('allows exactly the limit among all processes, however many ask at once', async () => {
    const rule = { name: 'burst', limit: 10, windowS: 60 };
    const verdicts = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 2 ? here : there).consume('user:1', rule)),
    );
    expect(verdicts.filter((verdict) => verdict.allowed)).toHaveLength(10);
    const refused = verdicts.find((verdict) => !verdict.allowed)!;
    expect(refused.remaining).toBe(0);
    expect(refused.retryAfter).toBeGreaterThan(50);
    expect(refused.retryAfter).toBeLessThanOrEqual(60);
  });

  it('counts each key and each rule for itself', async () => {
    const [one, two] = [
      { name: 'rule-one', limit: 1, windowS: 60 },
      { name: 'rule-two', limit: 1, windowS: 60 },
    ];
    for (const [key, rule] of [
      ['a', one],
      ['b', one],
      ['a', two],
    ] as const) {
      expect((await here.consume(key, rule)).allowed).toBe(true);
    }
    expect((await there.consume('a', one)).allowed).toBe(false);
  });

  it('allows again when the window is over', async () => {
    const rule = { name: 'short', limit: 1, windowS: 1 };
    await here.consume('user', rule);
    const { retryAfter, resetsAt } = await there.consume('user', rule);
    expect(retryAfter).toBe(1);
    await sleep(resetsAt.getTime() - Date.now() + 50);
    expect((await here.consume('user', rule)).allowed).toBe(true);
  });

  it('spends several points at once, gives them back, looks and forgets', async () => {
    const rule = { name: 'tokens', limit: 1_000, windowS: 60 };
    expect(await here.peek('user', rule)).toMatchObject({ allowed: true, remaining: 1_000, retryAfter: 0 });
    expect((await here.consume('user', rule, 700)).remaining).toBe(300);
    expect(await there.consume('user', rule, 700)).toMatchObject({ allowed: false, remaining: 300 });
    expect((await here.consume('user', rule, 300)).allowed).toBe(true);
    await there.refund('user', rule, 900);
    expect((await here.peek('user', rule)).remaining).toBe(900);
    await here.refund('user', rule, 100_000);
    expect((await there.peek('user', rule)).remaining).toBe(1_000);
    await here.consume('user', rule, 1_000);
    expect((await here.peek('user', rule)).allowed).toBe(false);
    await here.reset('user', rule);
    expect((await there.peek('user', rule)).remaining).toBe(1_000);
  });

  it('refuses one name with two limits, and half points', async () => {
    await here.consume('user', { name: 'same', limit: 1, windowS: 1 });
    await expect(here.consume('user', { name: 'same', limit: 2, windowS: 1 })).rejects.toThrow(TypeError);
    await expect(here.consume('user', { name: 'same', limit: 1, windowS: 1 }, 0.5)).rejects.toThrow(TypeError);
  });
}

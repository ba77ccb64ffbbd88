import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RateLimiter, RateRule } from './rate-limiter.ts';

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

  const left = async (rule: RateRule, key = 'user') => (await there.consume(key, rule, 0)).remaining;
  const many = <T>(count: number, ask: (limiter: RateLimiter, index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => ask(index % 2 ? here : there, index)));

  it('allows exactly the limit among all processes, however many ask at once', async () => {
    const rule = { name: 'burst', limit: 10, windowS: 60 };
    const verdicts = await many(40, (limiter) => limiter.consume('user:1', rule));
    expect(verdicts.filter((verdict) => verdict.allowed)).toHaveLength(10);
    const refused = verdicts.find((verdict) => !verdict.allowed)!;
    expect(refused).toMatchObject({ spent: 0, remaining: 0 });
    expect(refused.retryAfter).toBeGreaterThan(50);
    expect(refused.retryAfter).toBeLessThanOrEqual(60);
  });

  it('allows exactly the limit of thousands that ask one after the other', async () => {
    const rule = { name: 'patience', limit: 20, windowS: 60 };
    let allowed = 0;
    for (let index = 0; index < 2_000; index++) {
      if ((await (index % 2 ? here : there).consume('user', rule)).allowed) allowed++;
    }
    expect(allowed).toBe(20);
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

  it('allows the limit again when the window is over, not more for all that was refused and not less', async () => {
    const rule = { name: 'short', limit: 3, windowS: 1 };
    await many(50, (limiter) => limiter.consume('user', rule));
    const { retryAfter, resetsAt } = await there.consume('user', rule);
    expect(retryAfter).toBe(1);
    await sleep(resetsAt.getTime() - Date.now() + 50);
    const verdicts = await many(50, (limiter) => limiter.consume('user', rule));
    expect(verdicts.filter((verdict) => verdict.allowed)).toHaveLength(3);
  });

  it('is not held closed by those who go on asking while it is', async () => {
    const rule = { name: 'impatience', limit: 1, windowS: 1 };
    const first = await here.consume('user', rule);
    let refused = 0;
    while (Date.now() < first.resetsAt.getTime() - 100) {
      if (!(await there.consume('user', rule)).allowed) refused++;
      await sleep(50);
    }
    expect(refused).toBeGreaterThan(0);
    await sleep(first.resetsAt.getTime() - Date.now() + 50);
    expect((await here.consume('user', rule)).allowed).toBe(true);
  });

  it('spends several points at once and gives them back', async () => {
    const rule = { name: 'tokens', limit: 1_000, windowS: 60 };
    expect(await left(rule)).toBe(1_000);
    const large = await here.consume('user', rule, 700);
    expect(large).toMatchObject({ allowed: true, spent: 700, remaining: 300, retryAfter: 0 });
    expect(await there.consume('user', rule, 700)).toMatchObject({ allowed: false, spent: 0, remaining: 300 });
    const rest = await here.consume('user', rule, 300);
    expect(rest.allowed).toBe(true);
    await there.refund('user', rule, 900, rest);
    expect(await left(rule)).toBe(900);
  });

  it('spends as many as are left where so few are enough', async () => {
    const rule = { name: 'portions', limit: 25, windowS: 60 };
    expect(await here.consume('user', rule, 10, 1)).toMatchObject({ allowed: true, spent: 10 });
    expect(await there.consume('user', rule, 10, 1)).toMatchObject({ allowed: true, spent: 10 });
    expect(await here.consume('user', rule, 10, 6)).toMatchObject({ allowed: false, spent: 0, remaining: 5 });
    expect(await here.consume('user', rule, 10, 5)).toMatchObject({ allowed: true, spent: 5, remaining: 0 });
    expect(await there.consume('user', rule, 10, 1)).toMatchObject({ allowed: false, spent: 0 });
  });

  it('gives out exactly the limit in portions of every size that are taken at once', async () => {
    const rule = { name: 'shares', limit: 997, windowS: 60 };
    const verdicts = await many(200, (limiter, index) => limiter.consume('user', rule, (index % 13) + 1, 1));
    expect(verdicts.reduce((sum, { spent }) => sum + spent, 0)).toBe(997);
  });

  it('refuses what is too large without a trace, also among others that fit', async () => {
    const rule = { name: 'trace', limit: 1_000, windowS: 60 };
    await here.consume('user', rule, 500);
    const verdicts = await many(60, (limiter, index) => limiter.consume('user', rule, index % 6 ? 501 : 50));
    expect(verdicts.filter((verdict) => verdict.allowed).map(({ spent }) => spent)).toEqual(Array(10).fill(50));
    expect(await left(rule)).toBe(0);
  });

  it('gives a refusal nothing back: it cost nothing', async () => {
    const rule = { name: 'full', limit: 5, windowS: 60 };
    const held = await here.consume('user', rule, 5);
    await many(100, (limiter) => limiter.consume('user', rule));
    await there.refund('user', rule, 2, held);
    expect(await left(rule)).toBe(2);
    const verdicts = await many(20, (limiter) => limiter.consume('user', rule));
    expect(verdicts.filter((verdict) => verdict.allowed)).toHaveLength(2);
  });

  it('never gives back more than was spent', async () => {
    const rule = { name: 'generous', limit: 10, windowS: 60 };
    const held = await here.consume('user', rule, 4);
    await many(20, (limiter) => limiter.refund('user', rule, 1_000, held));
    expect(await left(rule)).toBe(10);
    const verdicts = await many(40, (limiter) => limiter.consume('user', rule));
    expect(verdicts.filter((verdict) => verdict.allowed)).toHaveLength(10);
  });

  it('gives nothing back in the next window of what was spent in the one before', async () => {
    const rule = { name: 'late', limit: 10, windowS: 1 };
    const before = await here.consume('user', rule, 10);
    await sleep(before.resetsAt.getTime() - Date.now() + 50);
    const now = await there.consume('user', rule, 6);
    await here.refund('user', rule, 10, before);
    expect(await left(rule)).toBe(4);
    await here.refund('user', rule, 1, now);
    expect(await left(rule)).toBe(5);
    // A refund when nothing is spent at all begins no window of its own.
    await here.refund('another key', rule, 5, before);
    expect((await there.consume('another key', rule, 11)).allowed).toBe(false);
  });

  it('refuses one name with two limits, and half points', async () => {
    await here.consume('user', { name: 'same', limit: 1, windowS: 1 });
    await expect(here.consume('user', { name: 'same', limit: 2, windowS: 1 })).rejects.toThrow(TypeError);
    await expect(here.consume('user', { name: 'same', limit: 1, windowS: 1 }, 0.5)).rejects.toThrow(TypeError);
  });
}

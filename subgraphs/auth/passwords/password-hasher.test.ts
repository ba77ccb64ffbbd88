import { Histogram } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { PasswordHasher } from './password-hasher.ts';

const seconds = () => new Histogram({ name: 'seconds', help: 'seconds', registers: [] });
/** Weak on purpose: what is tested is the queue, not the strength. */
const quick = { memoryCost: 256, timeCost: 1, parallelism: 1 };

describe('hashing passwords', () => {
  it('turns a flood away instead of queueing it without end, and recovers', async () => {
    const hasher = new PasswordHasher(seconds(), quick);
    const flood = await Promise.allSettled(Array.from({ length: 400 }, () => hasher.hash('a flood of passwords')));
    const refused = flood.filter((one) => one.status === 'rejected');
    expect(refused.length).toBeGreaterThan(100);
    expect(refused[0]!.reason).toMatchObject({ extensions: { code: 'SERVICE_UNAVAILABLE', retryAfter: 3 } });
    expect(await hasher.verify(await hasher.hash('afterwards'), 'afterwards')).toBe(true);
  });

  it('finds no password right where there is none', async () => {
    const hasher = new PasswordHasher(seconds(), quick);
    for (const stored of [null, undefined]) {
      expect(await hasher.verify(stored, 'a password that no account has')).toBe(false);
    }
  });

  it('tells a hash of yesterday’s parameters', async () => {
    const [yesterday, today] = [
      new PasswordHasher(seconds(), quick),
      new PasswordHasher(seconds(), { ...quick, timeCost: 2 }),
    ];
    const stored = await yesterday.hash('some password');
    expect(yesterday.isOutdated(stored)).toBe(false);
    expect(today.isOutdated(stored)).toBe(true);
  });
});

import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpentBudgets } from '#platform/identity/limits/spent-budgets.ts';
import { MemoryCache } from '#platform/realtime/cache/memory-cache.ts';
import type { Catalogue, LimitRule } from '../catalogue/catalogue.ts';
import { aCall, aCatalogue, aDeployment, anAlias, aUser, hello, readAll, testModels } from '../testing/build.ts';
import { answer, cut, FaultServer, failure } from '../testing/fault-server.ts';

let server: FaultServer;
beforeEach(async () => {
  server = await FaultServer.start(answer('Hello', { usage: [10, 5], delayMs: 20 }));
});
afterEach(() => server[Symbol.asyncDispose]());

/** Five output tokens cost half a cent, ten cost one; input costs nothing. */
const price = { inputPerMillion: '0', outputPerMillion: '1000' };
const limited = (limits: { user?: LimitRule; apiKey?: LimitRule; model?: LimitRule }, more = {}) => {
  const all: Catalogue['limits'] = {
    user: limits.user,
    apiKey: limits.apiKey,
    models: new Map(limits.model ? [['m', limits.model]] : []),
  };
  return testModels(aCatalogue([anAlias('m', [aDeployment(server.url, { price, ...more })])], { limits: all }));
};
const budget = (amount: string) => ({ budget: { amount, per: 'day' as const } });
const codes = (results: { error: unknown }[]) =>
  results.map(({ error }) => (error as { code?: string } | undefined)?.code ?? 'ok');

describe('budgets', () => {
  it('cannot be overrun by 50 parallel requests', async () => {
    const { models, records } = limited({ user: budget('0.1') });
    // Each reserves 10 tokens, a cent, and spends half of it.
    const results = await Promise.all(
      Array.from({ length: 50 }, () => readAll(models.chat({ ...hello, maxTokens: 10 }, aCall()))),
    );
    const tally = codes(results);
    expect(tally.filter((code) => code === 'ok')).toHaveLength(10);
    expect(tally.filter((code) => code === 'BUDGET_EXCEEDED')).toHaveLength(40);
    expect(server.seen).toHaveLength(10);
    expect(records.reduce((sum, { cost }) => sum + Number(cost ?? 0), 0)).toBeCloseTo(0.05, 10);
    // What was not spent may be spent now.
    const later = await Promise.all(
      Array.from({ length: 50 }, () => readAll(models.chat({ ...hello, maxTokens: 10 }, aCall()))),
    );
    expect(codes(later).filter((code) => code === 'ok')).toHaveLength(5);
  });

  it('say when they are renewed', async () => {
    const { models } = limited({ user: budget('0.001') });
    const { error } = await readAll(models.chat({ ...hello, maxTokens: 10 }, aCall()));
    expect(error).toMatchObject({
      extensions: { code: 'BUDGET_EXCEEDED', resetsAt: expect.stringMatching(/T00:00:00.000Z$/) },
    });
  });

  it('are separate: users, keys and models', async () => {
    const { models } = limited({ user: budget('0.01'), apiKey: budget('0.02'), model: budget('0.03') });
    const ask = async (user: string, key?: string) =>
      codes([await readAll(models.chat({ ...hello, maxTokens: 10 }, aCall({ identity: aUser(user, key) })))])[0];
    expect(await ask('a')).toBe('ok');
    expect(await ask('a')).toBe('BUDGET_EXCEEDED');
    expect(await ask('b', 'k')).toBe('ok');
    expect(await ask('c', 'k')).toBe('ok');
    expect(await ask('d')).toBe('ok');
    expect(await ask('e')).toBe('ok');
    // Five calls of half a cent: the model has half a cent left, a call may cost a whole one.
    expect(await ask('f')).toBe('BUDGET_EXCEEDED');
  });

  it('shorten a reply without a limit of its own to what is left', async () => {
    const { models } = limited({ user: budget('0.1') });
    expect((await readAll(models.chat(hello, aCall()))).error).toBeUndefined();
    expect(server.seen[0]?.body.max_tokens).toBe(100);
  });

  it('are not charged twice for a retry, and not at all for a failure', async () => {
    server.script(failure(503, 'overloaded'), answer('Hello', { usage: [10, 5] }));
    const { models, records } = limited({ user: budget('0.015') });
    expect((await readAll(models.chat({ ...hello, maxTokens: 10 }, aCall()))).error).toBeUndefined();
    expect(records.map(({ cost, retries }) => [cost, retries])).toEqual([['0.005', 1]]);
    server.behave(failure(400, 'bad'));
    expect((await readAll(models.chat({ ...hello, maxTokens: 10 }, aCall()))).error).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT' },
    });
    server.behave(answer('Hello', { usage: [10, 5] }));
    expect((await readAll(models.chat({ ...hello, maxTokens: 10 }, aCall()))).error).toBeUndefined();
  });

  it('are charged with what arrived when a reply breaks off', async () => {
    server.behave(cut('one two three'));
    const { models, records } = limited({ user: budget('1') });
    await readAll(models.chat({ ...hello, maxTokens: 10 }, aCall()));
    expect(records[0]).toMatchObject({
      outcome: 'interrupted',
      cost: '0.003',
      usage: { outputTokens: 3, estimated: true },
    });
  });
});

describe('rate limits', () => {
  it('count requests a minute, and say when to try again', async () => {
    const { models } = limited({ user: { requestsPerMinute: 3 } });
    const results = await Promise.all(Array.from({ length: 10 }, () => readAll(models.chat(hello, aCall()))));
    expect(codes(results).filter((code) => code === 'ok')).toHaveLength(3);
    expect(results.find(({ error }) => error)?.error).toMatchObject({
      extensions: { code: 'RATE_LIMITED', retryAfter: expect.any(Number) },
    });
  });

  it('count tokens a minute: reserved by the most a call may use, settled by what it used', async () => {
    const { models } = limited({ user: { tokensPerMinute: 100 } });
    const ask = () => readAll(models.chat({ ...hello, maxTokens: 40 }, aCall()));
    expect(codes(await Promise.all([ask(), ask(), ask()])).toSorted()).toEqual(['RATE_LIMITED', 'ok', 'ok']);
    expect(codes([await ask()])).toEqual(['ok']);
  });

  it('name a request that could never pass', async () => {
    const { models } = limited({ user: { tokensPerMinute: 10 } });
    const { error } = await readAll(models.chat({ ...hello, maxTokens: 40 }, aCall()));
    expect((error as Error).message).toContain('limit is 10 a minute. Shorten it');
  });

  it('that analytics says are spent refuse every call of their user, and no call of others', async () => {
    const cache = new MemoryCache({ metrics: new Registry() });
    const { models } = testModels(aCatalogue([anAlias('m', [aDeployment(server.url)])]), { cache });
    const ask = async (user: string) => codes([await readAll(models.chat(hello, aCall({ identity: aUser(user) })))])[0];
    const resetsAt = new Date(Date.now() + 60_000).toISOString();
    await new SpentBudgets(cache).note('a', { period: 'DAY', limit: '2', currency: 'USD', resetsAt });
    expect([await ask('a'), await ask('b')]).toEqual(['BUDGET_EXCEEDED', 'ok']);
    await new SpentBudgets(cache).note('a', undefined);
    expect(await ask('a')).toBe('ok');
    expect(server.seen).toHaveLength(2);
  });
});

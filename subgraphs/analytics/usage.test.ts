import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import type { CodedError } from '#platform/base/errors/errors.ts';
import { createLog } from '#platform/base/log/log.ts';
import type { PlatformEvent, Usage } from '#platform/contracts/events.ts';
import { type Database, openDatabase } from '#platform/data/database/database.ts';
import { consumeEvents } from '#platform/data/outbox/consume-events.ts';
import { MemoryEventBus } from '#platform/data/outbox/memory-event-bus.ts';
import { checkBudgets, SpentBudgets } from '#platform/identity/limits/spent-budgets.ts';
import { MemoryCache } from '#platform/realtime/cache/memory-cache.ts';
import { PrismaClient } from '#prisma/analytics/client/client.ts';
import { Budgets } from './budgets.ts';
import { readCalls } from './calls.ts';
import { sumUnsummed } from './conversation-sums.ts';
import { eventHandlers } from './events.ts';
import type { AnalyticsParts } from './parts.ts';
import { forgetUser, recordCalls } from './record.ts';
import { createResolvers } from './resolvers/resolvers.ts';
import { UsageReader } from './usage.ts';

let directory: string;
let database: Database;
let db: PrismaClient;
let usage: UsageReader;
let budgets: Budgets;
let cache: MemoryCache;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sextant-analytics-'));
  const config = loadConfig({ SEXTANT_DIR: directory, EMBEDDED_FSYNC: 'false', LOG_LEVEL: 'silent' });
  const log = createLog(config, 'analytics');
  database = await openDatabase(config, log);
  db = await database.client('analytics', PrismaClient);
  usage = new UsageReader(db);
  cache = new MemoryCache({ metrics: new Registry() });
  budgets = new Budgets({ db, log, spent: new SpentBudgets(cache), userBudgetPerDay: '2' });
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const call = (given: Partial<Usage> & { userId: string }): Usage => ({
  id: uuid(),
  operation: 'reply',
  provider: 'openai',
  model: 'gpt',
  deployment: 'gpt-1',
  tokens: { input: 100, cached: 10, output: 50, reasoning: 5 },
  estimated: false,
  cost: '0.000125',
  currency: 'USD',
  latencyMs: 100,
  timeToFirstTokenMs: 20,
  retries: 0,
  fallbacks: 0,
  cacheHit: false,
  outcome: 'ok',
  at: '2026-03-10T10:20:00.000Z',
  ...given,
});
const record = (usages: Usage[]) => db.$transaction(async (tx) => void (await recordCalls(tx, usages)));
const day = { from: new Date('2026-03-10T00:00:00Z'), to: new Date('2026-03-11T00:00:00Z') };

describe('usage', () => {
  it('adds up exactly, as decimals', async () => {
    const userId = uuid();
    for (let i = 0; i < 3; i++) await record([call({ userId, cost: '0.1' })]);
    const totals = await usage.totals({ period: day, userId });
    expect(totals).toMatchObject({
      calls: 3,
      cost: '0.3',
      inputTokens: 300,
      outputTokens: 150,
      errors: 0,
      currency: 'USD',
    });
  });

  it('reads the whole days of a period as days, whatever hour it begins and ends at', async () => {
    const userId = uuid();
    const times = ['20T11:50', '20T12:30', '21T12:30', '22T12:30', '22T13:10', '22T13:40'];
    await record(times.map((at) => call({ userId, at: `2026-03-${at}:00.000Z` })));
    const period = { from: new Date('2026-03-20T11:45:00Z'), to: new Date('2026-03-22T13:30:00Z') };
    expect(await usage.totals({ period, userId })).toMatchObject({ calls: 5 });
    expect((await usage.series({ period, userId }, 'DAY')).map(({ totals }) => totals.calls)).toEqual([2, 1, 2]);
    const [from, to] = [new Date('2026-03-21T00:00:00Z'), new Date('2026-03-22T00:00:00Z')];
    await db.rollup.deleteMany({ where: { userId, interval: 'HOUR', at: { gte: from, lt: to } } });
    expect(await usage.totals({ period, userId })).toMatchObject({ calls: 5 });
  });

  it('counts calls without a known price instead of calling them free', async () => {
    const [userId, messageId] = [uuid(), uuid()];
    const { cost: _cost, ...unpriced } = call({ userId, messageId });
    await record([unpriced]);
    await record([{ ...unpriced, id: uuid() }]);
    // From the rollups, where a known price of nothing is none of them, and from the calls.
    await record([call({ userId, messageId, cost: '0' }), call({ userId, messageId, cost: '0.2' })]);
    expect(await usage.totals({ period: day, userId })).toMatchObject({ calls: 4, cost: '0.2', unpriced: 2 });
    expect((await usage.byMessage(userId, [messageId])).get(messageId)).toMatchObject({ cost: '0.2', unpriced: 2 });
    const { nodes } = await readCalls(db, { period: day, userId }, 10);
    expect(nodes.map(({ cost }) => cost?.toFixed() ?? null).toSorted()).toEqual(['0', '0.2', null, null]);
    await db.$transaction((tx) => forgetUser(tx, userId));
    const [group] = (await usage.breakdown({ period: day }, 'USER', 100)).filter(({ totals }) => totals.unpriced > 0);
    expect(group).toMatchObject({ key: expect.stringMatching(/^deleted:/), totals: { unpriced: 2 } });
  });

  it('is the same whether read from rollups, from calls or from both', async () => {
    const userId = uuid();
    const minutes = [0, 15, 59, 60, 75, 119, 120, 200];
    for (const minute of minutes) {
      await record([
        call({ userId, latencyMs: 10 + minute, at: new Date(day.from.getTime() + minute * 60_000).toISOString() }),
      ]);
    }
    const whole = await usage.totals({ period: day, userId });
    const ragged = { from: new Date(day.from.getTime() - 1), to: new Date(day.to.getTime() - 1) };
    expect(await usage.totals({ period: ragged, userId })).toEqual(whole);
    const inner = { from: new Date(day.from.getTime() + 10 * 60_000), to: new Date(day.from.getTime() + 130 * 60_000) };
    expect((await usage.totals({ period: inner, userId })).calls).toBe(6);
  });

  it('counts calls that were reported together as many, from the rollups and from the calls', async () => {
    const [userId, messageId] = [uuid(), uuid()];
    const { cost: _cost, ...unpriced } = call({ userId, messageId, calls: 4, latencyMs: 10 });
    await record([unpriced, call({ userId, messageId, calls: 2, cacheHit: true, cost: '0', latencyMs: 1000 })]);
    const expected = { calls: 6, unpriced: 4, cacheHits: 2, inputTokens: 200, errors: 0 };
    const whole = await usage.totals({ period: day, userId });
    expect(whole).toMatchObject(expected);
    expect(whole.latency.p50).toBeLessThan(11);
    expect((await usage.byMessage(userId, [messageId])).get(messageId)).toEqual(whole);
  });

  it('makes a series without holes', async () => {
    const userId = uuid();
    await record([call({ userId, at: '2026-03-10T05:30:00.000Z' })]);
    const points = await usage.series({ period: day, userId }, 'HOUR');
    expect(points).toHaveLength(24);
    expect(points.filter((point) => point.totals.calls > 0).map((point) => point.at.toISOString())).toEqual([
      '2026-03-10T05:00:00.000Z',
    ]);
  });

  it('is broken down by model, dearest first', async () => {
    const userId = uuid();
    await record([call({ userId, model: 'small', cost: '0.01' })]);
    await record([call({ userId, model: 'large', cost: '0.5', outcome: 'error', errorCode: 'TIMEOUT' })]);
    const groups = await usage.breakdown({ period: day, userId }, 'MODEL', 10);
    expect(groups.map(({ key, totals }) => [key, totals.cost, totals.errors])).toEqual([
      ['large', '0.5', 1],
      ['small', '0.01', 0],
    ]);
  });

  it('is found by message and by conversation, for the caller alone', async () => {
    const [mine, other, conversationId, messageId] = [uuid(), uuid(), uuid(), uuid()];
    await record([
      call({ userId: mine, conversationId, messageId }),
      call({ userId: other, conversationId, messageId }),
    ]);
    expect((await usage.byMessage(mine, [messageId])).get(messageId)?.calls).toBe(1);
    expect((await usage.byConversation(mine, [conversationId])).get(conversationId)?.calls).toBe(1);
  });

  it('pages through calls without gap or duplicate while new ones arrive', async () => {
    const userId = uuid();
    for (let i = 0; i < 5; i++) await record([call({ userId, at: '2026-03-10T10:00:00.000Z' })]);
    const first = await readCalls(db, { period: day, userId }, 2);
    await record([call({ userId, at: '2026-03-10T11:00:00.000Z' })]);
    const second = await readCalls(db, { period: day, userId }, 10, first.pageInfo.endCursor);
    expect(first.pageInfo.hasNextPage).toBe(true);
    expect(new Set([...first.nodes, ...second.nodes].map(({ id }) => id)).size).toBe(5);
    await expect(readCalls(db, { period: day, userId }, 2, 'nonsense')).rejects.toThrow('after is not a cursor');
  });

  it('of a deleted user is forgotten, while the totals of everybody stay', async () => {
    const [userId, model] = [uuid(), uuid()];
    await record([call({ userId, model })]);
    await db.$transaction((tx) => forgetUser(tx, userId));
    expect(await db.call.count({ where: { userId } })).toBe(0);
    expect((await usage.totals({ period: day, userId })).calls).toBe(0);
    expect((await usage.totals({ period: day, model })).calls).toBe(1);
  });

  it('does not come back with a call that is reported after its user was deleted', async () => {
    const [userId, model] = [uuid(), uuid()];
    await db.$transaction((tx) => forgetUser(tx, userId));
    await record([call({ userId, model })]);
    expect(await db.call.count({ where: { userId } })).toBe(0);
    expect(await db.rollup.count({ where: { userId } })).toBe(0);
    expect((await usage.totals({ period: day, model })).calls).toBe(1);
    await db.$transaction((tx) => forgetUser(tx, userId));
  });
});

describe('calls that come together', () => {
  const tables = async (userId: string) => ({
    rollups: await db.$queryRaw`
      SELECT "interval", at, operation, model, outcome, calls, cache_hits, input_tokens, cost::text, unpriced,
        array_to_json(latency) AS latency, array_lower(latency, 1) AS lowest, time_to_first_token
      FROM rollups WHERE user_id = ${userId} ORDER BY 1, 2, 3, 4, 5`,
    conversations: await db.$queryRaw`
      SELECT right(conversation_id, 1) AS conversation, calls, errors, cost::text, latency FROM conversation_sums
      WHERE user_id = ${userId} ORDER BY 1`,
  });
  const various = (userId: string) =>
    Array.from({ length: 120 }, (_, n) => {
      const { cost, ...rest } = call({
        userId,
        conversationId: `${userId} ${n % 3}`,
        model: `model ${n % 2}`,
        outcome: n % 7 === 0 ? 'error' : 'ok',
        cost: `0.${String(n + 1).padStart(18, '0')}`,
        latencyMs: 1.5 ** (n % 20),
        at: `2026-03-10T${String(n % 5).padStart(2, '0')}:10:00.000Z`,
        ...(n % 4 === 0 && { calls: 3 }),
      });
      return n % 11 === 0 ? rest : { ...rest, cost: cost! };
    });

  it('come to the same as one by one', async () => {
    const [together, alone] = [uuid(), uuid()];
    await record(various(together));
    for (const one of various(alone)) await record([one]);
    const both = [await tables(together), await tables(alone)];
    expect(both[0]!.rollups).not.toEqual([]);
    // An empty bucket is 0 in the one and null in the other.
    const plain = (value: unknown) =>
      JSON.parse(
        JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? Number(one) : (one ?? 0))),
      ) as unknown;
    expect(plain(both[0])).toEqual(plain(both[1]));
    expect(await usage.totals({ period: day, userId: together })).toEqual(
      await usage.totals({ period: day, userId: alone }),
    );
  });

  it('count once when a call is reported twice, in one batch or in two', async () => {
    const userId = uuid();
    const [one, two] = [call({ userId }), call({ userId })];
    await record([one, two, one]);
    await record([two, call({ userId })]);
    expect(await usage.totals({ period: day, userId })).toMatchObject({ calls: 3, cost: '0.000375' });
  });

  it('name no user where the user is deleted, and do where another is', async () => {
    const [gone, there] = [uuid(), uuid()];
    await record([call({ userId: gone, conversationId: 'c' })]);
    await db.$transaction((tx) => forgetUser(tx, gone));
    await record([call({ userId: gone, conversationId: 'c' }), call({ userId: there })]);
    expect(await db.call.count({ where: { userId: gone } })).toBe(0);
    expect(await db.conversationSum.count({ where: { userId: gone } })).toBe(0);
    expect((await usage.totals({ period: day, userId: there })).calls).toBe(1);
  });

  it('come to the same with duplicates, poison and a deleted user among them', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const metrics = new Registry();
    const bus = new MemoryEventBus({ metrics, lifecycle });
    const log = pino({ level: 'silent' });
    const handlers = eventHandlers({ budgets });
    await consumeEvents({
      consumer: 'analytics',
      client: db,
      events: bus,
      handlers,
      log,
      metrics,
      lifecycle,
      retryMs: 1,
    });
    const [gone, there, provider] = [uuid(), uuid(), uuid()];
    const event = <T extends 'llm.called' | 'user.deleted'>(type: T, payload: PlatformEvent<T>['payload']) =>
      ({
        id: uuid(),
        type,
        version: 1,
        owner: 'chat',
        aggregate: uuid(),
        payload,
        recordedAt: new Date(),
      }) as PlatformEvent;
    const called = (userId: string, id = uuid()) => event('llm.called', call({ userId, provider, id }));
    const first = Array.from({ length: 60 }, (_, n) => called(n % 2 === 0 ? gone : there));
    const rest = Array.from({ length: 40 }, (_, n) => called(n % 2 === 0 ? gone : there));
    const poison = called(there, 'no id that a table takes');
    const deleted = event('user.deleted', { userId: gone, at: new Date().toISOString() });
    await bus.publish('chat', [...first, first[3]!, poison, deleted, ...rest, first[0]!, rest[1]!]);
    expect((await usage.totals({ period: day, provider })).calls).toBe(100);
    expect((await usage.totals({ period: day, provider, userId: there })).calls).toBe(50);
    expect(await db.call.count({ where: { userId: gone } })).toBe(0);
    expect(await db.rollup.count({ where: { userId: gone } })).toBe(0);
    const parked = await db.inboxEvent.findMany({ where: { parkedAt: { not: null } }, select: { id: true } });
    expect(parked).toEqual([{ id: poison.id }]);
  });

  it('are in the usage of their conversation, whichever version has recorded them', async () => {
    const [userId, conversationId] = [uuid(), uuid()];
    await record([call({ userId, conversationId, latencyMs: 10 }), call({ userId, conversationId, latencyMs: 1000 })]);
    // As a process of the version before records a call.
    const former = call({ userId, conversationId, latencyMs: 10, cost: '0.5' });
    await record([former]);
    await db.conversationSum.deleteMany({ where: { userId } });
    await db.call.updateMany({ where: { userId }, data: { summed: false } });
    const whole = async () => (await usage.byConversation(userId, [conversationId])).get(conversationId);
    const before = await whole();
    expect(before).toMatchObject({ calls: 3, cost: '0.50025' });
    expect(await sumUnsummed(db, AbortSignal.timeout(10_000))).toBeGreaterThanOrEqual(3);
    expect(await db.call.count({ where: { userId, summed: false } })).toBe(0);
    expect(await whole()).toEqual(before);
    expect(await sumUnsummed(db, AbortSignal.timeout(10_000))).toBe(0);
    await record([call({ userId, conversationId, latencyMs: 10 })]);
    expect(await whole()).toMatchObject({ calls: 4, latency: { p50: before!.latency.p50 } });
  });
});

describe('a budget', () => {
  it('raises each alert once a period', async () => {
    const userId = uuid();
    const budget = await budgets.set({ userId, period: 'MONTH', limit: '1', alertAt: [1, 0.5], enforcement: 'SOFT' });
    for (const cost of ['0.4', '0.2', '0.1', '0.5']) {
      await db.$transaction(async (tx) => {
        await budgets.watch(tx, await recordCalls(tx, [call({ userId, cost })]));
      });
    }
    const [alerts] = await budgets.alerts([budget], new Date('2026-03-20T00:00:00Z'));
    expect(alerts!.map(({ share }) => share)).toEqual([0.5, 1]);
    const [spent] = await budgets.spent([budget], new Date('2026-03-20T00:00:00Z'));
    expect(spent!.toFixed()).toBe('1.2');
    expect(await budgets.alerts([budget], new Date('2026-04-01T00:00:00Z'))).toEqual([[]]);
  });

  it('refuses a limit of nothing and shares that make no sense', async () => {
    const wrong = { userId: '', period: 'DAY', limit: '0', alertAt: [], enforcement: 'HARD' } as const;
    await expect(budgets.set(wrong)).rejects.toThrow('a limit is more than 0');
    await expect(budgets.set({ ...wrong, limit: '1', alertAt: [1.5] })).rejects.toThrow('holds 1.5');
    for (const limit of ['100000000000000000000', '1000000000000000000000', '0.0000000000000000001'])
      await expect(budgets.set({ ...wrong, limit })).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        extensions: { argument: 'input.limit' },
      });
    const largest = `${'9'.repeat(20)}.${'9'.repeat(18)}`;
    const set = await budgets.set({ ...wrong, userId: uuid(), limit: largest });
    expect(set.limit.toFixed()).toBe(largest);
  });

  it('takes alerts back that a higher limit is not near any more, and raises them again', async () => {
    const userId = uuid();
    const input = { userId, period: 'MONTH', limit: '1', alertAt: [0.5, 1], enforcement: 'SOFT' } as const;
    const budget = await budgets.set(input);
    const pay = (cost: string) =>
      db.$transaction(async (tx) => {
        const own = call({ userId, cost, at: new Date().toISOString() });
        await budgets.watch(tx, await recordCalls(tx, [own]));
      });
    const raised = async () => (await budgets.alerts([budget]))[0]!.map(({ share }) => share);
    await pay('1');
    expect(await raised()).toEqual([0.5, 1]);
    await budgets.set({ ...input, limit: '1.5' });
    expect(await raised()).toEqual([0.5]);
    await pay('0.5');
    expect(await raised()).toEqual([0.5, 1]);
  });

  it('is everybody’s only where no user is named', async () => {
    const parts = { db, usage, budgets } as unknown as AnalyticsParts;
    const { setBudget } = createResolvers(parts)['Mutation'] as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >;
    const admin = { kind: 'user', userId: uuid(), roles: ['admin'], scopes: ['admin'] };
    const input = { period: 'DAY', limit: '100', alertAt: [], enforcement: 'SOFT' };
    for (const userId of ['', 'anna', uuid().toUpperCase()])
      await expect(setBudget!(null, { input: { ...input, userId } }, { identity: admin })).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        extensions: { argument: 'input.userId' },
      });
    expect(await db.budget.count({ where: { userId: '' } })).toBe(0);
  });

  describe('that is spent', () => {
    const spend = async (userId: string, ...costs: string[]) => {
      for (const cost of costs) {
        await db.$transaction(async (tx) => {
          const own = call({ userId, cost, at: new Date().toISOString() });
          await budgets.watch(tx, await recordCalls(tx, [own]));
        });
      }
    };
    const refusal = (userId: string) =>
      checkBudgets(cache, userId).then(
        () => undefined,
        (error: unknown) => error as CodedError,
      );

    it('stops the user where it is hard, until it is raised or removed, and no user where it is soft', async () => {
      const [hard, soft, other] = [uuid(), uuid(), uuid()];
      const limit = { period: 'MONTH', limit: '1', alertAt: [] } as const;
      const budget = await budgets.set({ ...limit, userId: hard, enforcement: 'HARD' });
      await budgets.set({ ...limit, userId: soft, enforcement: 'SOFT' });
      await spend(hard, '0.6', '0.3');
      await spend(soft, '0.6', '0.6');
      expect(await refusal(hard)).toBeUndefined();
      await spend(hard, '0.1');
      const refused = await refusal(hard);
      expect(refused).toMatchObject({ code: 'BUDGET_EXCEEDED', extensions: { resetsAt: expect.any(String) } });
      expect(refused!.message).toContain('1 USD a month');
      expect(await refusal(soft)).toBeUndefined();
      expect(await refusal(other)).toBeUndefined();
      await budgets.set({ ...limit, limit: '5', userId: hard, enforcement: 'HARD' });
      expect(await refusal(hard)).toBeUndefined();
      await budgets.set({ ...limit, userId: hard, enforcement: 'HARD' });
      expect(await refusal(hard)).toBeDefined();
      await budgets.delete(budget.id);
      expect(await refusal(hard)).toBeUndefined();
    });

    it('is two dollars a day for a user who has none, and what is set for the user’s day takes its place', async () => {
      const [user, trusted] = [uuid(), uuid()];
      await budgets.set({ userId: trusted, period: 'DAY', limit: '50', alertAt: [], enforcement: 'HARD' });
      await spend(user, '0.5', '0.5', '0.5', '0.4');
      await spend(trusted, '3');
      expect(await refusal(user)).toBeUndefined();
      await spend(user, '0.2');
      expect((await refusal(user))?.message).toContain('2 USD a day');
      expect(await refusal(trusted)).toBeUndefined();
    });

    it('is said again after the cache has forgotten it', async () => {
      const user = uuid();
      await spend(user, '2.5');
      await cache.delete(`budget:spent:${user}`);
      expect(await refusal(user)).toBeUndefined();
      await budgets.enforceAll();
      expect(await refusal(user)).toBeDefined();
    });

    it('is of everybody together where it names no user', async () => {
      const budget = await budgets.set({
        userId: '',
        period: 'DAY',
        limit: '0.000001',
        alertAt: [],
        enforcement: 'HARD',
      });
      expect((await refusal(uuid()))?.message).toContain('this installation');
      await budgets.delete(budget.id);
      expect(await refusal(uuid())).toBeUndefined();
    });
  });
});

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import type { Owner } from '#platform/contracts/owners.ts';
import type { ClientClass } from '#platform/data/database/database.ts';
import { createSubgraph, type HostedSubgraph } from '#platform/host/host.ts';
import { openPlatform } from '#platform/host/open.ts';
import { PrismaClient } from '#prisma/analytics/client/client.ts';
import { analytics } from './subgraph.ts';

const lifecycle = new AsyncDisposableStack();
let db: PrismaClient;
let subgraph: HostedSubgraph;
let queries = 0;

beforeAll(async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-budgets-'));
  lifecycle.defer(() => rm(directory, { recursive: true }));
  const root = path.resolve(import.meta.dirname, '../..');
  const config = loadConfig({ NODE_ENV: 'test', SEXTANT_DIR: directory, EMBEDDED_FSYNC: 'false' }, root);
  const log = pino({ level: 'silent' });
  const transportOf = () => undefined;
  const open = await openPlatform({ config, log, metrics: new Registry(), lifecycle, transportOf });
  await open.database.opened;
  db = await open.database.client('analytics', PrismaClient);
  const platform = open.of('analytics', new AsyncDisposableStack());
  const counted = {
    ...platform.database,
    async client<Client>(owner: Owner, Client: ClientClass<Client>): Promise<Client> {
      const client = (await platform.database.client(owner, Client)) as PrismaClient;
      return client.$extends({
        query: {
          $allOperations({ args, query }) {
            queries++;
            return query(args);
          },
        },
      }) as unknown as Client;
    },
  };
  subgraph = lifecycle.use(await createSubgraph(analytics, { ...platform, database: counted }));
}, 60_000);
afterAll(() => lifecycle.disposeAsync());

interface Shown {
  readonly id: string;
  readonly spent: string;
  readonly alerts: readonly { readonly share: number }[];
}

const BUDGETS =
  'query($first: Int, $after: ID) { budgets(first: $first, after: $after) { id spent alerts { share } } }';

async function ask(variables: object) {
  const { result } = await subgraph.transport.execute({
    query: BUDGETS,
    variables: { ...variables },
    requestId: randomUUID(),
    identity: {
      kind: 'user',
      userId: randomUUID(),
      roles: ['admin'],
      scopes: ['admin', 'analytics:read'],
      expiresAt: Math.floor(Date.now() / 1_000) + 600,
    },
  });
  return JSON.parse(JSON.stringify(result)) as {
    data: { budgets: Shown[] | null };
    errors?: { message: string; extensions: Record<string, unknown> }[];
  };
}

it('are read in pages, in as many queries for a thousand as for one', async () => {
  const ids = Array.from({ length: 1_205 }, () => randomUUID()).sort();
  await db.budget.createMany({
    data: ids.map((id) => ({ id, userId: randomUUID(), period: 'DAY', limit: '10', alertAt: [0.5] })),
  });
  const first = await db.budget.findUniqueOrThrow({ where: { id: ids[0]! } });
  const today = new Date(new Date().toISOString().slice(0, 10));
  const sums = {
    calls: 1,
    cacheHits: 0,
    inputTokens: 1,
    cachedTokens: 0,
    outputTokens: 1,
    reasoningTokens: 0,
    images: 0,
  };
  const of = { operation: 'reply', provider: 'p', model: 'm', outcome: 'OK', currency: 'USD' };
  await db.rollup.create({ data: { interval: 'DAY', at: today, userId: first.userId, ...of, ...sums, cost: '6.5' } });
  await db.budgetAlert.create({ data: { budgetId: first.id, periodStart: today, share: 0.5 } });

  queries = 0;
  const one = await ask({ first: 1 });
  expect(one.data.budgets).toEqual([{ id: ids[0], spent: '6.5', alerts: [{ share: 0.5 }] }]);
  const forOne = queries;
  queries = 0;
  const whole = await ask({});
  expect(queries).toBe(forOne);
  expect(whole.data.budgets!.map(({ id }) => id)).toEqual(ids.slice(0, 1_000));
  expect(whole.data.budgets![1]).toMatchObject({ spent: '0', alerts: [] });
  const rest = await ask({ after: ids[999] });
  expect(rest.data.budgets!.map(({ id }) => id)).toEqual(ids.slice(1_000));
});

it.each([
  [{ first: 0 }, 'first'],
  [{ first: 1_001 }, 'first'],
  [{ after: 'the last one' }, 'after'],
])('%o is refused by name', async (page, argument) => {
  const { errors } = await ask(page);
  expect(errors![0]!.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument });
});

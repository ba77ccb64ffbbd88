import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import type { Usage } from '#platform/contracts/events.ts';
import { type Database, openDatabase } from '#platform/data/database/database.ts';
import { migratePostgres } from '#platform/data/database/migrate-postgres.ts';
import { createTestDatabase, POSTGRES_TEST_URL } from '#platform/data/database/testing/test-database.ts';
import { PrismaClient } from '#prisma/analytics/client/client.ts';
import { forgetUser, recordCalls } from './record.ts';

const call = (userId: string): Usage => ({
  id: uuid(),
  operation: 'reply',
  provider: 'openai',
  model: 'gpt',
  deployment: 'd',
  userId,
  at: '2026-03-10T10:20:00.000Z',
  tokens: { input: 1, cached: 0, output: 1, reasoning: 0 },
  estimated: false,
  cost: '0.1',
  currency: 'USD',
  latencyMs: 1,
  retries: 0,
  fallbacks: 0,
  cacheHit: false,
  outcome: 'ok',
});

const skipped = POSTGRES_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';
describe.skipIf(!POSTGRES_TEST_URL)(`on Postgres${skipped}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let database: Database;
  let db: PrismaClient;
  let url: string;
  beforeAll(async () => {
    ({ url } = lifecycle.use(await createTestDatabase()));
    const directory = await mkdtemp(path.join(tmpdir(), 'sextant-record-'));
    lifecycle.defer(() => rm(directory, { recursive: true }));
    const root = path.resolve(import.meta.dirname, '../..');
    const config = loadConfig(
      { SEXTANT_DIR: directory, DATABASE_URL: url, JWT_SECRET: 'a secret that these tests alone have' },
      root,
    );
    await migratePostgres(config, url);
    database = lifecycle.use(await openDatabase(config, pino({ level: 'silent' })));
    db = await database.client('analytics', PrismaClient);
  }, 60_000);
  afterAll(() => lifecycle.disposeAsync());

  const record = (userId: string) => db.$transaction((tx) => recordCalls(tx, [call(userId)]));

  it('calls of others are recorded while those of a deleted user go, and none of the latter are left', async () => {
    const [gone, there] = [uuid(), uuid()];
    await record(gone);
    // Holds up the deletion, as many calls would.
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT FROM analytics.calls WHERE user_id = $1 FOR UPDATE', [gone]);
    const forgetting = db.$transaction((tx) => forgetUser(tx, gone), { timeout: 60_000 });
    const waits = () =>
      client.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()");
    await expect.poll(async () => (await waits()).rowCount, { timeout: 20_000 }).toBe(1);
    await record(there);
    await record(gone);
    await client.query('COMMIT');
    await client.end();
    await forgetting;
    await record(gone);
    expect(await db.call.groupBy({ by: ['userId'], _count: true })).toEqual([{ userId: there, _count: 1 }]);
    expect(await db.rollup.count({ where: { userId: gone } })).toBe(0);
  }, 60_000);
});

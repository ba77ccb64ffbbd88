import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { outageOf } from '#platform/base/errors/outage.ts';
import { PrismaClient } from '#prisma/vector/client/client.ts';
import { afterCommit } from './after-commit.ts';
import { type ClientClass, openDatabase } from './database.ts';
import { migratePostgres } from './migrate-postgres.ts';
import { createTestDatabase, POSTGRES_TEST_URL } from './testing/test-database.ts';

const skipped = POSTGRES_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';

describe.skipIf(!POSTGRES_TEST_URL)(`what Postgres gives up for others${skipped}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let admin: pg.Client;
  let gate: pg.Client;
  let db: PrismaClient;
  beforeAll(async () => {
    const { url } = lifecycle.use(await createTestDatabase());
    const server = new pg.Client({ connectionString: url });
    await server.connect();
    // A deadlock is found after a second otherwise.
    await server.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET deadlock_timeout = '20ms'`);
    await server.end();
    const config = loadConfig({
      DATABASE_URL: url,
      JWT_SECRET: 'a secret for tests that has more than 32 characters',
    });
    await migratePostgres(config, url);
    const database = lifecycle.use(await openDatabase(config, pino({ level: 'silent' })));
    db = await database.client('vector', PrismaClient as ClientClass<PrismaClient>);
    const connected = async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      lifecycle.defer(() => client.end());
      return client;
    };
    [admin, gate] = [await connected(), await connected()];
  }, 60_000);
  afterAll(() => lifecycle.disposeAsync());

  const addJobs = async (): Promise<[string, string]> => {
    const ids: [string, string] = [randomUUID(), randomUUID()];
    await db.job.createMany({ data: ids.map((id) => ({ id, kind: 'test', payload: {}, state: 'DONE' })) });
    return ids;
  };
  const count = (id: string) => db.job.findUniqueOrThrow({ where: { id }, select: { done: true } });

  it('a transaction in a deadlock is begun again: both take effect once, and each tells its commit once', async () => {
    const [one, two] = await addJobs();
    const told: string[] = [];
    let runs = 0;
    let waiting = 0;
    const { promise: bothHold, resolve } = Promise.withResolvers<void>();
    const change = (name: string, first: string, second: string) =>
      db.$transaction(async (tx) => {
        runs++;
        afterCommit(tx, () => told.push(name));
        await tx.job.update({ where: { id: first }, data: { done: { increment: 1 } } });
        if (++waiting === 2) resolve();
        await bothHold;
        await tx.job.update({ where: { id: second }, data: { done: { increment: 1 } } });
      });
    await Promise.all([change('a', one, two), change('b', two, one)]);
    expect(runs).toBeGreaterThan(2);
    expect(told.toSorted()).toEqual(['a', 'b']);
    expect([await count(one), await count(two)]).toEqual([{ done: 2 }, { done: 2 }]);
  }, 30_000);

  it('a statement of its own that is in a deadlock is sent again', async () => {
    const [one, two] = await addJobs();
    const blocked = async (by: pg.Client) => {
      await by.query('SELECT pg_stat_clear_snapshot()');
      return (await by.query('SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))'))
        .rowCount;
    };
    await gate.query('SELECT pg_advisory_lock(1)');
    await admin.query('BEGIN');
    // Postgres gives up the one that finds the deadlock, which is not to be this one.
    await admin.query(`SET LOCAL deadlock_timeout = '1min'`);
    await admin.query('UPDATE vector.jobs SET total = 7 WHERE id = $1', [two]);
    const add = (id: string) => `UPDATE jobs SET done = done + 1 WHERE id = '${id}';`;
    const statement = `DO $$ BEGIN ${add(one)} PERFORM pg_advisory_xact_lock(1); ${add(two)} END $$`;
    // A client of Prisma begins when it is waited for.
    const changed = db.$executeRawUnsafe(statement).then(() => 'changed');
    await expect.poll(() => blocked(gate)).toBe(1);
    const other = admin.query('UPDATE vector.jobs SET total = 7 WHERE id = $1', [one]);
    const waits = async () =>
      (await gate.query('SELECT FROM unnest(pg_blocking_pids($1))', [(admin as { processID?: number }).processID]))
        .rowCount;
    await expect.poll(waits).toBe(1);
    await gate.query('SELECT pg_advisory_unlock(1)');
    await other;
    await admin.query('COMMIT');
    expect(await changed).toBe('changed');
    expect([await count(one), await count(two)]).toEqual([{ done: 1 }, { done: 1 }]);
  }, 30_000);

  it('what stays contended is unavailable for now, and not an unexpected error', async () => {
    const [one] = await addJobs();
    await admin.query('BEGIN');
    await admin.query('UPDATE vector.jobs SET total = 7 WHERE id = $1', [one]);
    const locked = db.$queryRawUnsafe('SELECT id FROM jobs WHERE id = $1::uuid FOR UPDATE NOWAIT', one);
    expect(outageOf(await locked.catch((error: unknown) => error))).toBe('contended');
    await admin.query('ROLLBACK');
  }, 30_000);
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../base/config/config.ts';
import { OWNERS } from '../../contracts/owners.ts';
import { brokenRestore, closeDatabase, lockRestore, noteStep, openAgain } from './fence.ts';
import { migratePostgres, preparePostgres } from './migrate-postgres.ts';
import { migrationsOf } from './migrations.ts';
import { createTestDatabase, POSTGRES_TEST_URL } from './testing/test-database.ts';

const skipped = POSTGRES_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';

describe.skipIf(!POSTGRES_TEST_URL)(`the fence of a restore${skipped}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let url: string;
  let root: string;
  let one: pg.Client;
  let other: pg.Client;
  const config = () =>
    loadConfig({ DATABASE_URL: url, JWT_SECRET: 'a secret for tests that has more than 32 characters' }, root);
  beforeAll(async () => {
    url = lifecycle.use(await createTestDatabase()).url;
    const connected = async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      lifecycle.defer(() => client.end());
      return client;
    };
    [one, other] = [await connected(), await connected()];
    root = await mkdtemp(path.join(tmpdir(), 'fence-'));
    lifecycle.defer(() => rm(root, { recursive: true }));
    await preparePostgres(config(), url);
  }, 60_000);
  afterAll(() => lifecycle.disposeAsync());

  it.each(['replacing', 'swapped'] as const)(
    'a second restore that breaks off early leaves the note of what the first had replaced (%s)',
    async (step) => {
      await closeDatabase(one);
      expect(await brokenRestore(one)).toBe('closed');
      await noteStep(one, step);
      await closeDatabase(other);
      expect(await brokenRestore(other)).toBe(step);
      await openAgain(other);
      expect(await brokenRestore(one)).toBeUndefined();
    },
  );

  it('no restore begins until a migration that is under way has ended', async () => {
    for (const owner of OWNERS) {
      const folder = path.join(migrationsOf(root, owner), '1_waits');
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, 'migration.sql'), 'SELECT pg_advisory_xact_lock(4711)');
    }
    await other.query('SELECT pg_advisory_lock(4711)');
    const migrating = migratePostgres(config(), url);
    const waits = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted`;
    await expect.poll(async () => (await other.query(waits)).rowCount, { timeout: 30_000 }).toBe(1);
    await expect(lockRestore(one, 'restore')).rejects.toThrow('a migration of this database is under way');
    await other.query('SELECT pg_advisory_unlock(4711)');
    await migrating;
    await expect
      .poll(() =>
        lockRestore(one, 'restore').then(
          () => 'held',
          () => 'kept out',
        ),
      )
      .toBe('held');
  }, 60_000);
});

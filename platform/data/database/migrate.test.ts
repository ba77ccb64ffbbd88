import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseError } from './error.ts';
import { migrate, pendingMigrations, settleMigration } from './migrate.ts';

const url = process.env['POSTGRES_TEST_URL'] || undefined;
const skipped = url ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';

describe.skipIf(!url)(`migrations on Postgres${skipped}`, () => {
  let client: pg.Client;
  let directory: string;
  const schema = `migrate_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'migrations-'));
    client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` });
    await client.connect();
    await client.query(`CREATE SCHEMA ${schema}`);
  });
  afterEach(async () => {
    await client.query(`DROP SCHEMA ${schema} CASCADE`);
    await client.end();
    await rm(directory, { recursive: true });
  });
  const write = async (name: string, sql: string): Promise<void> => {
    await mkdir(path.join(directory, name), { recursive: true });
    await writeFile(path.join(directory, name, 'migration.sql'), sql);
  };

  it('one that fails leaves nothing, says where it failed, and the mended one is applied', async () => {
    await write('1_first', 'CREATE TABLE first (id int);');
    await write('2_wrong', 'CREATE TABLE second (id int);\nALTER TABLE nowhere ADD COLUMN x int;');
    await write('3_third', 'CREATE TABLE third (id int);');
    for (let run = 0; run < 2; run++)
      await expect(migrate(client, directory)).rejects.toThrow(
        /^migration 2_wrong failed.*relation "nowhere" does not exist \(42P01\)\. Nothing of it was applied/,
      );
    // The command prints its message alone.
    await expect(migrate(client, directory)).rejects.toThrow(DatabaseError);
    expect(await pendingMigrations(client, directory)).toEqual(['2_wrong', '3_third']);
    await write('2_wrong', 'CREATE TABLE second (id int);');
    expect(await migrate(client, directory)).toEqual(['2_wrong', '3_third']);
    expect(await migrate(client, directory)).toEqual([]);
  });

  it('one that an earlier version noted as failed is tried again', async () => {
    await write('1_first', 'CREATE TABLE first (id int);');
    await migrate(client, directory);
    await write('2_second', 'CREATE TABLE second (id int);');
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES ('a', 'b', '2_second', 'it failed')`,
    );
    expect(await migrate(client, directory)).toEqual(['2_second']);
  });

  it.each([
    ['applied', []],
    ['rolled-back', ['2_second']],
  ] as const)('one whose end is not known is settled by hand as %s', async (outcome, applied) => {
    await write('1_first', 'CREATE TABLE first (id int);');
    await migrate(client, directory);
    await write('2_second', 'CREATE TABLE second (id int);');
    const { rows } = await client.query("SELECT encode(sha256('CREATE TABLE second (id int);'), 'hex') AS checksum");
    await client.query(`INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('a', $1, '2_second')`, [
      rows[0].checksum,
    ]);
    await expect(migrate(client, directory)).rejects.toThrow(/sextant migrate --rolled-back 2_second/);
    expect(await settleMigration(client, '2_second', outcome)).toBe(true);
    expect(await settleMigration(client, '2_second', outcome)).toBe(false);
    expect(await migrate(client, directory)).toEqual(applied);
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OWNERS } from '../../contracts/owners.ts';
import { EmbeddedPostgres } from './embedded-postgres.ts';
import { migrationsOf } from './migrations.ts';
import { createTestDatabase, POSTGRES_TEST_URL } from './testing/test-database.ts';
import { type LostRows, upgradeFilled } from './testing/upgrade-filled.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** Migrations that take rows away, and why. What is not named here must leave every row where it is. */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  // Each mail that waits becomes a job.
  '20261129210000_mail_jobs': ['outgoing_mails'],
};

async function write(directory: string, name: string, sql: string): Promise<void> {
  await mkdir(path.join(directory, name), { recursive: true });
  await writeFile(path.join(directory, name, 'migration.sql'), sql);
}

/** Migrations that pass on empty tables, and break on rows, at once or when the server counts them. */
const WRONG: Readonly<Record<string, { readonly sql: string; readonly problem: RegExp }>> = {
  'a column that rows lack': {
    sql: 'ALTER TABLE ships ADD COLUMN port TEXT NOT NULL',
    problem: /2_next failed.*"port".*null values/,
  },
  'a column that must not be null': {
    sql: 'ALTER TABLE ships ALTER COLUMN about SET NOT NULL',
    problem: /2_next failed.*null values/,
  },
  'a key that rows share': {
    sql: 'CREATE UNIQUE INDEX ON ships (about)',
    problem: /2_next failed.*could not create unique index/,
  },
  'a type that texts are not of': {
    sql: 'ALTER TABLE ships ALTER COLUMN name TYPE INT USING name::int',
    problem: /2_next failed/,
  },
  'a function of an index that finds another by the search path': {
    sql: `CREATE FUNCTION bare(body TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$ SELECT lower(body) $$;
      CREATE FUNCTION words(body TEXT) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN bare(body); END $$;
      CREATE INDEX ON ships (words(name));`,
    problem: /(2_next failed|ANALYZE ships fails).*function bare\(text\) does not exist/,
  },
};

interface Server extends AsyncDisposable {
  /** Connects to the one database of it. */
  connect(): Promise<pg.Client>;
}

async function embedded(): Promise<Server> {
  const thread = new EmbeddedPostgres({ durable: false });
  return {
    async connect() {
      const client = new pg.Client({
        stream: () => thread.connect(undefined),
        user: 'postgres',
        database: 'postgres',
      });
      await client.connect();
      return client;
    },
    [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
  };
}

async function postgres(): Promise<Server> {
  const database = await createTestDatabase();
  return {
    async connect() {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      return client;
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

const skipped = POSTGRES_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';
describe.each([
  { name: 'the embedded database', open: embedded, isSkipped: false },
  { name: `Postgres${skipped}`, open: postgres, isSkipped: skipped !== '' },
])('an upgrade of $name with rows in all tables', ({ open, isSkipped }) => {
  let server: Server;
  let folder: string;
  beforeAll(async () => {
    if (isSkipped) return;
    server = await open();
    folder = await mkdtemp(path.join(tmpdir(), 'upgrade-'));
  }, 60_000);
  afterAll(async () => {
    if (isSkipped) return;
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function upgrade(directory: string, schema: string): Promise<LostRows> {
    const client = await server.connect();
    try {
      await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}`);
      return await upgradeFilled(client, directory, schema);
    } finally {
      await client.query(`RESET search_path; DROP SCHEMA ${schema} CASCADE`);
      await client.end();
    }
  }

  it.skipIf(isSkipped).each(OWNERS)(
    '%s: each migration passes, and what was there is there',
    async (owner) => {
      const lost = await upgrade(migrationsOf(root, owner), owner);
      for (const [migration, tables] of Object.entries(lost))
        expect(Object.keys(tables), migration).toEqual(TAKEN[migration] ?? []);
    },
    60_000,
  );

  it.skipIf(isSkipped).each(Object.entries(WRONG))(
    '%s is found',
    async (title, { sql, problem }) => {
      const directory = path.join(folder, title.replaceAll(' ', '-'));
      await write(
        directory,
        '1_first',
        `CREATE TYPE rig AS ENUM ('SLOOP', 'KETCH');
       CREATE TABLE owners (id UUID PRIMARY KEY, email VARCHAR(40) NOT NULL, seen TIMESTAMPTZ(3));
       CREATE UNIQUE INDEX ON owners (lower(email));
       CREATE TABLE ships (
         id BIGSERIAL PRIMARY KEY, owner_id UUID NOT NULL REFERENCES owners (id), beside UUID REFERENCES owners (id),
         name TEXT NOT NULL, about TEXT, rig rig NOT NULL, flags CHAR(3)[], kept JSONB NOT NULL DEFAULT '[]',
         tons NUMERIC(20, 4), changed xid8 NOT NULL DEFAULT pg_current_xact_id(), raw BYTEA, isSold BOOLEAN);`,
      );
      await write(directory, '2_next', 'ALTER TABLE ships ADD COLUMN crew INT NOT NULL DEFAULT 0');
      await expect(upgrade(directory, 'harbour')).resolves.toEqual({});
      await write(directory, '2_next', sql);
      await expect(upgrade(directory, 'harbour')).rejects.toThrow(problem);
    },
    60_000,
  );

  it.skipIf(isSkipped)(
    'rows that a migration takes away are told',
    async () => {
      const directory = path.join(folder, 'taking');
      await write(directory, '1_first', 'CREATE TABLE ships (name TEXT); CREATE TABLE ports (name TEXT)');
      await write(directory, '2_next', 'DELETE FROM ships');
      await write(directory, '3_last', 'DROP TABLE ports');
      expect(await upgrade(directory, 'harbour')).toEqual({ '2_next': { ships: 5 }, '3_last': { ports: 10 } });
    },
    60_000,
  );
});

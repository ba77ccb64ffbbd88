import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Postgres for tests: a server whose user may create databases and roles. Suites that need it are skipped without. */
export const POSTGRES_TEST_URL = process.env['POSTGRES_TEST_URL'] || undefined;

export interface PostgresForTests extends AsyncDisposable {
  readonly url: string;
}

/** A database of its own on the test server, dropped in the end. */
export async function createTestDatabase(): Promise<PostgresForTests> {
  const name = `sextant_test_${randomBytes(6).toString('hex')}`;
  await onServer((client) => client.query(`CREATE DATABASE ${name}`));
  const url = new URL(POSTGRES_TEST_URL!);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await onServer((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

async function onServer(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: POSTGRES_TEST_URL });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

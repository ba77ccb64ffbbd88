import { PGlite, type Transaction } from '@electric-sql/pglite';
import pg from 'pg';
import { tellsCommits } from '../../database/after-commit.ts';
import type { SqlClient, SqlTransaction } from '../outbox.ts';

/** The Postgres that tests may use for what needs two real sessions. */
export const POSTGRES_TEST_URL = process.env.POSTGRES_TEST_URL || undefined;

/** What `prisma migrate` makes of the models that outbox.ts documents, and a table for effects. */
export const TABLES = `
CREATE TABLE outbox_events (
  position BIGSERIAL PRIMARY KEY, id UUID NOT NULL UNIQUE, type TEXT NOT NULL, version INTEGER NOT NULL,
  aggregate TEXT NOT NULL, payload JSONB NOT NULL, recorded_at TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  claimed_until TIMESTAMPTZ(3), published_at TIMESTAMPTZ(3));
CREATE INDEX ON outbox_events (published_at, position);
CREATE TABLE inbox_events (
  id UUID PRIMARY KEY, type TEXT NOT NULL, handled_at TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  parked_at TIMESTAMPTZ(3), attempts INTEGER NOT NULL DEFAULT 1, problem TEXT, event JSONB);
CREATE TABLE effects (number BIGSERIAL PRIMARY KEY, event_id UUID NOT NULL, note TEXT NOT NULL);`;

/** The two raw calls of a Prisma client on anything that answers a query with parameters. */
const raw = (
  query: (sql: string, values: unknown[]) => Promise<{ rows: unknown[]; count: number }>,
): SqlTransaction => ({
  $executeRawUnsafe: async (sql, ...values) => (await query(sql, values)).count,
  $queryRawUnsafe: async <Rows>(sql: string, ...values: unknown[]) => (await query(sql, values)).rows as Rows,
});

export async function embeddedClient(lifecycle: AsyncDisposableStack): Promise<SqlClient> {
  const db = await PGlite.create();
  lifecycle.defer(() => db.close());
  await db.exec(TABLES);
  const over = (on: PGlite | Transaction) =>
    raw(async (sql, values) => {
      const { rows, affectedRows } = await on.query(sql, values);
      return { rows, count: affectedRows ?? 0 };
    });
  return tellsCommits<SqlClient>({ ...over(db), $transaction: (work) => db.transaction((tx) => work(over(tx))) });
}

/** A schema of its own on the test server; each call of the result's `connect` is another process' pool. */
export async function postgresSchema(lifecycle: AsyncDisposableStack): Promise<{ connect(): SqlClient }> {
  const schema = `test_${process.pid}_${Math.random().toString(36).slice(2)}`;
  const admin = new pg.Client({ connectionString: POSTGRES_TEST_URL });
  await admin.connect();
  await admin.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${TABLES}`);
  lifecycle.defer(async () => {
    await admin.query(`DROP SCHEMA ${schema} CASCADE`);
    await admin.end();
  });
  return {
    connect() {
      const pool = new pg.Pool({ connectionString: POSTGRES_TEST_URL, options: `-c search_path=${schema}`, max: 5 });
      lifecycle.defer(() => pool.end());
      const over = (on: pg.Pool | pg.PoolClient) =>
        raw(async (sql, values) => {
          const { rows, rowCount } = await on.query(sql, values);
          return { rows, count: rowCount ?? 0 };
        });
      return tellsCommits<SqlClient>({
        ...over(pool),
        async $transaction(work) {
          const session = await pool.connect();
          try {
            await session.query('BEGIN');
            const result = await work(over(session));
            await session.query('COMMIT');
            return result;
          } catch (error) {
            await session.query('ROLLBACK');
            throw error;
          } finally {
            session.release();
          }
        },
      });
    },
  };
}

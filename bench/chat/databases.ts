import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { metricOf } from '../../tests/testing/process-metrics.ts';
import { SERVERS_SKIPPED, startPostgres, startRedis } from '../../tests/testing/servers.ts';
import type { Work } from './contender.ts';

/** The servers of the distributed product. */
export interface Servers {
  readonly postgresUrl: string;
  readonly redisUrl: string;
}

/**
 * Those of POSTGRES_TEST_URL and REDIS_TEST_URL; without these, servers of this run alone where they are installed.
 *
 * @returns why there are none, where there are none.
 */
export async function openServers(lifecycle: AsyncDisposableStack): Promise<Servers | string> {
  const { POSTGRES_TEST_URL, REDIS_TEST_URL } = process.env;
  if (POSTGRES_TEST_URL && REDIS_TEST_URL) return { postgresUrl: POSTGRES_TEST_URL, redisUrl: REDIS_TEST_URL };
  if (SERVERS_SKIPPED) return `${SERVERS_SKIPPED}, or set POSTGRES_TEST_URL and REDIS_TEST_URL`;
  const postgres = lifecycle.use(await startPostgres({ durable: true }));
  const redis = lifecycle.use(await startRedis());
  return { postgresUrl: postgres.url, redisUrl: redis.url };
}

/** A database of this run on a server, with what has been done in it. */
export async function createDatabase(server: string, lifecycle: AsyncDisposableStack) {
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  lifecycle.defer(() => admin.end());
  const name = `sextant_bench_${randomBytes(6).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name}`);
  lifecycle.defer(async () => void (await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, work: () => postgresWork(admin, name) };
}

/** Backends hand in their counts at most once a second. */
const HANDED_IN_MS = 1_200;

async function postgresWork(admin: pg.Client, database: string): Promise<Work> {
  await sleep(HANDED_IN_MS);
  const { rows: version } = await admin.query<{ number: number }>(
    `SELECT current_setting('server_version_num')::int AS number`,
  );
  const syncs =
    version[0]!.number < 180_000
      ? 'SELECT wal_sync FROM pg_stat_wal'
      : `SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'`;
  const { rows } = await admin.query<Work>(
    `SELECT (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1)::float8 AS transactions,
       (${syncs})::float8 AS syncs, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS "walBytes"`,
    [database],
  );
  return rows[0]!;
}

/** What the embedded database says on the page of metrics. */
export async function embeddedWork(url: string): Promise<Work> {
  const total = (name: string) => metricOf(url, `sextant_embedded_database_${name}_total`);
  return {
    transactions: await total('transactions'),
    syncs: await total('log_syncs'),
    walBytes: await total('log_bytes'),
  };
}

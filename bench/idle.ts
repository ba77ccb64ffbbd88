/**
 * What the product costs while no client asks it anything: CPU of all its processes as a share of one core, and
 * transactions a second of the whole database, embedded and as seven processes on Postgres and Redis. Each side rests
 * for a while after its start before it is measured. Linux only (it reads /proc).
 *
 * `npm run bench -- idle [seconds]`; distributed needs POSTGRES_TEST_URL and REDIS_TEST_URL.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createTestDatabase } from '#platform/data/database/testing/test-database.ts';
import { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from '../tests/testing/postgres.ts';
import { type RunningGraph, startDistributed, startEmbedded } from '../tests/testing/sextant.ts';
import { cpuOf } from './llm/process.ts';

const SETTLE_MS = 20_000;
const seconds = Number(process.argv[3] ?? 60);

const cpu = (graph: RunningGraph) =>
  [...graph.processes.values()].reduce((sum, { pid }) => sum + cpuOf(String(pid)), 0);

/** CPU of a graph that rests, in percent of a core. */
async function restOf(graph: RunningGraph): Promise<string> {
  const before = cpu(graph);
  await sleep(seconds * 1_000);
  return ((cpu(graph) - before) / (seconds * 10)).toFixed(2);
}

{
  await using graph = await startEmbedded();
  await sleep(SETTLE_MS);
  console.log(`BENCH idle-embedded cpu_percent=${await restOf(graph)} seconds=${seconds}`);
}
if (DISTRIBUTED_SKIPPED) console.log(`idle-distributed${DISTRIBUTED_SKIPPED}`);
else {
  await using postgres = await createTestDatabase();
  await using graph = await startDistributed({ postgres, redisUrl: REDIS_TEST_URL! });
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const transactions = async () =>
    Number(
      (
        await client.query<{ n: string }>(
          `SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()`,
        )
      ).rows[0]!.n,
    );
  await sleep(SETTLE_MS);
  const before = await transactions();
  const cpuPercent = await restOf(graph);
  const perSecond = ((await transactions()) - before - 1) / seconds;
  await client.end();
  console.log(
    `BENCH idle-distributed cpu_percent=${cpuPercent} transactions_per_s=${perSecond.toFixed(2)} seconds=${seconds}`,
  );
}

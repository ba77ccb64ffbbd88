import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createTestDatabase } from '#platform/data/database/testing/test-database.ts';
import { REDIS_TEST_URL } from '../../tests/testing/postgres.ts';
import { freePort, runToEnd, SextantProcess } from '../../tests/testing/sextant.ts';
import { cpuOf } from '../llm/process.ts';
import { type Figures, follow, PRODUCER, type Query, runId, seed } from './follow.ts';

const profiling = process.env['EVENTS_PROFILE'];

/** Replicas of analytics and one producer, each a process, on a database of their own. */
export async function measureDistributed(events: number, replicas: number, kills: number): Promise<Figures> {
  await using lifecycle = new AsyncDisposableStack();
  const postgres = lifecycle.use(await createTestDatabase());
  const directory = await mkdtemp(path.join(tmpdir(), 'bench-events-'));
  lifecycle.defer(() => rm(directory, { recursive: true, force: true }));
  const client = new pg.Client({ connectionString: postgres.url });
  const env = {
    SEXTANT_DIR: directory,
    DATABASE_URL: postgres.url,
    REDIS_URL: REDIS_TEST_URL!,
    REDIS_PREFIX: `bench-${runId()}:`,
    JWT_SECRET: 'a secret for benchmarks that has more than 32 characters',
    ...(profiling && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${path.resolve(profiling)}` }),
  };
  const redis = new Redis(REDIS_TEST_URL!);
  lifecycle.defer(() => redis.disconnect());
  await runToEnd(['migrate'], env);
  await client.connect();
  lifecycle.defer(() => client.end());
  let ours = 0;
  const query: Query = async <Row>(sql: string, values?: unknown[]) => {
    ours++;
    return (await client.query(sql, values)).rows as Row[];
  };
  const processes: { readonly name: string; one: SextantProcess }[] = [];
  const spawn = async (name: string) =>
    SextantProcess.start(['serve', name], { ...env, SUBGRAPH_PORT: String(await freePort()) });
  const start = async (name: string) => void processes.push({ name, one: await spawn(name) });
  lifecycle.defer(async () => {
    // One that is killed writes no profile.
    await Promise.all(processes.map(({ one }) => (profiling ? one.stop() : one.kill())));
  });
  for (let n = 0; n < replicas; n++) await start('analytics');
  const transactions = async () =>
    Number(
      (
        await query<{ n: string }>(`SELECT xact_commit AS n FROM pg_stat_database WHERE datname = current_database()`)
      )[0]!.n,
    );
  const cpu = (of: string) =>
    processes.filter(({ name }) => name === of).reduce((sum, { one }) => sum + cpuOf(String(one.pid)), 0);
  await start(PRODUCER);
  // All is measured from before the first event is there to after the last one is counted, and no start of a process is
  // in it.
  const before = {
    transactions: await transactions(),
    ours,
    analytics: cpu('analytics'),
    producer: cpu(PRODUCER),
    database: await databaseCpu(query),
    redis: await redisCpu(redis),
  };
  await seed(query, events);
  await query('ANALYZE');
  const killing = killSome(processes, kills, spawn);
  const perSecond = await follow(query, events);
  await killing;
  const cpuMs = {
    analytics: cpu('analytics') - before.analytics,
    producer: cpu(PRODUCER) - before.producer,
    database: (await databaseCpu(query)) - before.database,
    redis: (await redisCpu(redis)) - before.redis,
  };
  // Sessions tell their numbers when they rest.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const transactionsPerEvent = ((await transactions()) - before.transactions - (ours - before.ours)) / events;
  return { perSecond, transactionsPerEvent, cpuMs, replicas };
}

/** What Redis has used, in ms: of all that it does, so nothing else may use it. */
async function redisCpu(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const used = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)];
  return used.reduce((sum, [, seconds]) => sum + Number(seconds) * 1_000, 0);
}

/** Kills the processes in turns with SIGKILL, wherever they are, and starts each again. */
async function killSome(
  processes: { readonly name: string; one: SextantProcess }[],
  kills: number,
  spawn: (name: string) => Promise<SextantProcess>,
): Promise<void> {
  for (let n = 0; n < kills; n++) {
    await sleep(500 + Math.random() * 1_500);
    const victim = processes[n % processes.length]!;
    await victim.one.kill();
    victim.one = await spawn(victim.name);
  }
}

/** CPU of the sessions that the product has open, in ms; not a number where Postgres runs on another machine. */
async function databaseCpu(query: Query): Promise<number> {
  const sessions = await query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'sextant-%'`,
  );
  try {
    return sessions.reduce((sum, { pid }) => sum + cpuOf(String(pid)), 0);
  } catch {
    return Number.NaN;
  }
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { loadConfig } from '#platform/base/config/config.ts';
import { createLog } from '#platform/base/log/log.ts';
import { openPlatform } from '#platform/host/open.ts';
import { openStorage } from '#platform/host/storage.ts';
import { PrismaClient as Readers } from '#prisma/analytics/client/client.ts';
import { type Prisma, PrismaClient as Producers } from '#prisma/auth/client/client.ts';
import { analytics } from '#subgraphs/analytics/subgraph.ts';
import { type Figures, follow, PRODUCER, type Query, seed } from './follow.ts';

/** Producer and analytics in this process, on embedded Postgres that writes to the disk. */
export async function measureEmbedded(events: number): Promise<Figures> {
  await using lifecycle = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), 'bench-events-'));
  lifecycle.defer(() => rm(directory, { recursive: true, force: true }));
  const config = loadConfig({ SEXTANT_DIR: directory, LOG_LEVEL: 'warn' }, path.resolve(import.meta.dirname, '../..'));
  const log = createLog(config, 'bench');
  const platform = await openPlatform({
    config,
    log,
    metrics: new Registry(),
    lifecycle,
    transportOf: () => undefined,
  });
  const reader = await platform.database.client('analytics', Readers);
  let ours = 0;
  const query: Query = async <Row>(sql: string, values: unknown[] = []) => {
    ours++;
    return (await reader.$queryRawUnsafe(sql, ...values)) as Row[];
  };
  const producer = await openStorage<Producers, Prisma.TransactionClient>(
    platform.of(PRODUCER, lifecycle),
    PRODUCER,
    Producers,
  );
  await seed(async (sql) => void (await producer.db.$executeRawUnsafe(sql)) as never, events);
  await analytics.start(platform.of('analytics', lifecycle));
  const transactions = async () =>
    Number(
      (
        await query<{ n: bigint }>(
          `SELECT xact_commit AS n FROM pg_stat_database, pg_stat_force_next_flush() WHERE datname = current_database()`,
        )
      )[0]!.n,
    );
  await transactions();
  const before = { transactions: await transactions(), ours, cpu: process.cpuUsage() };
  void producer.outbox;
  platform.events.start();
  const perSecond = await follow(query, events);
  const { user, system } = process.cpuUsage(before.cpu);
  await transactions();
  const transactionsPerEvent = ((await transactions()) - before.transactions - (ours - before.ours)) / events;
  return { perSecond, transactionsPerEvent, cpuMs: { all: (user + system) / 1_000 } };
}

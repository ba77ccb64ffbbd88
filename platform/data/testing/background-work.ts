import { until } from '../../base/iteration/until.ts';
import type { SqlTransaction } from '../outbox/outbox.ts';

type Asked = Pick<SqlTransaction, '$queryRawUnsafe'>;

/** Waits until all facts that an owner has recorded were handed over to the bus, and with that in memory handled. */
export const handedOver = (client: Asked): Promise<void> =>
  none(client, 'SELECT count(*)::int AS count FROM outbox_events WHERE published_at IS NULL');

/** Waits until no job of an owner is running or due. */
export const jobsEnded = (client: Asked): Promise<void> =>
  none(
    client,
    `SELECT count(*)::int AS count FROM jobs WHERE state = 'RUNNING' OR (state = 'WAITING' AND run_after <= now())`,
  );

async function none(client: Asked, sql: string): Promise<void> {
  const counted = async () => (await client.$queryRawUnsafe<{ count: number }[]>(sql))[0]!.count;
  const found = await until(async () => ((await counted()) === 0 ? true : undefined), { waitMs: 60_000, everyMs: 10 });
  if (found === undefined) throw new Error(`a minute was not enough: ${sql}`);
}

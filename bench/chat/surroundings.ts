import { Redis } from 'ioredis';
import pg from 'pg';
import { cpuOf, familyCpuOf } from '../llm/process.ts';
import type { Servers } from './databases.ts';

/**
 * What shares the cores with the product and is not of it: the load, the provider, the servers. What these take,
 * the product cannot have: sends a second at saturation say as much of them.
 */
export interface Surroundings {
  /** CPU that each of them has used so far, in ms. */
  cpu(): Promise<ReadonlyMap<string, number>>;
}

/**
 * Opens the load, which is this process, and the provider.
 *
 * @param provider id of its process.
 */
export const loadAndProvider = (provider: number): Surroundings => ({
  cpu: async () =>
    new Map([
      ['load', cpuOf(String(process.pid))],
      ['provider', cpuOf(String(provider))],
    ]),
});

/** Adds the servers of the distributed product, which run on this machine. */
export async function withServers(
  others: Surroundings,
  { postgresUrl, redisUrl }: Servers,
  lifecycle: AsyncDisposableStack,
): Promise<Surroundings> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  const { rows } = await client.query<{ pid: string }>(
    `SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1) AS pid`,
  );
  await client.end();
  const postmaster = rows[0]!.pid;
  const redis = lifecycle.adopt(new Redis(redisUrl), (one) => one.disconnect());
  const [, redisPid] = /process_id:(\d+)/.exec(await redis.info('server'))!;
  return {
    cpu: async () =>
      new Map([...(await others.cpu()), ['postgres', familyCpuOf(postmaster)], ['redis', cpuOf(redisPid!)]]),
  };
}

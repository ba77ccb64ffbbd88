import { createTestDatabase } from '#platform/data/database/testing/test-database.ts';
import { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from './postgres.ts';
import { type RunningGraph, startDistributed, startEmbedded } from './sextant.ts';

/** Starts the whole graph with these settings; it is stopped with `lifecycle`. */
export type StartGraph = (env: Record<string, string>, lifecycle: AsyncDisposableStack) => Promise<RunningGraph>;

/** The two ways to run the product, for `describe.each`: title, whether it is skipped here, how to start it. */
export const MODES: readonly [title: string, skipped: boolean, start: StartGraph][] = [
  ['in one process', false, async (env, lifecycle) => lifecycle.use(await startEmbedded(env))],
  [
    `as seven processes on Postgres and Redis${DISTRIBUTED_SKIPPED}`,
    DISTRIBUTED_SKIPPED !== '',
    async (env, lifecycle) => {
      const postgres = lifecycle.use(await createTestDatabase());
      return lifecycle.use(await startDistributed({ postgres, redisUrl: REDIS_TEST_URL! }, env));
    },
  ],
];

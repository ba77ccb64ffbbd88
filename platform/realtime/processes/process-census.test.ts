import { Registry } from 'prom-client';
import { describe } from 'vitest';
import { connectTestRedis, REDIS_SUITE, REDIS_TEST_URL, silentLog, testPrefix } from '../redis/testing/redis.ts';
import { MemoryTopics } from '../topics/memory-topics.ts';
import { RedisTopics } from '../topics/redis-topics.ts';
import { processCensusContract } from './process-census.contract.ts';

describe('the census of processes: memory', () => {
  processCensusContract(async () => {
    const topics = new MemoryTopics({ log: silentLog, metrics: new Registry() });
    return { here: topics, there: topics };
  });
});

describe.skipIf(!REDIS_TEST_URL)(`the census of processes: ${REDIS_SUITE}`, () => {
  processCensusContract(async (lifecycle) => {
    const prefix = testPrefix(lifecycle);
    const replica = async () =>
      new RedisTopics({ redis: await connectTestRedis(lifecycle, prefix), log: silentLog, metrics: new Registry() });
    return { here: await replica(), there: await replica() };
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { describe } from 'vitest';
import { connectTestRedis, REDIS_SUITE, REDIS_TEST_URL, silentLog, testPrefix } from '../redis/testing/redis.ts';
import { MemoryStreamLog } from './memory-stream-log.ts';
import { RedisStreamLog } from './redis-stream-log.ts';
import { CONTRACT_LIMITS, streamLogContract } from './stream-log.contract.ts';

describe('stream log: memory', () => {
  streamLogContract(async (lifecycle) => {
    const log = new MemoryStreamLog({ metrics: new Registry(), lifecycle, limits: CONTRACT_LIMITS });
    return { here: log, there: log };
  });
});

describe('stream log: memory, written to files', () => {
  streamLogContract(async (lifecycle) => {
    const directory = await mkdtemp(path.join(tmpdir(), 'streams-'));
    lifecycle.defer(() => rm(directory, { recursive: true, force: true }));
    const log = new MemoryStreamLog({ metrics: new Registry(), lifecycle, limits: CONTRACT_LIMITS, directory });
    return { here: log, there: log };
  });
});

describe.skipIf(!REDIS_TEST_URL)(`stream log: ${REDIS_SUITE}`, () => {
  streamLogContract(async (lifecycle) => {
    const prefix = testPrefix(lifecycle);
    const replica = async () =>
      new RedisStreamLog({
        redis: await connectTestRedis(lifecycle, prefix),
        log: silentLog,
        metrics: new Registry(),
        lifecycle,
        limits: CONTRACT_LIMITS,
      });
    return { here: await replica(), there: await replica() };
  });
});

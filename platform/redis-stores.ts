import type { Registry } from 'prom-client';
import { RedisCache } from './cache/redis-cache.ts';
import { RedisLeases } from './leases/redis-leases.ts';
import { CountingRateLimiter } from './limits/counting-rate-limiter.ts';
import type { Logger } from './log/log.ts';
import { RedisEventBus } from './outbox/redis-event-bus.ts';
import { RedisPresence } from './presence/redis-presence.ts';
import { openRedis } from './redis/redis.ts';
import type { Stores } from './stores.ts';
import { RedisStreamLog } from './streams/redis-stream-log.ts';
import { RedisTopics } from './topics/redis-topics.ts';

/** The stores that live in Redis; see openStores. */
export async function openRedisStores(options: {
  url: string;
  prefix: string;
  log: Logger;
  metrics: Registry;
  lifecycle: AsyncDisposableStack;
}): Promise<Stores> {
  const redis = await openRedis(options);
  const shared = { ...options, redis };
  const topics = new RedisTopics(shared);
  const leases = new RedisLeases(shared);
  return {
    streams: new RedisStreamLog(shared),
    presence: new RedisPresence({ ...shared, topics }),
    topics,
    cache: new RedisCache(shared),
    limiter: new CountingRateLimiter(shared),
    leases,
    events: new RedisEventBus({ ...shared, leases }),
    redis,
    async health() {
      try {
        await redis.guard('health', redis.commands.ping());
        return { status: 'up' };
      } catch {
        return { status: 'down', detail: 'Redis does not answer.' };
      }
    },
  };
}

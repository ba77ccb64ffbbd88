import type { Registry } from 'prom-client';
import type { Logger } from '../base/log/log.ts';
import { RedisEventBus } from '../data/outbox/redis-event-bus.ts';
import { CountingRateLimiter } from '../identity/limits/counting-rate-limiter.ts';
import { RedisCache } from '../realtime/cache/redis-cache.ts';
import { RedisLeases } from '../realtime/leases/redis-leases.ts';
import { RedisPlaces } from '../realtime/places/redis-places.ts';
import { RedisPresence } from '../realtime/presence/redis-presence.ts';
import { openRedis, redisHealth } from '../realtime/redis/redis.ts';
import { RedisStreamLog } from '../realtime/streams/redis-stream-log.ts';
import { RedisTopics } from '../realtime/topics/redis-topics.ts';

/** Opens the stores that live in Redis; see openStores. */
export async function openRedisStores(options: {
  url: string;
  prefix: string;
  log: Logger;
  metrics: Registry;
  lifecycle: AsyncDisposableStack;
}) {
  const redis = await openRedis(options);
  const shared = { ...options, redis };
  const topics = new RedisTopics(shared);
  return {
    streams: new RedisStreamLog(shared),
    presence: new RedisPresence({ ...shared, topics }),
    topics,
    cache: new RedisCache(shared),
    limiter: new CountingRateLimiter(shared),
    places: new RedisPlaces(shared),
    events: new RedisEventBus({ ...shared, leases: new RedisLeases(shared) }),
    redis,
    health: () => redisHealth(redis),
  };
}

import path from 'node:path';
import type { Registry } from 'prom-client';
import type { Config } from '../base/config/config.ts';
import type { Logger } from '../base/log/log.ts';
import type { EventBus } from '../data/outbox/event-bus.ts';
import { MemoryEventBus } from '../data/outbox/memory-event-bus.ts';
import type { Counter } from '../identity/limits/counter.ts';
import { CountingRateLimiter } from '../identity/limits/counting-rate-limiter.ts';
import type { RateLimiter } from '../identity/limits/rate-limiter.ts';
import type { Cache } from '../realtime/cache/cache.ts';
import { MemoryCache } from '../realtime/cache/memory-cache.ts';
import { MemoryPlaces } from '../realtime/places/memory-places.ts';
import type { Places } from '../realtime/places/places.ts';
import { MemoryPresence } from '../realtime/presence/memory-presence.ts';
import type { Presence } from '../realtime/presence/presence.ts';
import type { RedisConnections } from '../realtime/redis/redis.ts';
import { MemoryStreamLog } from '../realtime/streams/memory-stream-log.ts';
import type { StreamLog } from '../realtime/streams/stream-log.ts';
import { MemoryTopics } from '../realtime/topics/memory-topics.ts';
import type { Topics } from '../realtime/topics/topics.ts';

/** The stores that the subgraphs of one process share, and with Redis all processes. */
export interface Stores {
  readonly streams: StreamLog;
  readonly presence: Presence;
  readonly topics: Topics;
  readonly cache: Cache;
  readonly limiter: RateLimiter;
  readonly places: Places;
  readonly events: EventBus;
  /** Present when the configuration names a Redis. */
  readonly redis: RedisConnections | undefined;
  /** Whether Redis answers within a second; always up where there is none. */
  health(): Promise<{ status: 'up' | 'down'; detail?: string }>;
}

/** The stores that several processes count and keep things in together where there is no Redis. */
export interface SharedStores {
  readonly counter: Counter;
  readonly cache: Cache;
}

/**
 * Opens everything that lives in memory or in Redis: in Redis where the configuration names one. It does not wait for a
 * Redis that is down (3 s at most); everything works as soon as it is up.
 *
 * @param lifecycle the process' own: what must be closed is registered with it.
 */
export async function openStores(options: {
  config: Pick<Config, 'redisUrl' | 'REDIS_PREFIX' | 'dataDir'> & Partial<Pick<Config, 'memoryMb'>>;
  log: Logger;
  metrics: Registry;
  lifecycle: AsyncDisposableStack;
  /** Where processes that have no Redis count and keep things together. Default: each in its own memory. */
  shared?: SharedStores | undefined;
}): Promise<Stores> {
  const { redisUrl: url, REDIS_PREFIX: prefix } = options.config;
  if (url === undefined) {
    return {
      streams: new MemoryStreamLog({ ...options, directory: path.join(options.config.dataDir, 'streams') }),
      presence: new MemoryPresence(options),
      topics: new MemoryTopics(options),
      cache: options.shared?.cache ?? new MemoryCache({ ...options, memoryMb: options.config.memoryMb }),
      limiter: new CountingRateLimiter({ metrics: options.metrics, shared: options.shared?.counter }),
      places: new MemoryPlaces(),
      events: new MemoryEventBus(options),
      redis: undefined,
      health: async () => ({ status: 'up' }),
    };
  }
  // Not loaded where there is none.
  const { openRedisStores } = await import('./redis-stores.ts');
  return openRedisStores({ ...options, url, prefix });
}

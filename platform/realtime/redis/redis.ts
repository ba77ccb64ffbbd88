import { once } from 'node:events';
import { Redis, type RedisOptions } from 'ioredis';
import type { Registry } from 'prom-client';
import { CodedError } from '../../base/errors/errors.ts';
import { outageOf } from '../../base/errors/outage.ts';
import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import { writeTogether } from '../../base/write-together.ts';
import { limitSilence, type SilenceLimits } from './silence.ts';

/**
 * The connections of one process to Redis. A single server, a Sentinel set or a managed service with one endpoint;
 * Redis Cluster is not supported, because one blocking read follows the streams of all readers at once.
 */
export interface RedisConnections {
  /** REDIS_PREFIX; every key starts with it. */
  readonly prefix: string;
  /**
   * For requests: fails at once while Redis is away and after a second of silence (silence.ts). ioredis by default
   * would queue and retry for many seconds, and every request with it.
   */
  readonly commands: Redis;
  /** Shared by everything that listens to channels; it finds its way back by itself and listens again. */
  readonly channels: Channels;
  /** A connection of its own for blocking reads; closed with the others. */
  blocking(name: string): Redis;
  /** Runs a Lua script atomically on `commands`; loaded once, then called by its hash. */
  script(name: string, numberOfKeys: number, lua: string): RedisScript;
  /** Turns whatever a command failed with into SERVICE_UNAVAILABLE, and counts it. */
  guard<T>(store: string, work: Promise<T>): Promise<T>;
}

export type RedisScript = (...keysAndArguments: (string | number)[]) => Promise<unknown>;

/** The channels by exact name, each with one listener; `onReturn` listeners hear when a lost connection is back. */
export interface Channels {
  /** Resolves when Redis confirmed, or at once while it is away: it is made good on return. */
  listen(channel: string, listener: (message: string) => void): Promise<void>;
  unlisten(channel: string): void;
  onReturn(listener: () => void): () => void;
}

const COMMAND_TIMEOUT_MS = 1_000;
/** How long the key lives that /health writes. */
const HEALTH_KEY_MS = 60_000;

/** Connects to Redis. */
export async function openRedis(options: {
  url: string;
  prefix: string;
  log: Logger;
  metrics: Registry;
  lifecycle: AsyncDisposableStack;
}): Promise<RedisConnections> {
  const { url, prefix, log } = options;
  const metrics = storeMetrics(options.metrics);
  const connect = (name: string, settings: RedisOptions, silence?: SilenceLimits): Redis => {
    const redis = new Redis(url, {
      connectionName: `sextant-${name}`,
      connectTimeout: 2_000,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      // Soon at first, at most a second apart, never in step with other replicas.
      retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 5), 1_000) * (0.5 + Math.random() / 2),
      // After a failover what is open may lead to the former server, which is a replica now and closes nothing. Its
      // name, or Sentinel, leads to the one that takes writes.
      reconnectOnError: ({ message }) => message.includes('READONLY'),
      ...settings,
    });
    if (silence) limitSilence(redis, silence);
    watch(redis, name, log, metrics);
    redis.on('connect', () => writeTogether(redis.stream));
    options.lifecycle.defer(() => redis.disconnect());
    return redis;
  };
  const commands = connect('commands', {}, { commandMs: COMMAND_TIMEOUT_MS, connectionMs: 2 * COMMAND_TIMEOUT_MS });
  const channels = openChannels(connect('channels', {}, { commandMs: COMMAND_TIMEOUT_MS }), log);

  // Redis may come up after us: everything here works as soon as it does.
  await once(commands, 'ready', { signal: AbortSignal.timeout(3_000) }).catch(() =>
    log.warn('Redis does not answer yet; going on without it until it does.'),
  );

  return {
    prefix,
    commands,
    channels,
    // It may be used before it is connected. Longer than the longest block, for a server that has stopped answering.
    blocking: (name) => connect(name, { enableOfflineQueue: true, blockingTimeout: 3_000 }),
    script(name, numberOfKeys, lua) {
      commands.defineCommand(name, { numberOfKeys, lua });
      const call = (commands as unknown as Record<string, RedisScript>)[name] as RedisScript;
      return (...args) => call.apply(commands, args);
    },
    async guard(store, work) {
      try {
        return await work;
      } catch (error) {
        metrics.redisFailures.inc({ store });
        throw unavailable(error);
      }
    },
  };
}

/** Redis did not answer, or does not serve: what a request gets instead of waiting. */
export const unavailable = (cause: unknown): CodedError => {
  const error = new CodedError(
    'SERVICE_UNAVAILABLE',
    outageOf(cause) === 'no-writes'
      ? 'Redis takes no writes at the moment. Try again later.'
      : 'Redis cannot be reached at the moment. Try again in a few seconds.',
  );
  error.cause = cause;
  return error;
};

/** Why a Redis that is there does not serve, by the first word of its error: for /health. */
const REFUSALS: Readonly<Record<string, string>> = {
  OOM: 'Redis takes no writes: its memory is full (maxmemory).',
  READONLY: 'Redis takes no writes: it is a read-only replica.',
  MISCONF: 'Redis takes no writes: it cannot save to its disk.',
  NOREPLICAS: 'Redis takes no writes: it lacks replicas (min-replicas-to-write).',
  LOADING: 'Redis is loading its data.',
  MASTERDOWN: 'Redis is a replica whose master is away.',
  BUSY: 'Redis is busy with a script.',
};

/** Returns by what policy a Redis of bounded memory evicts keys; undefined for one that does not. */
function evictionOf(info: string): string | undefined {
  const value = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const policy = value('maxmemory_policy');
  return (value('maxmemory') ?? '0') === '0' || policy === 'noeviction' ? undefined : policy;
}

/** Returns whether Redis serves, reads and writes; never rejects. For /health. */
export async function redisHealth({
  commands,
  guard,
  prefix,
}: Pick<RedisConnections, 'commands' | 'guard' | 'prefix'>): Promise<{ status: 'up' | 'down'; detail?: string }> {
  try {
    // One that is read-only or full answers PING as ever.
    await guard('health', commands.set(`${prefix}health`, '', 'PX', HEALTH_KEY_MS));
    // A user of Redis need not be allowed to ask for it (`-@dangerous`), and only what is refused of writes counts.
    const policy = await guard('health', commands.info('memory')).then(evictionOf, () => undefined);
    return policy === undefined
      ? { status: 'up' }
      : {
          status: 'up',
          detail: `Redis evicts keys when its memory is full (maxmemory-policy ${policy}): events may be lost.`,
        };
  } catch (error) {
    const cause = (error as Error).cause;
    const refusal = cause instanceof Error ? REFUSALS[cause.message.split(' ', 1)[0]!] : undefined;
    return { status: 'down', detail: refusal ?? 'Redis does not answer.' };
  }
}

/** Logs the change from up to down and back, not every failed attempt in between. */
function watch(redis: Redis, connection: string, log: Logger, metrics: StoreMetrics): void {
  let up: boolean | undefined;
  redis.on('ready', () => {
    if (up === false) log.info({ connection }, 'Redis is back.');
    up = true;
    metrics.redisConnected.set({ connection }, 1);
  });
  redis.on('close', () => metrics.redisConnected.set({ connection }, 0));
  // Not on `close`, which is also what a connection says that we end ourselves.
  redis.on('reconnecting', () => {
    if (up) log.warn({ connection }, 'The connection to Redis is lost; trying again.');
    up = false;
  });
  redis.on('error', (error) => log.debug({ connection, err: error }, 'Redis connection error.'));
}

function openChannels(redis: Redis, log: Logger): Channels {
  const listeners = new Map<string, (message: string) => void>();
  const returns = new Set<() => void>();
  const hear = (channel: string, message: string): void => listeners.get(channel)?.(message);
  const about = (channel: string): object => ({ channel });
  redis.on('message', guarded({ where: 'redis channel', log, about }, hear));
  redis.on('ready', async () => {
    try {
      if (listeners.size > 0) await redis.subscribe(...listeners.keys());
      for (const heard of returns) guarded({ where: 'redis return', log }, heard)();
    } catch (error) {
      log.warn({ err: error }, 'Listening to Redis channels again failed.');
      redis.disconnect(true);
    }
  });
  return {
    async listen(channel, listener) {
      listeners.set(channel, listener);
      if (redis.status !== 'ready') return;
      try {
        await redis.subscribe(channel);
      } catch (error) {
        // The same command goes out again when the connection is ready again; make that happen.
        log.warn({ err: error, channel }, 'Listening to a Redis channel failed; connecting again.');
        if (redis.status === 'ready') redis.disconnect(true);
      }
    },
    unlisten(channel) {
      listeners.delete(channel);
      if (redis.status === 'ready') redis.unsubscribe(channel).catch(() => redis.disconnect(true));
    },
    onReturn(listener) {
      returns.add(listener);
      return () => returns.delete(listener);
    },
  };
}

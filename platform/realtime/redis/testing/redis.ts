import { randomUUID } from 'node:crypto';
import net from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openRedis, type RedisConnections } from '../redis.ts';

/** The Redis that tests may use; suites that need one skip, saying so, when it is not given. */
export const REDIS_TEST_URL = process.env.REDIS_TEST_URL || undefined;

export const REDIS_SUITE = REDIS_TEST_URL ? 'Redis' : 'Redis [SKIPPED: set REDIS_TEST_URL to run it]';

/**
 * Milliseconds in which a few commands are over when Redis is away: each is given up after a second at most. ioredis by
 * itself tries each twenty times, which takes some fourteen seconds, and waits for a frozen server without an end.
 */
export const AWAY_MS = 10_000;

export const silentLog = pino({ level: 'silent' });

/** Keys of their own, so that suites can share a server; they are deleted when `lifecycle` ends. */
export function testPrefix(lifecycle: AsyncDisposableStack): string {
  const prefix = `test-${randomUUID()}:`;
  lifecycle.defer(async () => {
    const cleanup = new AsyncDisposableStack();
    await forget(await connectTestRedis(cleanup, prefix));
    await cleanup.disposeAsync();
  });
  return prefix;
}

/** One process' connections. */
export function connectTestRedis(
  lifecycle: AsyncDisposableStack,
  prefix: string,
  url = REDIS_TEST_URL!,
): Promise<RedisConnections> {
  return openRedis({ url, prefix, log: silentLog, metrics: new Registry(), lifecycle });
}

/** Deletes everything under the prefix: what a Redis without persistence does when it restarts. */
export async function forget({ commands, prefix }: RedisConnections): Promise<void> {
  const keys = await commands.keys(`${prefix}*`);
  if (keys.length > 0) await commands.del(...keys);
}

/** A TCP proxy in front of the test Redis that can fail as networks and servers do. */
export interface FaultProxy {
  readonly url: string;
  /** Connections that are open through it. */
  readonly connections: number;
  /** Closes all connections and refuses new ones. */
  cut(): void;
  /** Accepts and carries nothing: a server that is stopped. */
  freeze(): void;
  /** Carries requests and loses the answers. */
  deafen(): void;
  heal(): void;
}

export async function faultProxy(lifecycle: AsyncDisposableStack, target = REDIS_TEST_URL!): Promise<FaultProxy> {
  const { hostname, port, pathname } = new URL(target);
  let mode: 'open' | 'cut' | 'frozen' = 'open';
  const pairs = new Set<[net.Socket, net.Socket]>();
  const server = net.createServer((client) => {
    if (mode === 'cut') {
      client.destroy();
      return;
    }
    const upstream = net.connect({ host: hostname, port: Number(port || 6379) });
    const pair: [net.Socket, net.Socket] = [client, upstream];
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.pipe(upstream).pipe(client);
    if (mode === 'frozen') for (const socket of pair) socket.pause();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  lifecycle.defer(() => {
    for (const [client] of pairs) client.destroy();
    server.close();
  });
  return {
    url: `redis://127.0.0.1:${(server.address() as net.AddressInfo).port}${pathname}`,
    get connections() {
      return pairs.size;
    },
    cut() {
      mode = 'cut';
      for (const [client] of pairs) client.destroy();
    },
    freeze() {
      mode = 'frozen';
      for (const pair of pairs) for (const socket of pair) socket.pause();
    },
    deafen() {
      for (const [, upstream] of pairs) upstream.unpipe().resume();
    },
    heal() {
      mode = 'open';
      for (const pair of pairs) for (const socket of pair) socket.resume();
    },
  };
}

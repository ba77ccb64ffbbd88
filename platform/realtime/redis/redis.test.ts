import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { openRedis } from './redis.ts';
import { limitSilence } from './silence.ts';
import { AWAY_MS, connectTestRedis, faultProxy, REDIS_SUITE, REDIS_TEST_URL, testPrefix } from './testing/redis.ts';

describe.skipIf(!REDIS_TEST_URL)(`connections to ${REDIS_SUITE}`, () => {
  it.each(['cut', 'freeze'] as const)('let no request wait for a Redis that fails (%s)', async (fault) => {
    await using lifecycle = new AsyncDisposableStack();
    const proxy = await faultProxy(lifecycle);
    const { commands, guard } = await connectTestRedis(lifecycle, testPrefix(lifecycle), proxy.url);
    proxy[fault]();
    await sleep(20);
    // Those that were sent end by the time limit of a command or with their connection, and not by tries of their own.
    const ends = /Command timed out|Socket timeout|Connection is closed|enableOfflineQueue/;
    const asked = performance.now();
    for (let n = 0; n < 3; n++) {
      await expect(guard('test', commands.get('key'))).rejects.toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
        cause: { message: expect.stringMatching(ends) },
      });
    }
    expect(performance.now() - asked).toBeLessThan(AWAY_MS);
    // A frozen server is given up after a while: then requests fail at once, and not by their time limit.
    await expect.poll(() => commands.status).not.toBe('ready');
    await expect(guard('test', commands.get('key'))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      cause: { message: expect.stringContaining('enableOfflineQueue') },
    });
    proxy.heal();
    await expect.poll(() => commands.ping().catch(() => 'down')).toBe('PONG');
  });

  it('take an answer that came while this process itself did nothing', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const redis = new Redis(REDIS_TEST_URL!, { enableOfflineQueue: false });
    lifecycle.defer(() => redis.disconnect());
    limitSilence(redis, { commandMs: 1_000, connectionMs: 1_250 });
    await once(redis, 'ready');
    const connection = await redis.client('ID');
    const answers = Promise.all([redis.ping(), redis.pipeline().ping().ping().exec()]);
    // What was asked has left: it is written after this turn.
    await new Promise((resolve) => setImmediate(resolve));
    const held = performance.now();
    while (performance.now() - held < 1_500);
    expect(await answers).toEqual([
      'PONG',
      [
        [null, 'PONG'],
        [null, 'PONG'],
      ],
    ]);
    expect(await redis.client('ID')).toBe(connection);
  });

  it('leave a server that has become a read-only replica, and look for the one that takes writes', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { commands } = await connectTestRedis(lifecycle, testPrefix(lifecycle));
    const former = await commands.client('ID');
    const refusal = `return redis.error_reply("READONLY You can't write against a read only replica.")`;
    await expect(commands.eval(refusal, 0)).rejects.toThrow(/READONLY/);
    await expect.poll(() => commands.client('ID').catch(() => former)).not.toBe(former);
  });

  it('say once that Redis is lost and once that it is back, and nothing when they are closed', async () => {
    await using outer = new AsyncDisposableStack();
    const proxy = await faultProxy(outer);
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(outer);
    const metrics = new Registry();
    await openRedis({ url: proxy.url, prefix, log, metrics, lifecycle });
    // The connection of the channels is made beside the other: what was never there cannot be lost.
    const connected = async () => (await metrics.getSingleMetric('sextant_redis_connected')!.get()).values;
    await expect.poll(async () => (await connected()).map(({ value }) => value)).toEqual([1, 1]);
    proxy.cut();
    await expect.poll(() => lines.length).toBe(2);
    await sleep(300); // for tries that say nothing more
    proxy.heal();
    const about = (connection: string) =>
      lines.map((line) => JSON.parse(line)).flatMap((line) => (line.connection === connection ? [line.msg] : []));
    const said = ['The connection to Redis is lost; trying again.', 'Redis is back.'];
    await expect.poll(() => [about('commands'), about('channels')]).toEqual([said, said]);
    await lifecycle.disposeAsync();
    await sleep(100);
    expect(about('commands')).toEqual(said);
  });
});

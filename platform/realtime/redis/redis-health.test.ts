import { expect, it } from 'vitest';
import { type RedisConnections, redisHealth } from './redis.ts';

it('a Redis whose user may not ask for its memory is up where it takes writes', async () => {
  const commands = {
    set: async () => 'OK',
    info: () => Promise.reject(new Error("NOPERM this user has no permissions to run the 'info' command")),
  };
  const guard = <T>(_: string, promise: Promise<T>): Promise<T> => promise;
  const redis = { commands, guard, prefix: '' } as unknown as RedisConnections;
  expect(await redisHealth(redis)).toEqual({ status: 'up' });
});

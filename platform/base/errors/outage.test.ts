import { expect, it } from 'vitest';
import { isAway, outageOf } from './outage.ts';

const failing = (code: string, cause?: Error) => Object.assign(new Error('it failed', { cause }), { code });

it.each(['ECONNREFUSED', 'EAI_AGAIN', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE', 'ETIMEDOUT'])(
  'a server that the network does not reach is away, and nothing is wrong with the work (%s)',
  (code) => {
    expect(outageOf(failing(code))).toBe('away');
    // Wherever it stands: what a client of a store throws says it further in.
    expect(isAway(failing('P2010', failing(code)))).toBe(true);
  },
);

it.each(['ENOSPC', 'EROFS', '53100', '25006'])('a store that takes no writes is told apart (%s)', (code) => {
  expect(outageOf(failing(code))).toBe('no-writes');
});

it.each(['23505', '40P01', '22P02', 'ENOENT', 'EACCES'])('a fault of the work is not an outage (%s)', (code) => {
  expect(outageOf(failing(code))).toBeUndefined();
});

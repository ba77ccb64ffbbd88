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

it.each(['40001', '40P01', '55P03', 'P2034'])(
  'work that was given up for others uses up an attempt: it may be given up each time (%s)',
  (code) => {
    expect(outageOf(failing(code))).toBe('contended');
    expect(isAway(failing(code))).toBe(false);
    expect(isAway(failing('P2010', failing(code)))).toBe(false);
  },
);

it('a transaction that took too long uses up an attempt, one for which no connection was free does not', () => {
  const transaction = (message: string) =>
    Object.assign(new Error(`Transaction API error: ${message}`), { code: 'P2028' });
  const late = transaction(
    'A commit cannot be executed on an expired transaction. The timeout for this transaction was 30000 ms, however 30004 ms passed.',
  );
  expect([outageOf(late), isAway(late)]).toEqual(['overdue', false]);
  const waiting = transaction('Unable to start a transaction in the given time.');
  expect([outageOf(waiting), isAway(waiting)]).toEqual(['away', true]);
});

it.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", 'no-writes'],
  ["READONLY You can't write against a read only replica.", 'no-writes'],
  ['MISCONF Redis is configured to save RDB snapshots, but it’s currently unable to persist to disk.', 'no-writes'],
  ['LOADING Redis is loading the dataset in memory', 'away'],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', undefined],
] as const)('a Redis that does not serve is told from a command that is wrong (%s)', (message, outage) => {
  expect(outageOf(Object.assign(new Error(message), { name: 'ReplyError' }))).toBe(outage);
});

it.each(['23505', '22P02', 'ENOENT', 'EACCES'])('a fault of the work is not an outage (%s)', (code) => {
  expect(outageOf(failing(code))).toBeUndefined();
});

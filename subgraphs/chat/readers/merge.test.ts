import { expect, it } from 'vitest';
import { Pull, WAIT } from '#platform/base/iteration/pull.ts';
import { collectGarbage } from '#platform/base/thread/collect-garbage.ts';
import { merge } from './merge.ts';

const EVENTS = 20_000;
/** An iteration that notes something at each event takes 300 bytes for each and more. */
const MAX_KEPT = 1024 * 1024;

it('a source that is silent keeps nothing of the events of another', async () => {
  const silent = new Pull<number>({ take: () => WAIT });
  let next = 0;
  const busy = new Pull<number>({ take: () => next++ });
  const merged = merge(silent, busy);
  const hear = async (): Promise<number> => {
    for (let n = 0; n < EVENTS; n++) await merged.next();
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = await hear();
  expect((await hear()) - before).toBeLessThan(MAX_KEPT);
  silent.return();
  await merged.return?.();
});

it('what one source rejects with ends the others', async () => {
  let isClosed = false;
  const silent = new Pull<number>({
    take: () => WAIT,
    close: () => {
      isClosed = true;
    },
  });
  const broken = new Pull<number>({
    take: () => {
      throw new Error('broken');
    },
  });
  await expect(merge(silent, broken).next()).rejects.toThrow('broken');
  expect(isClosed).toBe(true);
});

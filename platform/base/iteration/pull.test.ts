import { describe, expect, it, vi } from 'vitest';
import { DONE, Pull, type PullSource, WAIT } from './pull.ts';
import { until } from './until.ts';

const queued = <T>(items: T[], close = vi.fn(), signal?: AbortSignal) => {
  const pull: Pull<T> = new Pull<T>({ take: () => (items.length > 0 ? items.shift()! : WAIT), close, signal });
  return { pull, close };
};

describe('a pulled iteration', () => {
  it('gives what is there, and waits to be woken for more', async () => {
    const items = [1];
    const { pull } = queued(items);
    expect(await pull.next()).toEqual({ done: false, value: 1 });
    const next = pull.next();
    items.push(2);
    pull.wake();
    expect(await next).toEqual({ done: false, value: 2 });
  });

  it.each(['return', 'abort'] as const)('ends at once while it waits (%s), and closes once', async (how) => {
    const aborting = new AbortController();
    const { pull, close } = queued<number>([], vi.fn(), aborting.signal);
    const pending = pull.next();
    if (how === 'return') await pull.return();
    aborting.abort();
    expect((await pending).done).toBe(true);
    expect((await pull.next()).done).toBe(true);
    expect(close).toHaveBeenCalledOnce();
  });

  it('does not even open when the signal has aborted before', async () => {
    const open = vi.fn(async () => {});
    const pull = new Pull<number>({ open, take: () => DONE, signal: AbortSignal.abort() });
    expect((await pull.next()).done).toBe(true);
    expect(open).not.toHaveBeenCalled();
  });

  it('is not held up by an opening that hangs', async () => {
    const pull = new Pull<number>({ open: () => new Promise(() => {}), take: () => DONE });
    const pending = pull.next();
    await pull.return();
    expect((await pending).done).toBe(true);
  });

  it('ends with the error of opening or taking, after closing', async () => {
    const close = vi.fn();
    const fail = (): never => {
      throw new Error('broken');
    };
    const sources: PullSource<number>[] = [
      { open: async () => fail(), take: () => DONE, close },
      { take: fail, close },
    ];
    for (const source of sources) {
      const pull = new Pull<number>(source);
      await expect(pull.next()).rejects.toThrow('broken');
      expect((await pull.next()).done).toBe(true);
    }
    expect(close).toHaveBeenCalledTimes(2);
  });
});

describe('until', () => {
  it('asks at least once, and gives up in time', async () => {
    expect(await until(() => 7, { waitMs: 0, everyMs: 1 })).toBe(7);
    const asked = performance.now();
    expect(await until(() => undefined, { waitMs: 30, everyMs: 5 })).toBeUndefined();
    expect(performance.now() - asked).toBeGreaterThanOrEqual(29);
  });
});

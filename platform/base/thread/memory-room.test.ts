import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { HeavyWork } from './heavy-work.ts';
import { MemoryRoom } from './memory-room.ts';

/** Memory whose use is told from outside. */
function memory(usedMb: number, patienceMs?: number, believedMs?: number) {
  const state = { usedMb, looks: 0 };
  const metrics = new Registry();
  const room = new MemoryRoom({
    memoryMb: 512,
    usedMb: async () => {
      state.looks++;
      return state.usedMb;
    },
    metrics,
    lookMs: 1,
    ...(patienceMs !== undefined && { patienceMs }),
    ...(believedMs !== undefined && { believedMs }),
  });
  const held = async (): Promise<number | undefined> =>
    (await metrics.getSingleMetric('sextant_heavy_work_held_back')!.get()).values[0]?.value;
  return { state, room, held };
}

/** Waits until it has been looked so many times more. */
async function looks(state: { looks: number }, more: number): Promise<void> {
  const until = state.looks + more;
  await expect.poll(() => state.looks).toBeGreaterThanOrEqual(until);
}

describe('room for heavy work', () => {
  it('is there at once where memory is free, and waited for where it is nearly full, which is told', async () => {
    const { state, room, held } = memory(300);
    await room.wait(128);
    expect([room.problem, await held()]).toEqual([undefined, 0]);

    state.usedMb = 400;
    let isThere = false;
    const waiting = room.wait(128).then(() => {
      isThere = true;
    });
    await looks(state, 3);
    expect(isThere).toBe(false);
    expect(room.problem).toMatch(/400 of 512 MB are in use, and the next of them may need 128/);
    expect(await held()).toBe(1);
    state.usedMb = 350;
    await waiting;
    expect([room.problem, await held()]).toEqual([undefined, 0]);
  });

  it('is half of what a piece may need, after patience: nothing waits for ever that may well fit', async () => {
    const { state, room } = memory(400, 0);
    await room.wait(128);
    state.usedMb = 470;
    let isThere = false;
    const waiting = room.wait(128).then(() => {
      isThere = true;
    });
    await looks(state, 3);
    expect(isThere).toBe(false);
    state.usedMb = 400;
    await waiting;
  });

  it('is not waited for by one piece after another where it does not come, until half was too little', async () => {
    const { state, room } = memory(400, 0);
    /** Looks until a piece may begin. Patience ends after the first, so a piece that waits needs two. */
    const looksOf = async (needsMb: number): Promise<number> => {
      const before = state.looks;
      await room.wait(needsMb);
      return state.looks - before;
    };
    expect(await looksOf(128)).toBe(2);
    expect([await looksOf(128), await looksOf(96)]).toEqual([1, 1]);

    const full = Promise.withResolvers<void>();
    {
      using watch = room.watch(full.resolve);
      state.usedMb = 500;
      await full.promise;
      expect(watch.isFull).toBe(true);
    }
    state.usedMb = 400;
    expect([await looksOf(128), await looksOf(128)]).toEqual([2, 1]);

    // What there was room for once is waited for again.
    state.usedMb = 300;
    expect(await looksOf(128)).toBe(1);
    state.usedMb = 400;
    expect(await looksOf(128)).toBe(2);
  });

  it('is waited for again by one that comes long after memory was short', async () => {
    const { state, room } = memory(400, 0, 100);
    await room.wait(128);
    await sleep(110);
    const before = state.looks;
    await room.wait(128);
    // Patience is none, and ends with the second look.
    expect(state.looks - before).toBe(2);
  });

  it('is watched while work is under way: what fills memory is ended, and done again from its beginning when there is room', async () => {
    let usedMb = 300;
    const heavy = new HeavyWork({ memoryMb: 512, usedMb: async () => usedMb });
    const seen: string[] = [];
    const hanging = Promise.withResolvers<string>();
    const kind = {
      needsMb: 128,
      release: async () => {},
      end: () => {
        seen.push('ended');
        usedMb = 300;
        hanging.reject(new Error('its thread was ended'));
      },
    };
    const done = heavy.run(kind, undefined, () => {
      seen.push('begun');
      if (seen.length > 1) return Promise.resolve('done');
      usedMb = 500;
      return hanging.promise;
    });
    expect(await done).toBe('done');
    expect(seen).toEqual(['begun', 'ended', 'begun']);
    // What fails while memory is free is its own fault.
    await expect(heavy.run(kind, undefined, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('is waited for no longer when the work is called off, and the next piece has its turn', async () => {
    let usedMb = 500;
    const heavy = new HeavyWork({ memoryMb: 512, usedMb: async () => usedMb });
    const kind = { needsMb: 128, release: async () => {} };
    const gone = new AbortController();
    const first = heavy.run(kind, gone.signal, async () => 'first');
    await expect.poll(() => heavy.problem).toMatch(/wait for memory/);
    gone.abort(new Error('the lease is lost'));
    await expect(first).rejects.toThrow('the lease is lost');
    usedMb = 300;
    expect(await heavy.run(kind, undefined, async () => 'second')).toBe('second');
    expect(heavy.problem).toBeUndefined();
  });
});

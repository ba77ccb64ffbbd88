import { expect, it, vi } from 'vitest';
import { LastingRoom } from './lasting-room.ts';

const MANY = 1_000;

/** A room, and how full the heap and the memory are. Each look is a moment apart. */
function world() {
  vi.useFakeTimers({ toFake: ['performance'] });
  const full = { heap: 0.5, memory: 0.5, garbage: 0, collectMs: 100 };
  const room = new LastingRoom({
    heap: () => full.heap + full.garbage,
    memory: async () => full.memory,
    collect: () => {
      full.garbage = 0;
      vi.advanceTimersByTime(full.collectMs);
    },
  });
  const isRefused = async (held = MANY): Promise<boolean> => {
    vi.advanceTimersByTime(50);
    const refusal = room.refusal(held, undefined);
    await Promise.resolve();
    return refusal !== undefined;
  };
  return { full, isRefused, room };
}

it('refuses what lasts when the heap is full, and takes it again when it is not', async () => {
  const { full, isRefused, room } = world();
  expect(await isRefused()).toBe(false);
  full.heap = 0.85;
  expect(await isRefused()).toBe(true);
  expect(room.refusal(MANY, undefined)).toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
    extensions: { retryAfter: 2 },
  });
  full.heap = 0.75;
  expect(await isRefused()).toBe(false);
});

it('refuses it when the memory of the container is full', async () => {
  const { full, isRefused } = world();
  full.memory = 0.95;
  await isRefused(); // the look at it takes a moment
  expect(await isRefused()).toBe(true);
  full.memory = 0.9;
  await isRefused();
  expect(await isRefused()).toBe(false);
});

it('refuses nothing for garbage, which is collected for a twentieth of the time at most', async () => {
  const { full, isRefused } = world();
  full.garbage = 0.4;
  expect(await isRefused()).toBe(false);
  expect(full.garbage).toBe(0);
  full.garbage = 0.4;
  expect(await isRefused()).toBe(true); // collected just now
  vi.advanceTimersByTime(2_000);
  expect(await isRefused()).toBe(false);
});

it('refuses none of few, which others than they have filled the memory for', async () => {
  const { full, isRefused } = world();
  full.heap = 0.99;
  full.memory = 0.99;
  await isRefused(10);
  expect(await isRefused(10)).toBe(false);
});

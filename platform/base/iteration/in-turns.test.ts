import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { inTurns } from './in-turns.ts';

it('does one call in a turn where each uses up its time, in their order, and one that comes alone at once', async () => {
  const done: number[] = [];
  const work = inTurns((number: number) => void done.push(number), { limit: 10, budgetMs: 0 });
  work(1);
  expect(done).toEqual([1]);
  for (const number of [2, 3, 4]) work(number);
  expect(done).toEqual([1]);
  await turn();
  expect(done).toEqual([1, 2]);
  work(5);
  for (let i = 0; i < 5; i++) await turn();
  expect(done).toEqual([1, 2, 3, 4, 5]);
  work(6);
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
});

it('does as many calls in a turn as there is time for', async () => {
  const done: number[] = [];
  const work = inTurns((number: number) => void done.push(number), { limit: 10, budgetMs: Number.POSITIVE_INFINITY });
  for (const number of [1, 2, 3, 4]) work(number);
  expect(done).toEqual([1]);
  await turn();
  expect(done).toEqual([1, 2, 3, 4]);
});

it('passes over those that nothing is left to do of, within the same turn', async () => {
  const done: number[] = [];
  const work = inTurns((number: number) => void done.push(number), {
    limit: 100,
    budgetMs: 0,
    isOver: (number) => number > 1 && number < 50,
  });
  for (let number = 1; number <= 50; number++) work(number);
  await turn();
  expect(done).toEqual([1, 50]);
});

it('takes no more calls than may wait, and further ones once there is room', async () => {
  const done: number[] = [];
  const work = inTurns((number: number) => void done.push(number), { limit: 3, budgetMs: 0 });
  const taken: boolean[] = [];
  for (const number of [1, 2, 3, 4, 5]) taken.push(work(number));
  expect(taken).toEqual([true, true, true, true, false]);
  await turn();
  expect([work(6), work(7)]).toEqual([true, false]);
  // Never empty, past its limit many times over.
  for (let number = 8; number < 40; number++) {
    await turn();
    expect(work(number)).toBe(true);
  }
  for (let i = 0; i < 5; i++) await turn();
  expect(done).toEqual([1, 2, 3, 4, 6, ...Array.from({ length: 32 }, (_, index) => index + 8)]);
});

it('keeps nothing of a call that is done while others wait', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const work = inTurns((_: object) => {}, { limit: 100, budgetMs: 0 });
  work({});
  const refs = Array.from({ length: 20 }, () => {
    const call = {};
    work(call);
    return new WeakRef(call);
  });
  for (let i = 0; i < 10; i++) await turn();
  collect();
  expect(refs.slice(0, 5).every((ref) => ref.deref() === undefined)).toBe(true);
});

it('gives way to what goes before, though not for ever', async () => {
  const done: number[] = [];
  let comes = true;
  const work = inTurns((number: number) => void done.push(number), {
    limit: 10,
    budgetMs: 0,
    givesWay: () => comes,
  });
  for (const number of [1, 2, 3]) work(number);
  await turn();
  expect(done).toEqual([1]);
  comes = false;
  await turn();
  expect(done).toEqual([1, 2]);
  comes = true;
  await vi.waitFor(() => expect(done).toEqual([1, 2, 3]));
});

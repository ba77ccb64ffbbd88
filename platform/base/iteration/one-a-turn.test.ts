import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { oneATurn } from './one-a-turn.ts';

it('does one call in a turn, in their order, and one that comes alone at once', async () => {
  const done: number[] = [];
  const work = oneATurn((number: number) => void done.push(number));
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

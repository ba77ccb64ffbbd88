import { expect, it } from 'vitest';
import { Bulkhead } from './bulkhead.ts';

/** Work that ends when it is told to; `begun` has the numbers of what runs or has run, in order. */
function workshop(bulkhead: Bulkhead) {
  const begun: number[] = [];
  const ends = new Map<number, () => void>();
  const run = (number: number): Promise<number> =>
    bulkhead.run(() => {
      begun.push(number);
      return new Promise((resolve) => ends.set(number, () => resolve(number)));
    });
  return { begun, run, end: (number: number) => ends.get(number)!() };
}

it('does so much at once, lets so much wait in turn, and says when it is full', async () => {
  const bulkhead = new Bulkhead(2, 2);
  const { begun, run, end } = workshop(bulkhead);
  const results = [1, 2, 3, 4].map((number) => {
    expect(bulkhead.isFull).toBe(false);
    return run(number);
  });
  expect([begun, bulkhead.isFull]).toEqual([[1, 2], true]);
  end(2);
  await results[1];
  expect([begun, bulkhead.isFull]).toEqual([[1, 2, 3], false]);
  end(1);
  await results[0];
  expect(begun).toEqual([1, 2, 3, 4]);
  end(3);
  end(4);
  expect(await Promise.all(results)).toEqual([1, 2, 3, 4]);
});

it('goes on after work that fails', async () => {
  const bulkhead = new Bulkhead(1, 1);
  const failing = bulkhead.run(() => Promise.reject(new Error('no')));
  const next = bulkhead.run(async () => 'done');
  await expect(failing).rejects.toThrow('no');
  expect([await next, bulkhead.isFull]).toEqual(['done', false]);
});

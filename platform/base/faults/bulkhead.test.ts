import { expect, it } from 'vitest';
import { Bulkhead, type PlaceOptions } from './bulkhead.ts';

/** Work that ends when it is told to; `begun` has the numbers of what runs or has run, in order. */
function workshop(bulkhead: Bulkhead) {
  const begun: number[] = [];
  const ends = new Map<number, () => void>();
  const run = (number: number, options?: PlaceOptions): Promise<number> =>
    bulkhead.run(() => {
      begun.push(number);
      return new Promise((resolve) => ends.set(number, () => resolve(number)));
    }, options);
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

it('lets clients take turns, however much one of them asks for', async () => {
  const { begun, run, end } = workshop(new Bulkhead(1));
  const results = [1, 2, 3].map((number) => run(number, { client: 'a' }));
  results.push(run(4, { client: 'b' }));
  for (const next of [2, 4, 3]) {
    end(begun.at(-1)!);
    await expect.poll(() => begun.at(-1)).toBe(next);
  }
  end(3);
  await Promise.all(results);
});

it("lets go who has left: the wait ends, and the place is another one's", async () => {
  const bulkhead = new Bulkhead(1, 1);
  const { begun, run, end } = workshop(bulkhead);
  const first = run(1);
  const leaving = new AbortController();
  const left = run(2, { signal: leaving.signal });
  expect(bulkhead.isFull).toBe(true);
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  expect(bulkhead.isFull).toBe(false);
  await expect(run(3, { signal: leaving.signal })).rejects.toThrow('gone');
  const next = run(4);
  end(1);
  await first;
  end(4);
  expect([await next, begun]).toEqual([4, [1, 4]]);
});

import { expect, it } from 'vitest';
import { FairQueue } from './fair-queue.ts';

it('lets clients take turns, however much one of them has waiting', () => {
  const queue = new FairQueue<string>();
  for (const one of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.add(one[0]!, one);
  expect([queue.size, queue.of('a'), queue.of('d')]).toEqual([6, 3, 0]);
  const taken = [queue.take(), queue.take()];
  queue.add('d', 'd1');
  while (queue.size > 0) taken.push(queue.take());
  expect(taken).toEqual(['a1', 'b1', 'c1', 'a2', 'd1', 'c2', 'a3']);
  expect(queue.take()).toBeUndefined();
});

it('forgets what no longer waits', () => {
  const queue = new FairQueue<string>();
  for (const one of ['a1', 'a2', 'b1']) queue.add(one[0]!, one);
  queue.remove('a', 'a1');
  queue.remove('b', 'b1');
  queue.remove('b', 'b1');
  expect([queue.size, queue.of('b'), [...queue.clients]]).toEqual([1, 0, ['a']]);
  expect([queue.take(), queue.take()]).toEqual(['a2', undefined]);
});

import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

it('what is of one key is done one at a time, in order, whatever becomes of it; another key does not wait', async () => {
  const turns = new Turns();
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take('a', async () => {
    await gate.promise;
    done.push('first');
    throw new Error('no');
  });
  const second = turns.take('a', async () => done.push('second'));
  const third = turns.take('a', async () => done.push('third'));
  await turns.take('b', async () => done.push('other'));
  expect(done).toEqual(['other']);
  gate.resolve();
  await expect(first).rejects.toThrow('no');
  await Promise.all([second, third]);
  expect(done).toEqual(['other', 'first', 'second', 'third']);
  await turns.take('a', async () => done.push('later'));
  expect(done.at(-1)).toBe('later');
});

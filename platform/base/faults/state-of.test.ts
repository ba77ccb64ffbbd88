import { expect, it } from 'vitest';
import { stateOf } from './state-of.ts';

it('tells what a dependency says, and that one is down which says nothing or fails', async () => {
  expect(await stateOf(async () => ({ status: 'up' }))).toEqual({ status: 'up' });
  expect(await stateOf(async () => ({ status: 'up', detail: 'in memory' }))).toEqual({
    status: 'up',
    detail: 'in memory',
  });
  expect(await stateOf(() => new Promise(() => {}), 20)).toEqual({
    status: 'down',
    detail: 'It does not answer within 0.02 s.',
  });
  const asked = Promise.withResolvers<AbortSignal>();
  await stateOf((signal) => {
    asked.resolve(signal);
    return new Promise(() => {});
  }, 20);
  expect((await asked.promise).aborted).toBe(true);
  expect(await stateOf(() => Promise.reject(new Error('no route')))).toEqual({ status: 'down', detail: 'no route' });
});

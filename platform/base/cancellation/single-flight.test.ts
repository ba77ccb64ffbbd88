import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SingleFlight } from './single-flight.ts';

it('works once for many who ask at the same time', async () => {
  const flights = new SingleFlight();
  let runs = 0;
  const work = async () => {
    runs++;
    await sleep(20);
    return 42;
  };
  const answers = await Promise.all(Array.from({ length: 50 }, () => flights.run('key', work)));
  expect(answers.map(({ value }) => value)).toEqual(Array.from({ length: 50 }, () => 42));
  expect(answers.filter(({ shared }) => !shared)).toHaveLength(1);
  expect(runs).toBe(1);
});

it('gives a failure to all who wait, and works again for the next', async () => {
  const flights = new SingleFlight();
  const fail = async () => {
    await sleep(20);
    throw new Error('the provider is down');
  };
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => flights.run('key', fail)));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect((await flights.run('key', async () => 'back')).value).toBe('back');
});

it('lets one caller leave without spoiling it for the others, and stops the work when all have left', async () => {
  const flights = new SingleFlight();
  const [one, two] = [new AbortController(), new AbortController()];
  let stopped = false;
  const work = async (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      stopped = true;
    });
    await sleep(100);
    return 'done';
  };
  const first = flights.run('key', work, one.signal);
  const second = flights.run('key', work, two.signal);
  one.abort(new Error('left'));
  await expect(first).rejects.toThrow('left');
  expect(stopped).toBe(false);
  two.abort(new Error('left too'));
  await expect(second).rejects.toThrow('left too');
  expect(stopped).toBe(true);
});

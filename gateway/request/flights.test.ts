import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { Cancellation } from '#platform/base/cancellation/cancellation.ts';
import { Flights, join } from './flights.ts';

it('a flight is given up when the last has left, and who comes then begins another', async () => {
  const flights = new Flights<string>();
  const [first, second] = [new Cancellation(), new Cancellation()];
  const ends: ((answer: string) => void)[] = [];
  const start = () => new Promise<string>((resolve) => void ends.push(resolve));
  const flight = flights.begin('key', 0, start);
  void join(flight, first);
  void join(flight, second);
  first.abort(new Error('left'));
  expect(flights.running('key', 1)).toBe(flight);
  second.abort(new Error('left'));
  expect(flight.cancellation.aborted).toBe(true);
  // It has not ended yet.
  expect(flights.running('key', 1)).toBeUndefined();
  const next = flights.begin('key', 1, start);
  ends[0]!('given up');
  await flight.answer;
  expect(flights.running('key', 2)).toBe(next);
  ends[1]!('whole');
  expect(await join(next, undefined)).toBe('whole');
});

it('a flight that is over leaves nothing at the signals of those who waited, and their end ends nothing', async () => {
  const flights = new Flights<string>();
  const lasting = new AbortController();
  const { signal } = lasting;
  for (const [n, fails] of [false, true, false].entries()) {
    const flight = flights.begin(`${n}`, 0, async () => {
      if (fails) throw new Error('no answer');
      return 'answer';
    });
    const answers = await Promise.allSettled([join(flight, signal), join(flight, signal)]);
    expect(answers.map(({ status }) => status)).toEqual(Array(2).fill(fails ? 'rejected' : 'fulfilled'));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    if (n < 2) continue;
    lasting.abort();
    expect(flight.cancellation.aborted).toBe(false);
  }
});

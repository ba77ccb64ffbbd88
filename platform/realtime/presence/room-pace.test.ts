import { expect, it } from 'vitest';
import { RoomPace } from './room-pace.ts';

it('a room that changes is read again soon, and the later the more its changes cost all watchers together', () => {
  const pace = new RoomPace();
  pace.begins();
  expect(pace.pauseAfter(3, 2)).toBe(20);
  // Reading it takes half of the time at most.
  expect(pace.pauseAfter(70, 2)).toBe(70);
  expect(pace.pauseAfter(3, 100)).toBe(100);
  for (let room = 1; room < 40; room++) pace.begins();
  expect(pace.pauseAfter(3, 50)).toBe(2_000);
  expect(pace.pauseAfter(3, 1_000)).toBe(5_000);
  for (let room = 1; room < 40; room++) pace.ends();
  expect(pace.pauseAfter(3, 50)).toBe(50);
});

import { expect, it } from 'vitest';
import { RoomPace } from './room-pace.ts';

const rooms = (count: number): object[] => Array.from({ length: count }, () => ({}));

it('a room that changes is read again soon, and the later the more its changes cost all watchers together', () => {
  const pace = new RoomPace();
  const [room] = rooms(1) as [object];
  expect(pace.pauseAfter(room, 3, 2)).toBe(20);
  // Reading it takes half of the time at most.
  expect(pace.pauseAfter(room, 70, 2)).toBe(70);
  expect(pace.pauseAfter(room, 3, 100)).toBe(100);
  const others = rooms(39);
  for (const other of others) pace.pauseAfter(other, 3, 50);
  expect(pace.pauseAfter(room, 3, 50)).toBe(2_000);
  expect(pace.pauseAfter(room, 3, 1_000)).toBe(2_950);
  for (const other of others) pace.pauseAfter(other, 3, 1_000);
  expect(pace.pauseAfter(room, 3, 1_000)).toBe(5_000);
  for (const other of others) pace.ends(other);
  expect(pace.pauseAfter(room, 3, 50)).toBe(50);
});

it('a room is slowed by what others cost, not by how many they are', () => {
  const pace = new RoomPace();
  const [room] = rooms(1) as [object];
  // A person's own conversations, with one watcher each.
  for (const own of rooms(1_000)) pace.pauseAfter(own, 3, 1);
  expect(pace.pauseAfter(room, 3, 40)).toBe(40);
  for (const larger of rooms(10)) pace.pauseAfter(larger, 3, 6);
  expect(pace.pauseAfter(room, 3, 40)).toBe(100);
});

it('two people who type see it at once, whatever happens in other rooms', () => {
  const pace = new RoomPace();
  const [room] = rooms(1) as [object];
  for (const large of rooms(100)) pace.pauseAfter(large, 3, 1_000);
  expect(pace.pauseAfter(room, 3, 4)).toBe(20);
});

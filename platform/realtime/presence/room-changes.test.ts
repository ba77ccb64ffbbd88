import { expect, it } from 'vitest';
import { RoomChanges } from './room-changes.ts';
import type { Connection } from './roster.ts';

type Written = Parameters<ConstructorParameters<typeof RoomChanges>[0]['write']>[0];

const anna: Connection = { userId: 'anna', state: 'ONLINE', since: 0, details: undefined };

/** Rooms whose round trips end when the test says so. */
function slowRooms() {
  const trips: { readonly changes: Written; readonly end: PromiseWithResolvers<void> }[] = [];
  const arrivals: (() => void)[] = [];
  return {
    trips,
    async write(changes: Written) {
      const end = Promise.withResolvers<void>();
      trips.push({ changes, end });
      for (const arrived of arrivals.splice(0)) arrived();
      await end.promise;
    },
    trip: async (number: number) => {
      while (trips.length < number) await new Promise<void>((resolve) => arrivals.push(resolve));
      return trips[number - 1]!;
    },
  };
}

it('five thousand that come at once are written by ten round trips, one at a time, and each room is told of once a trip', async () => {
  const rooms = slowRooms();
  const told: string[] = [];
  const changes = new RoomChanges(rooms, (room) => void told.push(room));
  const all = Array.from({ length: 5_000 }, (_, i) => changes.set(`room-${i % 2}`, `c${i}`, anna));
  for (let number = 1; number <= 10; number++) {
    const { changes: written, end } = await rooms.trip(number);
    expect([rooms.trips.length, written.length]).toEqual([number, 500]);
    end.resolve();
  }
  await Promise.all(all);
  expect(rooms.trips).toHaveLength(10);
  expect(told).toHaveLength(20);
});

it('what changes again while a round trip is under way is written once, as it is then', async () => {
  const rooms = slowRooms();
  const changes = new RoomChanges(rooms, () => {});
  const first = changes.set('room', 'a', anna);
  const { end } = await rooms.trip(1);
  const waiting = [changes.set('room', 'b', anna), changes.set('room', 'b', undefined)];
  end.resolve();
  await first;
  const second = await rooms.trip(2);
  expect(second.changes).toEqual([{ room: 'room', id: 'b', connection: undefined }]);
  second.end.resolve();
  await Promise.all(waiting);
});

it('a round trip that fails rejects what it carried, and the others go on after a rest', async () => {
  const rooms = slowRooms();
  const changes = new RoomChanges(rooms, () => {});
  const lost = changes.set('room', 'a', anna);
  const { end } = await rooms.trip(1);
  const kept = changes.set('room', 'b', anna);
  end.reject(new Error('no answer'));
  await expect(lost).rejects.toThrow('no answer');
  expect(rooms.trips).toHaveLength(1);
  (await rooms.trip(2)).end.resolve();
  await kept;
});

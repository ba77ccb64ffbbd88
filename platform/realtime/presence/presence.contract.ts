import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Presence, PresenceEvent } from './presence.ts';

/** Long enough to be seen, short enough to be waited for. */
export const CONTRACT_TYPING_MS = 400;

let names = 0;
export const freshRoom = (): string => `room-${process.pid}-${names++}`;

/** Collects a room's events in the background. */
export function listenTo(presence: Presence, room: string) {
  const aborting = new AbortController();
  const events: PresenceEvent[] = [];
  const done = (async () => {
    for await (const event of presence.watch(room, { signal: aborting.signal })) events.push(event);
  })();
  const stop = async () => {
    aborting.abort();
    await done;
  };
  return { events, stop };
}

export const brief = (events: PresenceEvent[]): string[] =>
  events.map((event) => {
    if (event.type === 'members') return `members ${event.members.map((member) => member.userId).join(',')}`;
    if (event.type === 'left') return `left ${event.userId}`;
    const { userId, state, typing, connections } = event.member;
    return `${event.type} ${userId} ${state} ${connections}${typing ? ' typing' : ''}`;
  });

/** What presence promises, seen from two processes (one and the same where there is only one). */
export function presenceContract(
  open: (lifecycle: AsyncDisposableStack) => Promise<{ here: Presence; there: Presence }>,
): void {
  const lifecycle = new AsyncDisposableStack();
  let here: Presence;
  let there: Presence;
  beforeAll(async () => {
    ({ here, there } = await open(lifecycle));
  });
  afterAll(() => lifecycle.disposeAsync());

  it('shows who is there, then who comes, changes and goes', async () => {
    const room = freshRoom();
    const anna = await here.join(room, 'anna', { details: { device: 'phone' } });
    const { events, stop } = listenTo(there, room);
    await expect.poll(() => brief(events)).toEqual(['members anna']);
    const bob = await there.join(room, 'bob', { state: 'AWAY' });
    await expect.poll(() => brief(events).at(-1)).toBe('joined bob AWAY 1');
    await bob.setState('BUSY');
    await expect.poll(() => brief(events).at(-1)).toBe('updated bob BUSY 1');
    await anna.leave();
    await anna.leave();
    await expect.poll(() => brief(events).at(-1)).toBe('left anna');
    await bob.leave();
    await expect.poll(() => brief(events).at(-1)).toBe('left bob');
    await stop();
    expect(events).toHaveLength(5);
  });

  it('gives the same answer from every replica', async () => {
    const room = freshRoom();
    const connections = [];
    for (let n = 0; n < 5; n++) connections.push(await (n % 2 ? here : there).join(room, `user-${n}`));
    const [one, two] = [await here.members(room), await there.members(room)];
    expect(one).toEqual(two);
    expect(one.map((member) => member.userId)).toHaveLength(5);
    for (const connection of connections) await connection.leave();
    expect(await here.members(room)).toEqual([]);
  });

  it('keeps a user present while one of several connections is, and shows the strongest state', async () => {
    const room = freshRoom();
    const tab = await here.join(room, 'anna', { state: 'AWAY' });
    await sleep(5);
    const phone = await there.join(room, 'anna', { state: 'ONLINE', details: { device: 'phone' } });
    expect(await here.members(room)).toMatchObject([
      { userId: 'anna', state: 'ONLINE', connections: 2, details: { device: 'phone' } },
    ]);
    await phone.leave();
    expect(await there.members(room)).toMatchObject([{ userId: 'anna', state: 'AWAY', connections: 1 }]);
    await tab.leave();
    expect(await there.members(room)).toEqual([]);
  });

  it('sets the state of a user’s connections from another replica, and says when there is none', async () => {
    const room = freshRoom();
    const connection = await here.join(room, 'anna');
    expect(await there.setState(room, 'anna', 'AWAY')).toBe(true);
    expect(await here.members(room)).toMatchObject([{ state: 'AWAY' }]);
    expect(await there.setState(room, 'stranger', 'AWAY')).toBe(false);
    await connection.leave();
    expect(await there.setState(room, 'anna', 'ONLINE')).toBe(false);
    expect(await here.members(room)).toEqual([]);
  });

  it('ends a typing indicator by itself', async () => {
    const room = freshRoom();
    const connection = await here.join(room, 'anna');
    const { events, stop } = listenTo(there, room);
    await expect.poll(() => events.length).toBe(1);
    expect(await there.setTyping(room, 'anna', true)).toBe(true);
    await expect.poll(() => brief(events)).toEqual(['members anna', 'updated anna ONLINE 1 typing']);
    await expect.poll(() => brief(events).at(-1)).toBe('updated anna ONLINE 1');
    await there.setTyping(room, 'anna', true);
    await expect.poll(() => brief(events).at(-1)).toBe('updated anna ONLINE 1 typing');
    await here.setTyping(room, 'anna', false);
    await expect.poll(() => brief(events).at(-1)).toBe('updated anna ONLINE 1');
    expect(await there.setTyping(room, 'stranger', true)).toBe(false);
    await stop();
    await connection.leave();
  });

  it('keeps the latest per user for a slow watcher', async () => {
    const room = freshRoom();
    const watcher = there.watch(room)[Symbol.asyncIterator]();
    await watcher.next();
    const connection = await here.join(room, 'anna');
    for (let n = 0; n < 50; n++) await connection.setState(n % 2 ? 'AWAY' : 'BUSY');
    const ghost = await here.join(room, 'ghost');
    await ghost.leave();
    await sleep(100);
    const first = await watcher.next();
    expect(brief([first.value!])).toEqual(['joined anna AWAY 1']);
    const pending = watcher.next();
    await watcher.return?.();
    expect((await pending).done).toBe(true);
    await connection.leave();
  });

  it('refuses names and details that are too long', async () => {
    await using longest = await here.join('r'.repeat(200), 'u'.repeat(200));
    expect(await there.members('r'.repeat(200))).toMatchObject([{ connections: 1, state: 'ONLINE' }]);
    expect(longest.connectionId).toBeTruthy();
    await expect(here.join('', 'anna')).rejects.toThrow(TypeError);
    await expect(here.join(freshRoom(), 'x'.repeat(201))).rejects.toThrow(TypeError);
    await expect(here.join(freshRoom(), 'anna', { details: { note: 'x'.repeat(2_000) } })).rejects.toThrow(TypeError);
  });
}

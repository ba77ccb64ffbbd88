import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { expect, it } from 'vitest';
import type { PlatformEvent } from '../../contracts/events.ts';
import type { EventBus } from './event-bus.ts';

export const anEvent = (aggregate: string, text: string): PlatformEvent => ({
  id: uuidv7(),
  type: 'message.completed',
  version: 1,
  owner: 'chat',
  aggregate,
  payload: {
    messageId: text,
    conversationId: aggregate,
    userId: 'anna',
    role: 'USER',
    status: 'COMPLETED',
    text,
    at: new Date().toISOString(),
  },
  recordedAt: new Date(),
});

/** Publishes as a relay does: remembers and repeats when the bus says that it forgot. */
export async function publish(bus: EventBus, events: PlatformEvent[]): Promise<void> {
  if ((await bus.publish('chat', events, await bus.memory('chat'))) === 'taken') return;
  await bus.remember('chat');
  expect(await bus.publish('chat', events, await bus.memory('chat'))).toBe('taken');
}

/** What an event bus promises. Each test opens one of its own. */
export function eventBusContract(open: (lifecycle: AsyncDisposableStack) => Promise<EventBus>): void {
  it('brings every event to every group, with everything it carries', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const bus = await open(lifecycle);
    const got: Record<string, PlatformEvent[]> = { memory: [], analytics: [] };
    for (const group of Object.keys(got)) await bus.join(group, async (event) => void got[group]!.push(event));
    const events = [anEvent('a', '1'), anEvent('b', '2'), anEvent('a', '3')];
    await publish(bus, events);
    const byId = (list: PlatformEvent[]) => list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    for (const group of Object.keys(got)) {
      await expect.poll(() => byId(got[group]!), { timeout: 5_000 }).toEqual(byId(events));
    }
  });

  it('keeps the order of an aggregate, slow consumers included', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const bus = await open(lifecycle);
    const order: Record<string, string[]> = {};
    await bus.join('memory', async ({ aggregate, payload }) => {
      await sleep(Math.random() * 5);
      order[aggregate] ??= [];
      order[aggregate].push((payload as { text: string }).text);
    });
    const texts = Array.from({ length: 30 }, (_, n) => String(n));
    await publish(
      bus,
      texts.flatMap((text) => ['a', 'b', 'c'].map((aggregate) => anEvent(aggregate, text))),
    );
    await expect.poll(() => order, { timeout: 5_000 }).toEqual({ a: texts, b: texts, c: texts });
  });

  it('brings an event again when it was not taken, and no later one of its aggregate before', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const bus = await open(lifecycle);
    const taken: string[] = [];
    let refusals = 3;
    await bus.join('memory', async ({ payload }) => {
      const { text } = payload as { text: string };
      if (text === '2' && refusals-- > 0) throw new Error('the database is away');
      taken.push(text);
    });
    const events = ['1', '2', '3'].map((text) => anEvent('a', text));
    // The memory bus has no memory: the relay publishes again what was not dealt with.
    for (let more = true; more; ) {
      more = await publish(bus, events).then(
        () => false,
        () => true,
      );
    }
    await expect.poll(() => taken.at(-1), { timeout: 5_000 }).toBe('3');
    expect([...new Set(taken)]).toEqual(['1', '2', '3']);
    expect(taken.filter((text) => text === '3')).toHaveLength(1);
  });
}

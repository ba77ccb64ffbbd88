import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { expect, it } from 'vitest';
import type { PlatformEvent } from '../../contracts/events.ts';
import type { Delivery, EventBus, EventGroup } from './event-bus.ts';

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

/** A group that takes messages one at a time; a throw is a failure. */
export const oneByOne = (
  name: string,
  work: (event: PlatformEvent, deliveries: number, signal: AbortSignal) => Promise<unknown>,
  options: Partial<EventGroup> = {},
): EventGroup => ({
  name,
  types: ['message.completed'],
  retryMs: 1,
  async deliver(batch, signal) {
    const failed: Delivery[] = [];
    for (const delivery of batch) {
      const { event, deliveries } = delivery;
      const isBehind = failed.some((one) => one.event.aggregate === event.aggregate);
      const isDone =
        !isBehind &&
        (await work(event, deliveries, signal).then(
          () => true,
          () => false,
        ));
      if (!isDone) failed.push(delivery);
    }
    return failed;
  },
  ...options,
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
    for (const group of Object.keys(got)) await bus.join(oneByOne(group, async (event) => got[group]!.push(event)));
    const events = [anEvent('a', '1'), anEvent('b', '2'), anEvent('a', '3')];
    await publish(bus, events);
    const byId = (list: PlatformEvent[]) => list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    for (const group of Object.keys(got)) {
      await expect.poll(() => byId(got[group]!)).toEqual(byId(events));
    }
  });

  it('keeps the order of an aggregate, slow consumers included', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const bus = await open(lifecycle);
    const order: Record<string, string[]> = {};
    const slow = async ({ aggregate, payload }: PlatformEvent) => {
      await sleep(Math.random() * 5);
      order[aggregate] ??= [];
      order[aggregate].push((payload as { text: string }).text);
    };
    await bus.join(oneByOne('memory', slow, { lanes: 2 }));
    const texts = Array.from({ length: 30 }, (_, n) => String(n));
    await publish(
      bus,
      texts.flatMap((text) => ['a', 'b', 'c'].map((aggregate) => anEvent(aggregate, text))),
    );
    await expect.poll(() => order).toEqual({ a: texts, b: texts, c: texts });
  });

  it('brings an event again when it failed, no later one of its aggregate before, and the others meanwhile', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const bus = await open(lifecycle);
    const taken: string[] = [];
    let refusals = 3;
    const stubborn = async ({ payload }: PlatformEvent) => {
      const { text } = payload as { text: string };
      if (text === '2' && refusals-- > 0) throw new Error('cannot be done yet');
      taken.push(text);
    };
    await bus.join(oneByOne('memory', stubborn));
    await publish(bus, [...['1', '2', '3'].map((text) => anEvent('a', text)), anEvent('b', 'other')]);
    await expect.poll(() => taken).toEqual(['1', 'other', '2', '3']);
  });

  it('brings everything again when a group could not work at all', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const bus = await open(lifecycle);
    const taken: string[] = [];
    let refusals = 3;
    await bus.join({
      name: 'memory',
      types: ['message.completed'],
      async deliver(batch) {
        if (refusals-- > 0) throw new Error('the database is away');
        for (const { event, failures } of batch) taken.push(`${(event.payload as { text: string }).text} ${failures}`);
        return [];
      },
    });
    const events = ['1', '2'].map((text) => anEvent('a', text));
    // The memory bus has no memory: the relay publishes again what was not dealt with.
    for (let more = true; more; ) {
      more = await publish(bus, events).then(
        () => false,
        () => true,
      );
    }
    await expect.poll(() => taken).toEqual(['1 0', '2 0']);
  });

  it('brings a group what it takes and nothing else', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const bus = await open(lifecycle);
    const got: Record<string, number> = { memory: 0, vision: 0 };
    await bus.join(oneByOne('vision', async () => got['vision']!++, { types: ['user.deleted'] }));
    await bus.join(oneByOne('memory', async () => got['memory']!++));
    await publish(bus, [anEvent('a', '1'), anEvent('b', '2')]);
    await expect.poll(() => got).toEqual({ memory: 2, vision: 0 });
  });
}

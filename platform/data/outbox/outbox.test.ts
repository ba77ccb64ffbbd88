import { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CodedError } from '../../base/errors/errors.ts';
import { silentLog } from '../../realtime/redis/testing/redis.ts';
import { ParkedWork } from '../parked-work.ts';
import { handedOver } from '../testing/background-work.ts';
import { consumeEvents } from './consume-events.ts';
import { createOutbox } from './create-outbox.ts';
import { MemoryEventBus } from './memory-event-bus.ts';
import type { EventHandlers, Outbox, PlatformEvent, SqlClient, SqlTransaction } from './outbox.ts';
import { embeddedClient } from './testing/outbox.ts';

const at = () => new Date().toISOString();

describe('outbox, embedded', () => {
  const shared = new AsyncDisposableStack();
  let client: SqlClient;
  beforeAll(async () => {
    client = await embeddedClient(shared);
  });
  afterAll(() => shared.disposeAsync());
  beforeEach(async () => {
    await client.$executeRawUnsafe('TRUNCATE outbox_events, inbox_events, effects RESTART IDENTITY');
  });

  async function open(
    lifecycle: AsyncDisposableStack,
    handlers: EventHandlers<SqlTransaction>,
    start = true,
    parkedMs = 60_000,
  ) {
    const metrics = new Registry();
    const events = new MemoryEventBus({ metrics, lifecycle });
    const options = { client, events, log: silentLog, metrics, lifecycle, lookMs: 50 };
    await consumeEvents({ ...options, consumer: 'memory', handlers, retryMs: 1, parkedMs });
    const outbox = createOutbox({ ...options, owner: 'auth' });
    if (start) events.start();
    const outcomes = async () =>
      Object.fromEntries(
        (await metrics.getSingleMetric('sextant_inbox_events_total')!.get()).values.map(({ labels, value }) => [
          labels.outcome,
          value,
        ]),
      );
    return { outbox, events, outcomes };
  }
  const effects = () =>
    client.$queryRawUnsafe<{ event_id: string; note: string }[]>('SELECT event_id, note FROM effects ORDER BY number');
  const note = (tx: SqlTransaction, id: string, text: string) =>
    tx.$executeRawUnsafe('INSERT INTO effects (event_id, note) VALUES ($1::uuid, $2)', id, text);

  it('delivers what was committed, and nothing that was rolled back', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { outbox } = await open(lifecycle, {
      'user.deleted': async (event, tx) => void (await note(tx, event.id, event.payload.userId)),
    });
    const id = await client.$transaction((tx) => outbox.record(tx, 'user.deleted', { userId: 'anna', at: at() }));
    await expect(
      client.$transaction(async (tx) => {
        await outbox.record(tx, 'user.deleted', { userId: 'ghost', at: at() });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await handedOver(client);
    expect(await effects()).toEqual([{ event_id: id, note: 'anna' }]);
  });

  it('is quick: an event is there well before the next poll', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const seen = Promise.withResolvers<void>();
    const { outbox } = await open(lifecycle, { 'user.deleted': async () => seen.resolve() });
    await client.$transaction((tx) => outbox.record(tx, 'user.deleted', { userId: 'anna', at: at() }));
    await seen.promise;
  });

  it('waits for consumers that start after the producer', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { outbox, events } = await open(lifecycle, {}, false);
    await client.$transaction((tx) => outbox.record(tx, 'user.deleted', { userId: 'early', at: at() }));
    await consumeEvents({
      consumer: 'late',
      client,
      events,
      handlers: { 'user.deleted': async (event, tx) => void (await note(tx, event.id, 'late consumer')) },
      log: silentLog,
      metrics: new Registry(),
      lifecycle,
    });
    events.start();
    await handedOver(client);
    expect((await effects()).map((effect) => effect.note)).toEqual(['late consumer']);
  });

  it('refuses a payload that is not what the catalogue says, at the producer', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { outbox } = await open(lifecycle, {});
    const wrong = client.$transaction((tx) => outbox.record(tx, 'user.deleted', { userId: '', at: 'yesterday' }));
    await expect(wrong).rejects.toThrow(/userId[\s\S]*at/);
  });

  it('has the effect once when the event comes twice', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { outbox, outcomes } = await open(lifecycle, {
      'user.deleted': async (event, tx) => void (await note(tx, event.id, 'once')),
    });
    await client.$transaction((tx) => outbox.record(tx, 'user.deleted', { userId: 'anna', at: at() }));
    await handedOver(client);
    await client.$executeRawUnsafe('UPDATE outbox_events SET published_at = NULL');
    await handedOver(client);
    expect(await effects()).toHaveLength(1);
    expect(await outcomes()).toEqual({ handled: 1, duplicate: 1 });
  });

  it('tries again after a failure, whose half effect is rolled back', async () => {
    await using lifecycle = new AsyncDisposableStack();
    let failures = 2;
    const { outbox, outcomes } = await open(lifecycle, {
      'user.deleted': async (event, tx) => {
        await note(tx, event.id, 'effect');
        if (failures-- > 0) throw new Error('not yet');
      },
    });
    await client.$transaction((tx) => outbox.record(tx, 'user.deleted', { userId: 'anna', at: at() }));
    await handedOver(client);
    expect(await effects()).toHaveLength(1);
    expect(await outcomes()).toEqual({ retried: 2, handled: 1 });
  });

  it('parks a poison event with what it was and why, and goes on with the next', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { outbox, outcomes } = await open(lifecycle, {
      'user.deleted': async (event, tx) => {
        if (event.payload.userId === 'poison') throw new Error('cannot digest this');
        await note(tx, event.id, event.payload.userId);
      },
    });
    for (const userId of ['poison', 'fine']) {
      await client.$transaction((tx) => outbox.record(tx, 'user.deleted', { userId, at: at() }));
    }
    await handedOver(client);
    expect((await effects()).map((effect) => effect.note)).toEqual(['fine']);
    const parked = await client.$queryRawUnsafe<unknown[]>(
      'SELECT type, attempts, problem, event FROM inbox_events WHERE parked_at IS NOT NULL',
    );
    expect(parked).toMatchObject([
      {
        type: 'user.deleted',
        attempts: 5,
        problem: 'Error: cannot digest this',
        event: { payload: { userId: 'poison' }, owner: 'auth' },
      },
    ]);
    expect(await outcomes()).toMatchObject({ parked: 1, handled: 1, retried: 4 });
  });

  it('tries a parked event again when a person wants it, once, and gives up one that is dropped', async () => {
    await using lifecycle = new AsyncDisposableStack();
    let broken = true;
    const { outbox } = await open(
      lifecycle,
      {
        'user.deleted': async (event, tx) => {
          if (broken) throw new Error('cannot digest this');
          await note(tx, event.id, event.payload.userId);
        },
      },
      true,
      20,
    );
    const record = (userId: string) =>
      client.$transaction((tx) => outbox.record(tx, 'user.deleted', { userId, at: at() }));
    const [anna, bob] = [await record('anna'), await record('bob')];
    await handedOver(client);
    const parked = new ParkedWork(client);
    const item = { of: 'EVENT', kind: 'user.deleted', attempts: 5, problem: 'Error: cannot digest this' };
    expect((await parked.list(10)).toSorted((a, b) => (a.id < b.id ? -1 : 1))).toMatchObject([
      { id: anna, ...item },
      { id: bob, ...item },
    ]);
    expect(await parked.drop(bob)).toBe(true);
    // Still broken: it is parked again.
    expect(await parked.retry(anna)).toBe(true);
    await expect.poll(() => parked.list(10)).toMatchObject([{ id: anna, attempts: 1 }]);
    broken = false;
    expect(await parked.retry(anna)).toBe(true);
    await expect.poll(() => effects()).toEqual([{ event_id: anna, note: 'anna' }]);
    expect(await parked.list(10)).toEqual([]);
    // Delivered once more, neither has an effect.
    await client.$executeRawUnsafe('UPDATE outbox_events SET published_at = NULL');
    await handedOver(client);
    expect(await effects()).toHaveLength(1);
    expect([await parked.retry(anna), await parked.drop(bob)]).toEqual([false, false]);
  });

  it('a parked event that is wanted waits while what it needs is away, and is tried again by itself', async () => {
    await using lifecycle = new AsyncDisposableStack();
    let failure: Error | undefined = new Error('cannot digest this');
    let tries = 0;
    const { outbox } = await open(
      lifecycle,
      {
        'user.deleted': async (event, tx) => {
          tries++;
          if (failure) throw failure;
          await note(tx, event.id, event.payload.userId);
        },
      },
      true,
      20,
    );
    const anna = await client.$transaction((tx) => outbox.record(tx, 'user.deleted', { userId: 'anna', at: at() }));
    await handedOver(client);
    const parked = new ParkedWork(client);
    await expect.poll(() => parked.list(10)).toHaveLength(1);
    failure = new CodedError('SERVICE_UNAVAILABLE', 'The vector store is away.');
    tries = 0;
    expect(await parked.retry(anna)).toBe(true);
    await expect.poll(() => tries).toBeGreaterThan(1);
    failure = undefined;
    await expect.poll(() => effects()).toEqual([{ event_id: anna, note: 'anna' }]);
    expect(await parked.list(10)).toEqual([]);
  });

  it('what is parked about a conversation is given up when that is deleted: nothing of it is kept or comes back', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { outbox } = await open(lifecycle, {
      'message.completed': async () => {
        throw new Error('cannot digest this');
      },
      'conversation.deleted': async (event, tx) => {
        await note(tx, event.id, 'deleted');
      },
    });
    const say = (conversationId: string) =>
      client.$transaction((tx) =>
        outbox.record(tx, 'message.completed', {
          messageId: uuidv7(),
          conversationId,
          userId: 'anna',
          role: 'USER',
          text: 'a secret',
          at: at(),
        }),
      );
    const [gone, kept] = [await say('gone'), await say('kept')];
    await handedOver(client);
    const parked = new ParkedWork(client);
    await expect.poll(() => parked.count()).toBe(2);
    const deletion = { conversationId: 'gone', userId: 'anna', at: at() };
    await client.$transaction((tx) => outbox.record(tx, 'conversation.deleted', deletion));
    await expect.poll(() => effects()).toHaveLength(1);
    expect(await parked.list(10)).toMatchObject([{ id: kept }]);
    expect(await parked.retry(gone)).toBe(false);
    const rows = await client.$queryRawUnsafe<{ event: unknown }[]>(
      `SELECT event FROM inbox_events WHERE event::text LIKE '%secret%'`,
    );
    expect(rows).toHaveLength(1);
  });

  describe('in batches', () => {
    const texts = (events: readonly PlatformEvent<'user.deleted'>[]) => events.map(({ payload }) => payload.userId);
    const recordAll = (outbox: Outbox, users: readonly string[]) =>
      outbox.recordAlone(users.map((userId) => ({ type: 'user.deleted', payload: { userId, at: at() } })));
    const noteAll = async (events: readonly PlatformEvent<'user.deleted'>[], tx: SqlTransaction) => {
      if (texts(events).some((text) => text.startsWith('poison'))) throw new Error('cannot digest this');
      for (const event of events) await note(tx, event.id, event.payload.userId);
    };

    it('takes a hundred events in one transaction, in order', async () => {
      await using lifecycle = new AsyncDisposableStack();
      const sizes: number[] = [];
      const { outbox } = await open(lifecycle, {
        'user.deleted': {
          async handle(events, tx) {
            sizes.push(events.length);
            await noteAll(events, tx);
          },
        },
      });
      const users = Array.from({ length: 250 }, (_, n) => `user ${n}`);
      await recordAll(outbox, users);
      await handedOver(client);
      expect(sizes).toEqual([100, 100, 50]);
      expect((await effects()).map(({ note }) => note)).toEqual(users);
    });

    it('parks what is poison alone, one in a hundred, and takes all others once', async () => {
      await using lifecycle = new AsyncDisposableStack();
      const { outbox, outcomes } = await open(lifecycle, { 'user.deleted': { handle: noteAll } });
      const users = Array.from({ length: 400 }, (_, n) => (n % 100 === 37 ? `poison ${n}` : `user ${n}`));
      await recordAll(outbox, users);
      await handedOver(client);
      const fine = users.filter((user) => !user.startsWith('poison'));
      expect((await effects()).map((effect) => effect.note)).toEqual(fine);
      expect(await outcomes()).toEqual({ handled: 396, parked: 4, retried: 16 });
    });

    it('keeps what comes after poison in its aggregate behind it', async () => {
      await using lifecycle = new AsyncDisposableStack();
      const seen: string[] = [];
      const { outbox } = await open(lifecycle, {
        'user.registered': async ({ payload }) => void seen.push(`registered ${payload.userId}`),
        'user.deleted': async ({ payload: { userId } }) => {
          seen.push(`deleted ${userId}`);
          if (userId === 'anna' && seen.filter((one) => one === 'deleted anna').length < 5) throw new Error('poison');
        },
      });
      await outbox.recordAlone([
        { type: 'user.deleted', payload: { userId: 'anna', at: at() } },
        { type: 'user.registered', payload: { userId: 'anna', email: 'a@example.org', at: at() } },
        { type: 'user.deleted', payload: { userId: 'bob', at: at() } },
      ]);
      await handedOver(client);
      expect(seen.at(-1)).toBe('registered anna');
      expect(seen.indexOf('deleted bob')).toBeLessThan(seen.indexOf('registered anna'));
      expect(seen.filter((one) => one === 'registered anna')).toHaveLength(1);
    });

    it('has the effect once of an event that a batch holds twice, or that came before', async () => {
      await using lifecycle = new AsyncDisposableStack();
      const { outbox, events, outcomes } = await open(lifecycle, { 'user.deleted': { handle: noteAll } });
      await recordAll(outbox, ['anna', 'bob']);
      await handedOver(client);
      const event = (userId: string): PlatformEvent => ({
        id: uuidv7(),
        type: 'user.deleted',
        version: 1,
        owner: 'auth',
        aggregate: `user:${userId}`,
        payload: { userId, at: at() },
        recordedAt: new Date(),
      });
      const [carol, dora] = [event('carol'), event('dora')];
      await events.publish('auth', [dora, carol, carol, dora]);
      await events.publish('auth', [carol, event('eve'), carol]);
      expect((await effects()).map((effect) => effect.note)).toEqual(['anna', 'bob', 'dora', 'carol', 'eve']);
      expect(await outcomes()).toEqual({ handled: 5, duplicate: 4 });
    });
  });
});

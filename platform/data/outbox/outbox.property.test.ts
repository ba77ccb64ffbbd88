import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fc, SEED } from '#platform/base/testing/generated.ts';
import { RedisLeases } from '../../realtime/leases/redis-leases.ts';
import { connectTestRedis, forget, REDIS_TEST_URL, silentLog, testPrefix } from '../../realtime/redis/testing/redis.ts';
import { consumeEvents } from './consume-events.ts';
import { createOutbox } from './create-outbox.ts';
import type { EventBus } from './event-bus.ts';
import { MemoryEventBus } from './memory-event-bus.ts';
import type { Outbox, SqlClient } from './outbox.ts';
import { RedisEventBus } from './redis-event-bus.ts';
import { embeddedClient, POSTGRES_TEST_URL, postgresSchema } from './testing/outbox.ts';

/** When what no consumer can take has happened. */
const POISON = '1970-01-01T00:00:00.000Z';

/** One process with a relay and a consumer, which can be killed at any moment. */
interface Process {
  readonly outbox: Outbox;
  kill(): Promise<void>;
}

interface World {
  readonly client: SqlClient;
  start(): Promise<Process>;
  /** Redis loses its memory. */
  amnesia(): Promise<void>;
}

type Step =
  | { readonly do: 'record'; readonly aggregate: number }
  | { readonly do: 'roll back'; readonly aggregate: number }
  | { readonly do: 'poison'; readonly aggregate: number }
  | { readonly do: 'kill'; readonly process: number }
  | { readonly do: 'amnesia' }
  | { readonly do: 'wait' };

const aggregate = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('record' as const), aggregate }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('roll back' as const), aggregate }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('poison' as const), aggregate }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), process: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'amnesia' as const }) },
  { weight: 4, arbitrary: fc.constant({ do: 'wait' as const }) },
);

/** Everything a process can do wrong short of writing elsewhere: commands that fail after a random number of calls. */
function mortal(client: SqlClient): { client: SqlClient; die: () => void } {
  let dead = false;
  const check = () => {
    if (dead) throw new Error('this process is dead');
  };
  const over = <C extends Pick<SqlClient, '$executeRawUnsafe' | '$queryRawUnsafe'>>(on: C) => ({
    $executeRawUnsafe: async (sql: string, ...values: unknown[]) => {
      check();
      return on.$executeRawUnsafe(sql, ...values);
    },
    $queryRawUnsafe: async <Rows>(sql: string, ...values: unknown[]) => {
      check();
      return on.$queryRawUnsafe<Rows>(sql, ...values);
    },
  });
  return {
    client: {
      ...over(client),
      $transaction: (work) =>
        client.$transaction(async (tx) => {
          const result = await work(over(tx));
          check();
          return result;
        }),
    },
    die: () => {
      dead = true;
    },
  };
}

async function startProcess(
  client: SqlClient,
  open: (metrics: Registry, lifecycle: AsyncDisposableStack) => Promise<EventBus>,
): Promise<Process> {
  const lifecycle = new AsyncDisposableStack();
  const metrics = new Registry();
  const own = mortal(client);
  const events = await open(metrics, lifecycle);
  const options = { client: own.client, events, log: silentLog, metrics, lifecycle, lookMs: 20 };
  await consumeEvents({
    ...options,
    consumer: 'memory',
    retryMs: 1,
    lanes: 2,
    handlers: {
      'user.deleted': {
        async handle(batch, tx) {
          await sleep(Math.random() * 2);
          for (const { id, payload } of batch) {
            if (payload.at === POISON) throw new Error('cannot be digested');
            const sql = 'INSERT INTO effects (event_id, note) VALUES ($1::uuid, $2)';
            await tx.$executeRawUnsafe(sql, id, payload.userId);
          }
        },
      },
    },
  });
  const outbox = createOutbox({ ...options, owner: 'auth' });
  events.start();
  return {
    outbox,
    async kill() {
      own.die();
      await lifecycle.disposeAsync();
    },
  };
}

async function play(world: World, steps: readonly Step[]): Promise<void> {
  const { client } = world;
  // Nothing of the play before: events that Redis still holds would have their effect again once the inbox is empty.
  await world.amnesia();
  await client.$executeRawUnsafe('TRUNCATE outbox_events, inbox_events, effects RESTART IDENTITY');
  const processes = [await world.start(), await world.start()];
  const recorded = new Map<string, string[]>();
  const poison: string[] = [];
  const at = new Date().toISOString();
  try {
    for (const [index, step] of steps.entries()) {
      if (step.do === 'record') {
        const userId = `user-${step.aggregate}`;
        const { outbox } = processes[index % 2]!;
        const id = await client.$transaction((tx) => outbox.record(tx, 'user.deleted', { userId, at }));
        recorded.set(userId, [...(recorded.get(userId) ?? []), id]);
      } else if (step.do === 'poison') {
        const { outbox } = processes[index % 2]!;
        const fact = { userId: `user-${step.aggregate}`, at: POISON };
        poison.push(await client.$transaction((tx) => outbox.record(tx, 'user.deleted', fact)));
      } else if (step.do === 'roll back') {
        const { outbox } = processes[index % 2]!;
        const undone = client.$transaction(async (tx) => {
          await outbox.record(tx, 'user.deleted', { userId: `user-${step.aggregate}`, at });
          throw new Error('undone');
        });
        await expect(undone).rejects.toThrow('undone');
      } else if (step.do === 'kill') {
        await processes[step.process]!.kill();
        processes[step.process] = await world.start();
      } else if (step.do === 'amnesia') await world.amnesia();
      else await sleep(5);
    }
    const total = [...recorded.values()].flat().length;
    const count = async () => (await client.$queryRawUnsafe<unknown[]>('SELECT 1 AS one FROM effects')).length;
    await expect.poll(count, { timeout: 15_000, interval: 20 }).toBeGreaterThanOrEqual(total);
    const effects = await client.$queryRawUnsafe<{ event_id: string; note: string }[]>(
      'SELECT event_id, note FROM effects ORDER BY number',
    );
    const byUser = new Map(
      [...Map.groupBy(effects, (effect) => effect.note)].map(([user, list]) => [
        user,
        list.map((effect) => effect.event_id),
      ]),
    );
    expect(byUser).toEqual(recorded);
    const parked = () =>
      client.$queryRawUnsafe<{ id: string }[]>('SELECT id FROM inbox_events WHERE parked_at IS NOT NULL');
    await expect
      .poll(async () => (await parked()).map(({ id }) => id).toSorted(), { timeout: 15_000, interval: 20 })
      .toEqual(poison.toSorted());
  } finally {
    for (const process of processes) await process.kill();
  }
}

const property = (world: World, numRuns: number) =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), (steps) => play(world, steps)),
    { numRuns, seed: SEED, endOnFailure: true },
  );

describe(`outbox: every event has its effect exactly once and in order, and poison is parked alone, whatever dies (SEED=${SEED})`, () => {
  const lifecycle = new AsyncDisposableStack();
  afterAll(() => lifecycle.disposeAsync());

  it('embedded', { timeout: 120_000 }, async () => {
    const client = await embeddedClient(lifecycle);
    const start = () =>
      startProcess(client, async (metrics, stack) => new MemoryEventBus({ metrics, lifecycle: stack }));
    await property({ client, start, amnesia: async () => {} }, 6);
  });

  const both = REDIS_TEST_URL && POSTGRES_TEST_URL;
  const title = both ? 'distributed' : 'distributed [SKIPPED: set REDIS_TEST_URL and POSTGRES_TEST_URL to run it]';
  describe.skipIf(!both)(title, () => {
    let world: World;
    beforeAll(async () => {
      const schema = await postgresSchema(lifecycle);
      const prefix = testPrefix(lifecycle);
      const gods = await connectTestRedis(lifecycle, prefix);
      const client = schema.connect();
      const start = () =>
        startProcess(client, async (metrics, stack) => {
          const redis = await connectTestRedis(stack, prefix);
          const options = { redis, log: silentLog, metrics, lifecycle: stack };
          return new RedisEventBus({ ...options, leases: new RedisLeases(options), leaseMs: 300 });
        });
      world = { client, start, amnesia: () => forget(gods) };
    });

    it('with relays and consumers in two processes', { timeout: 180_000 }, async () => {
      await property(world, 4);
    });
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Prisma, PrismaClient } from '#prisma/memory/client/client.ts';
import { type Config, loadConfig } from '../../base/config/config.ts';
import { CodedError } from '../../base/errors/errors.ts';
import { MemoryTopics } from '../../realtime/topics/memory-topics.ts';
import { openDatabase } from '../database/database.ts';
import { migratePostgres } from '../database/migrate-postgres.ts';
import { createTestDatabase, POSTGRES_TEST_URL } from '../database/testing/test-database.ts';
import type { SqlClient } from '../outbox/outbox.ts';
import { ParkedWork } from '../parked-work.ts';
import { jobsEnded } from '../testing/background-work.ts';
import { JobRunner, type JobRunnerOptions } from './job-runner.ts';
import { type JobHandler, JobRefused } from './jobs.ts';

type Tx = Prisma.TransactionClient;

/** The server on which the second half runs; its user may create databases and roles. */

const log = pino({ level: 'silent' });

describe('on the embedded database', () =>
  jobTests(async (lifecycle) => {
    const directory = await mkdtemp(path.join(tmpdir(), 'jobs-'));
    lifecycle.defer(() => rm(directory, { recursive: true, force: true }));
    return loadConfig({ SEXTANT_DIR: directory, EMBEDDED_FSYNC: 'false', LOG_LEVEL: 'silent' });
  }));

const skipped = POSTGRES_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';
describe.skipIf(!POSTGRES_TEST_URL)(`on Postgres${skipped}`, () =>
  jobTests(async (lifecycle) => {
    const { url } = lifecycle.use(await createTestDatabase());
    const config = loadConfig({
      DATABASE_URL: url,
      JWT_SECRET: 'a secret for tests that has more than 32 characters',
      LOG_LEVEL: 'silent',
    });
    await migratePostgres(config, url);
    return config;
  }),
);

/** A client that notes what is asked outside of transactions. */
function counted(client: PrismaClient): { client: SqlClient<Tx>; statements: string[] } {
  const statements: string[] = [];
  return {
    statements,
    client: {
      $executeRawUnsafe: (sql, ...values) => {
        statements.push(sql);
        return client.$executeRawUnsafe(sql, ...values);
      },
      $queryRawUnsafe: (sql, ...values) => {
        statements.push(sql);
        return client.$queryRawUnsafe(sql, ...values);
      },
      $transaction: (work, options) => client.$transaction(work, options),
    },
  };
}

function jobTests(prepare: (lifecycle: AsyncDisposableStack) => Promise<Config>): void {
  const lifecycle = new AsyncDisposableStack();
  const runners: JobRunner<Tx>[] = [];
  let client: PrismaClient;

  beforeAll(async () => {
    const database = lifecycle.use(await openDatabase(await prepare(lifecycle), log));
    client = await database.client('memory', PrismaClient);
  });
  afterAll(() => lifecycle.disposeAsync());
  beforeEach(async () => {
    await client.job.deleteMany();
    await client.context.deleteMany();
  });
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner[Symbol.asyncDispose]();
  });

  function runner(
    handlers: Record<string, JobHandler<Tx>>,
    options: Partial<JobRunnerOptions> = {},
    on: SqlClient<Tx> = client,
  ): JobRunner<Tx> {
    const made = new JobRunner<Tx>(on, {
      owner: 'memory',
      log,
      metrics: new Registry(),
      lookMs: 600_000,
      backoffMs: 20,
      ...options,
    });
    for (const [kind, handler] of Object.entries(handlers)) made.handle(kind, handler);
    runners.push(made);
    made.start();
    return made;
  }

  const enqueue = (jobs: JobRunner<Tx>, kind: string, payload: string | number, key?: string) =>
    client.$transaction((tx) => jobs.enqueue(tx, kind, payload, { key }));

  /** The effect of a job on the owner's tables: a row that exists once or not at all. */
  const leaveMark = (key: string) => async (tx: Tx) => {
    await tx.context.create({ data: { id: crypto.randomUUID(), scope: 'test', key, value: 1 } });
  };
  const marks = async () => (await client.context.findMany({ orderBy: { key: 'asc' } })).map((row) => row.key);

  describe('a job', () => {
    /** Queues a job of a user. */
    const queue = (jobs: JobRunner<Tx>, userId: string, payload: string) =>
      client.$transaction((tx) => jobs.enqueue(tx, 'page', payload, { userId }));

    it('of a user who has queued forty wait for their turn: another one’s is next', async () => {
      const order: string[] = [];
      const gate = Promise.withResolvers<void>();
      const jobs = runner(
        {
          page: {
            run: async (payload) => {
              order.push(String(payload));
              await gate.promise;
            },
          },
        },
        { concurrency: 1 },
      );
      for (let page = 0; page < 40; page++) await queue(jobs, 'bob', `bob ${page}`);
      await expect.poll(() => order.length).toBe(1);
      // On both sides of bob in the order of ids, and work of no user.
      await queue(jobs, 'alice', 'alice');
      await queue(jobs, 'carol', 'carol');
      await queue(jobs, '', 'cleanup');
      gate.resolve();
      await jobsEnded(client);
      expect(order).toHaveLength(43);
      for (const other of ['alice', 'carol', 'cleanup']) expect(order.indexOf(other)).toBeLessThan(5);
      // Each user's own keep their order.
      expect(order.filter((one) => one.startsWith('bob'))).toEqual(
        Array.from({ length: 40 }, (_, page) => `bob ${page}`),
      );
    });

    it('of one user hold all places but one: the last is for another user', async () => {
      const running = new Set<string>();
      const gate = Promise.withResolvers<void>();
      const jobs = runner(
        {
          page: {
            run: async (payload) => {
              running.add(String(payload));
              if (payload !== 'alice') await gate.promise;
            },
          },
        },
        { concurrency: 3 },
      );
      for (let page = 0; page < 6; page++) await queue(jobs, 'bob', `bob ${page}`);
      await expect.poll(() => running.size).toBe(2);
      const alices = await queue(jobs, 'alice', 'alice');
      expect(await jobs.settled(alices, 10_000)).toBe('DONE');
      expect([...running].toSorted()).toEqual(['alice', 'bob 0', 'bob 1']);
      gate.resolve();
      await jobsEnded(client);
      expect(running.size).toBe(7);
    });

    it('runs if and only if the transaction that recorded it commits', async () => {
      const ran: unknown[] = [];
      const jobs = runner({ note: { run: async (payload) => void ran.push(payload) } });
      await expect(
        client.$transaction(async (tx) => {
          await jobs.enqueue(tx, 'note', 'rolled back');
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      const id = await enqueue(jobs, 'note', 'committed');
      expect(await jobs.settled(id, 5_000)).toBe('DONE');
      expect(ran).toEqual(['committed']);
    });

    it('is recorded and ended together with others, and the effect of each is its own', async () => {
      let transactions = 0;
      const counting: SqlClient<Tx> = {
        $executeRawUnsafe: (sql, ...values) => client.$executeRawUnsafe(sql, ...values),
        $queryRawUnsafe: (sql, ...values) => client.$queryRawUnsafe(sql, ...values),
        $transaction: (work, options) => {
          transactions++;
          return client.$transaction(work, options);
        },
      };
      const failures = new Map<string, number>();
      const all = ['a', 'b', 'c', 'd'];
      const started = Promise.withResolvers<void>();
      let running = 0;
      const jobs = runner(
        {
          note: {
            run: async (payload) => {
              if (++running === all.length) started.resolve();
              await started.promise;
              return async (tx) => {
                await leaveMark(String(payload))(tx);
                if (payload !== 'c' || failures.has('c')) return;
                failures.set('c', 1);
                throw new Error('the effect of one fails');
              };
            },
          },
        },
        { concurrency: 10, gatherMs: 50 },
        counting,
      );
      await client.$transaction((tx) =>
        jobs.enqueueAll(
          tx,
          'note',
          [...all, 'a'].map((payload) => ({ payload, key: payload })),
        ),
      );
      await jobsEnded(client);
      // Nothing of what failed together is left behind, and each happened once.
      expect(await marks()).toEqual(all);
      const together = transactions;
      failures.set('c', 1);
      running = 0;
      await client.$transaction((tx) =>
        jobs.enqueueAll(
          tx,
          'note',
          ['e', 'f', 'g', 'h'].map((payload) => ({ payload })),
        ),
      );
      await jobsEnded(client);
      expect(await marks()).toEqual([...all, 'e', 'f', 'g', 'h']);
      expect(transactions - together).toBeLessThan(4);
    });

    it('is claimed with others by one statement, as many as there are places', async () => {
      const { client: counting, statements } = counted(client);
      const gate = Promise.withResolvers<void>();
      const running: unknown[] = [];
      const jobs = runner(
        {
          page: {
            async run(payload) {
              running.push(payload);
              await gate.promise;
            },
          },
        },
        { concurrency: 4 },
        counting,
      );
      await jobsEnded(client);
      statements.length = 0;
      await client.$transaction(async (tx) => {
        for (const user of ['anna', 'bob', 'carol', 'dora']) await jobs.enqueue(tx, 'page', user, { userId: user });
      });
      await expect.poll(() => running).toEqual(['anna', 'bob', 'carol', 'dora']);
      // One more where a look was under way.
      expect(statements.filter((sql) => sql.includes('SKIP LOCKED')).length).toBeLessThan(3);
      gate.resolve();
      await jobsEnded(client);
    });

    it('is begun by a process that has a place free when the one that recorded it has none', async () => {
      const topics = new MemoryTopics({ log, metrics: new Registry() });
      const gate = Promise.withResolvers<void>();
      const ran: string[] = [];
      const handlers = (name: string): Record<string, JobHandler<Tx>> => ({
        wait: { run: () => gate.promise },
        note: { run: async () => void ran.push(name) },
      });
      const busy = runner({ ...handlers('busy') }, { concurrency: 1, topics });
      await enqueue(busy, 'wait', 1);
      await expect.poll(async () => (await client.job.findFirst())?.state).toBe('RUNNING');
      runner({ note: handlers('free')['note']! }, { concurrency: 1, topics });
      await sleep(100);
      const id = await enqueue(busy, 'note', 2);
      expect(await busy.settled(id, 10_000)).toBe('DONE');
      expect(ran).toEqual(['free']);
      gate.resolve();
    });

    it('of a hundred and two runners: each job takes effect once', async () => {
      const handler: JobHandler<Tx> = { run: async (payload) => leaveMark(String(payload)) };
      const [one] = [runner({ mark: handler }), runner({ mark: handler })];
      await client.$transaction(async (tx) => {
        for (let i = 0; i < 100; i++) await one.enqueue(tx, 'mark', 1000 + i);
      });
      await jobsEnded(client);
      expect(await marks()).toEqual(Array.from({ length: 100 }, (_, i) => String(1000 + i)));
    });

    it('that fails is tried again, then parked with its reason, and can be given another round', async () => {
      let failing = true;
      const attempts: number[] = [];
      const jobs = runner(
        {
          flaky: {
            attempts: 3,
            run: async (_, { attempt }) => {
              attempts.push(attempt);
              if (failing) throw new Error('out of luck');
            },
            parked: async (payload, problem, tx) => leaveMark(`${payload}: ${problem}`)(tx),
          },
        },
        { lookMs: 50 },
      );
      const id = await enqueue(jobs, 'flaky', 'p');
      expect(await jobs.settled(id, 5_000)).toBe('PARKED');
      expect(attempts).toEqual([1, 2, 3]);
      expect(await jobs.get(id)).toMatchObject({ problem: 'out of luck', attempts: 3 });
      expect(await marks()).toEqual(['p: out of luck']);
      expect(await jobs.counts()).toEqual([{ kind: 'flaky', state: 'PARKED', count: 1 }]);
      const parked = new ParkedWork(client);
      expect(await parked.list(10)).toEqual([
        { id, of: 'JOB', kind: 'flaky', attempts: 3, problem: 'out of luck', parkedAt: expect.any(Date) },
      ]);
      failing = false;
      expect(await parked.retry(id)).toBe(true);
      expect(await parked.retry(crypto.randomUUID())).toBe(false);
      await expect.poll(async () => (await jobs.get(id))?.state).toBe('DONE');
      expect(await parked.list(10)).toEqual([]);
    });

    it('that needs what is away waits for it without using up its attempts, and none of its kind is begun meanwhile', async () => {
      let isAway = true;
      let tried = 0;
      const done: unknown[] = [];
      const jobs = runner(
        {
          embed: {
            attempts: 2,
            run: async (payload) => {
              if (isAway) {
                tried++;
                throw new CodedError('SERVICE_UNAVAILABLE', 'Weaviate cannot be reached.');
              }
              done.push(payload);
            },
          },
          other: { run: async (payload) => void done.push(payload) },
        },
        { awayMs: 100, concurrency: 2 },
      );
      for (let n = 0; n < 20; n++) await enqueue(jobs, 'embed', n);
      await expect.poll(() => tried, { timeout: 20_000 }).toBeGreaterThan(4);
      await enqueue(jobs, 'other', 'other');
      await expect.poll(() => done, { timeout: 10_000 }).toEqual(['other']);
      // Two places, and pauses of 100 ms and more: twenty waiting jobs are not twenty tries.
      const waiting = await client.job.findMany({ where: { kind: 'embed' } });
      expect(waiting.every(({ state, attempts }) => state !== 'PARKED' && attempts <= 1)).toBe(true);
      isAway = false;
      // A machine that was slow meanwhile has made the pauses long.
      await expect.poll(() => done.length, { timeout: 90_000 }).toBe(21);
      expect(await client.job.count({ where: { state: 'PARKED' } })).toBe(0);
    }, 120_000);

    it('that waits for what was away is begun though a look for another one stood before it', async () => {
      const done: unknown[] = [];
      let isAway = true;
      const jobs = runner(
        {
          embed: {
            run: async (payload) => {
              if (isAway) {
                isAway = false;
                // Due while the kind still rests: that look finds nothing that may be begun.
                const runAfter = new Date(Date.now() + 60);
                await client.$transaction((tx) => jobs.enqueue(tx, 'embed', 'second', { runAfter }));
                throw new CodedError('SERVICE_UNAVAILABLE', 'Weaviate cannot be reached.');
              }
              done.push(payload);
            },
          },
        },
        { awayMs: 400, concurrency: 1 },
      );
      await enqueue(jobs, 'embed', 'first');
      await expect.poll(() => done.toSorted(), { timeout: 10_000 }).toEqual(['first', 'second']);
    });

    it('that is parked and has a key: two administrators try it again at once, and one of its key waits', async () => {
      const refusing: JobHandler<Tx> = {
        run: async () => {
          throw new JobRefused('never');
        },
      };
      const jobs = runner({ keyed: refusing });
      const first = await enqueue(jobs, 'keyed', 1, 'k');
      expect(await jobs.settled(first, 5_000)).toBe('PARKED');
      const second = await enqueue(jobs, 'keyed', 1, 'k');
      expect(await jobs.settled(second, 5_000)).toBe('PARKED');
      await jobs[Symbol.asyncDispose]();
      const [ada, bob] = [new ParkedWork(client), new ParkedWork(client)];
      const retried = await Promise.all([ada, bob].flatMap((by) => [by.retry(first), by.retry(second)]));
      expect(retried.filter(Boolean)).toHaveLength(2);
      expect(await ada.list(10)).toEqual([]);
      expect(await client.job.findMany()).toMatchObject([{ key: 'k', state: 'WAITING', attempts: 0, payload: 1 }]);
    });

    it('that is parked is given up for good when a person drops it, and what runs is not', async () => {
      const gate = Promise.withResolvers<void>();
      const jobs = runner({
        hopeless: {
          run: async () => {
            throw new JobRefused('never');
          },
        },
        wait: { run: () => gate.promise },
      });
      const id = await enqueue(jobs, 'hopeless', 1);
      expect(await jobs.settled(id, 5_000)).toBe('PARKED');
      const running = await enqueue(jobs, 'wait', 2);
      await expect.poll(async () => (await jobs.get(running))?.state).toBe('RUNNING');
      const parked = new ParkedWork(client);
      expect([await parked.drop(id), await parked.drop(id), await parked.drop(running)]).toEqual([true, false, false]);
      expect(await jobs.get(id)).toBeUndefined();
      expect(await parked.drop('not an id')).toBe(false);
      gate.resolve();
    });

    it('whose handler refuses it is parked at once', async () => {
      let attempts = 0;
      const jobs = runner({
        hopeless: {
          run: async () => {
            attempts++;
            throw new JobRefused('never');
          },
        },
      });
      expect(await jobs.settled(await enqueue(jobs, 'hopeless', 1), 5_000)).toBe('PARKED');
      expect(attempts).toBe(1);
    });

    it('whose effect fails leaves nothing of it and is tried again', async () => {
      let attempt = 0;
      const jobs = runner({
        half: {
          run: async () => async (tx) => {
            await leaveMark('half')(tx);
            if (++attempt === 1) throw new Error('broken off');
          },
        },
      });
      expect(await jobs.settled(await enqueue(jobs, 'half', 1), 5_000)).toBe('DONE');
      expect(attempt).toBe(2);
      expect(await marks()).toEqual(['half']);
    });

    it('does not run before its time', async () => {
      const jobs = runner({ later: { run: async () => {} } });
      const id = await client.$transaction((tx) =>
        jobs.enqueue(tx, 'later', 1, { runAfter: new Date(Date.now() + 400) }),
      );
      expect(await jobs.settled(id, 200)).toBe('WAITING');
      expect(await jobs.settled(id, 5_000)).toBe('DONE');
    });
  });

  describe('jobs of one key', () => {
    it('wait once, and one that comes while another runs is run after it, never beside it', async () => {
      let inside = 0;
      let most = 0;
      const { promise: gate, resolve: open } = Promise.withResolvers<void>();
      const jobs = runner({
        turn: {
          run: async () => {
            most = Math.max(most, ++inside);
            await gate;
            inside--;
          },
        },
      });
      const first = await enqueue(jobs, 'turn', 1, 'k');
      while (inside === 0) await sleep(10);
      const second = await enqueue(jobs, 'turn', 1, 'k');
      expect(second).not.toBe(first);
      expect(await enqueue(jobs, 'turn', 1, 'k')).toBe(second);
      await sleep(100);
      open();
      expect(await jobs.settled(second, 5_000)).toBe('DONE');
      expect(most).toBe(1);
    });

    it('a failed one gives way to the one that waits', async () => {
      let runs = 0;
      const { promise: gate, resolve: open } = Promise.withResolvers<void>();
      const jobs = runner({
        turn: {
          run: async () => {
            if (++runs > 1) return;
            await gate;
            throw new Error('first fails');
          },
        },
      });
      const first = await enqueue(jobs, 'turn', 1, 'k');
      while (runs === 0) await sleep(10);
      const second = await enqueue(jobs, 'turn', 1, 'k');
      open();
      expect(await jobs.settled(first, 5_000)).toBe('DONE');
      expect(await jobs.settled(second, 5_000)).toBe('DONE');
      expect(runs).toBe(2);
    });
  });

  describe('a runner', () => {
    it('that lost its lease writes nothing; the job takes effect once, by the process that took over', async () => {
      const { promise: gate, resolve: open } = Promise.withResolvers<void>();
      const handler = (name: string, wait?: Promise<void>): JobHandler<Tx> => ({
        run: async () => {
          await wait;
          return leaveMark(name);
        },
      });
      // One that seems dead: it never renews within the test, and its lease is over at once.
      const slow = runner({ mark: handler('slow', gate) }, { leaseMs: 60_000, concurrency: 1 });
      const id = await enqueue(slow, 'mark', 1);
      while ((await slow.get(id))?.state !== 'RUNNING') await sleep(10);
      await client.$executeRawUnsafe(`UPDATE jobs SET lease_until = now() - interval '1 second'`);
      const fast = runner({ mark: handler('fast') });
      expect(await fast.settled(id, 5_000)).toBe('DONE');
      open();
      await slow[Symbol.asyncDispose]();
      expect(await marks()).toEqual(['fast']);
    });

    it('keeps a long job as its own', async () => {
      let runs = 0;
      const handler: JobHandler<Tx> = {
        run: async () => {
          runs++;
          await sleep(1_500);
        },
      };
      const jobs = runner({ long: handler }, { leaseMs: 500 });
      runner({ long: handler }, { leaseMs: 500 });
      expect(await jobs.settled(await enqueue(jobs, 'long', 1), 5_000)).toBe('DONE');
      expect(runs).toBe(1);
    });

    it('that shuts down gives its jobs back, and the attempt does not count', async () => {
      const first = runner({
        long: { run: (_, { signal }) => sleep(60_000, undefined, { signal }) },
      });
      const id = await enqueue(first, 'long', 1);
      while ((await first.get(id))?.state !== 'RUNNING') await sleep(10);
      await first[Symbol.asyncDispose]();
      expect(await first.get(id)).toMatchObject({ state: 'WAITING', attempts: 0 });
      const second = runner({ long: { run: async () => {} } });
      expect(await second.settled(id, 5_000)).toBe('DONE');
    });

    it('with the database to itself goes on at once with what a killed one left', async () => {
      await client.job.create({
        data: {
          id: crypto.randomUUID(),
          kind: 'left',
          payload: 1,
          state: 'RUNNING',
          attempts: 1,
          lease: crypto.randomUUID(),
          leaseUntil: new Date(Date.now() + 60_000),
        },
      });
      runner({ left: { run: async () => leaveMark('left') } }, { exclusive: true });
      await jobsEnded(client);
      expect(await marks()).toEqual(['left']);
    });

    it('parks a job that ended its process every time', async () => {
      const id = crypto.randomUUID();
      await client.job.create({
        data: {
          id,
          kind: 'deadly',
          payload: 1,
          state: 'RUNNING',
          attempts: 5,
          lease: crypto.randomUUID(),
          leaseUntil: new Date(0),
        },
      });
      const jobs = runner({ deadly: { run: async () => leaveMark('ran') } });
      expect(await jobs.settled(id, 5_000)).toBe('PARKED');
      expect(await marks()).toEqual([]);
    });

    it('notes progress', async () => {
      const { promise: gate, resolve: open } = Promise.withResolvers<void>();
      const jobs = runner({
        steps: {
          run: async (_, { progress }) => {
            progress(3, 10);
            await gate;
          },
        },
      });
      const id = await enqueue(jobs, 'steps', 1);
      await expect.poll(async () => (await jobs.get(id))?.done).toBe(3);
      expect(await jobs.get(id)).toMatchObject({ total: 10, state: 'RUNNING' });
      open();
      expect(await jobs.settled(id, 5_000)).toBe('DONE');
    });
  });
}

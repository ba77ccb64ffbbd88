import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '#platform/data/database/testing/test-database.ts';
import { TestUser } from './testing/client.ts';
import { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from './testing/postgres.ts';
import { type RunningGraph, runToEnd, startDistributed } from './testing/sextant.ts';

const JWT_SECRET = 'a secret for tests that has more than 32 characters';
const ADMIN = { email: 'admin@example.org', password: 'a star above the horizon' };
const LIST = '{ parkedWork { unreachable nodes { id subgraph type kind attempts problem } } }';
const change = (name: string) =>
  `mutation($ids: [ID!]!) { ${name}ParkedWork(input: { ids: $ids }) { ids unreachable } }`;

interface Listed {
  readonly parkedWork: { readonly unreachable: string[]; readonly nodes: { id: string; subgraph: string }[] };
}

describe.skipIf(DISTRIBUTED_SKIPPED)(`work that failed too often${DISTRIBUTED_SKIPPED}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let graph: RunningGraph;
  let admin: TestUser;
  let client: pg.Client;
  let url: string;

  beforeAll(async () => {
    const postgres = lifecycle.use(await createTestDatabase());
    url = postgres.url;
    graph = lifecycle.use(
      await startDistributed(
        { postgres, redisUrl: REDIS_TEST_URL! },
        { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password, JWT_SECRET },
      ),
    );
    admin = new TestUser(graph.url, ADMIN.email, ADMIN.password);
    await admin.signIn();
    client = new pg.Client({ connectionString: url });
    await client.connect();
    lifecycle.defer(() => client.end());
  }, 120_000);
  afterAll(() => lifecycle.disposeAsync(), 60_000);

  const parkJob = async () => {
    const id = uuidv7();
    await client.query(
      `INSERT INTO memory.jobs (id, kind, payload, state, attempts, problem, finished_at)
       VALUES ($1, 'remove-user', '{"userId":"unknown"}', 'PARKED', 5, 'the index was away', now())`,
      [id],
    );
    return id;
  };
  const parkEvent = async () => {
    const id = uuidv7();
    const payload = { userId: 'unknown', at: new Date().toISOString() };
    const event = { id, type: 'user.deleted', version: 1, owner: 'auth', aggregate: 'user:unknown', payload };
    await client.query(
      `INSERT INTO analytics.inbox_events (id, type, parked_at, attempts, problem, event)
       VALUES ($1, 'user.deleted', now(), 5, 'Error: cannot be', $2)`,
      [id, JSON.stringify({ ...event, recordedAt: new Date() })],
    );
    return id;
  };
  const stateOf = async (id: string) => {
    const { rows } = await client.query<{ state: string }>('SELECT state FROM memory.jobs WHERE id = $1', [id]);
    return rows[0]?.state;
  };
  const listed = async () => (await admin.send<Listed, object>(LIST)).data!.parkedWork;

  it('of all subgraphs is listed, tried again and dropped by an administrator, and the audit log says so', async () => {
    const [job, event, given] = [await parkJob(), await parkEvent(), await parkEvent()];
    const parked = await listed();
    expect(parked.unreachable).toEqual([]);
    expect(parked.nodes).toEqual(
      expect.arrayContaining([
        { id: job, subgraph: 'memory', type: 'JOB', kind: 'remove-user', attempts: 5, problem: 'the index was away' },
        {
          id: event,
          subgraph: 'analytics',
          type: 'EVENT',
          kind: 'user.deleted',
          attempts: 5,
          problem: 'Error: cannot be',
        },
      ]),
    );
    const retried = await admin.send<{ retryParkedWork: { ids: string[] } }, object>(change('retry'), {
      ids: [job, event, uuidv7(), 'no id'],
    });
    expect(retried.data!.retryParkedWork.ids.toSorted()).toEqual([job, event].toSorted());
    await expect.poll(() => stateOf(job), { timeout: 15_000 }).toBe('DONE');
    const dropped = await admin.send<{ dropParkedWork: { ids: string[] } }, object>(change('drop'), { ids: [given] });
    expect(dropped.data!.dropParkedWork.ids).toEqual([given]);
    await expect.poll(async () => (await listed()).nodes, { timeout: 15_000 }).toEqual([]);
    const audit = await admin.send<{ auditEvents: { nodes: { details: object }[] } }, object>(
      '{ auditEvents(filter: { types: [AUTHZ_ADMIN] }) { nodes { details } } }',
    );
    expect(audit.data!.auditEvents.nodes.map(({ details }) => details)).toEqual(
      expect.arrayContaining([{ what: 'parked work: drop', ids: [given] }]),
    );
  }, 60_000);

  it('is on the command line too, beside running processes', async () => {
    const [job, event] = [await parkJob(), await parkEvent()];
    const run = (...args: string[]) => runToEnd(['parked', ...args], { DATABASE_URL: url, JWT_SECRET });
    const lines = (await run('list')).trim().split('\n');
    expect(lines.map((line) => line.split('\t').slice(0, 4))).toEqual(
      expect.arrayContaining([
        [job, 'memory', 'job', 'remove-user'],
        [event, 'analytics', 'event', 'user.deleted'],
      ]),
    );
    expect(await run('drop', event)).toContain('1 dropped');
    await expect(run('retry', event)).rejects.toThrow('Nothing is parked under');
    await run('retry', 'all');
    await expect.poll(() => stateOf(job), { timeout: 40_000 }).toBe('DONE');
    // Events that are to be tried again are listed until a process has looked, which takes a minute at most.
    for (const line of (await run('list')).trim().split('\n')) expect(line).toMatch(/\t0 attempts\t|Nothing is parked/);
  }, 90_000);

  it('is all dropped by `all`, however much it is', async () => {
    await client.query(
      `INSERT INTO analytics.inbox_events (id, type, parked_at, attempts, problem, event)
       SELECT gen_random_uuid(), 'user.deleted', now(), 5, 'Error: cannot be', '{}' FROM generate_series(1, 2300)`,
    );
    const run = (...args: string[]) => runToEnd(['parked', ...args], { DATABASE_URL: url, JWT_SECRET });
    expect((await run('list')).trim().split('\n').length).toBeGreaterThanOrEqual(2_300);
    expect(Number.parseInt(await run('drop', 'all'), 10)).toBeGreaterThanOrEqual(2_300);
    expect(await run('list')).toContain('Nothing is parked');
  }, 60_000);

  it('is for administrators alone to see and to change', async () => {
    const user = await TestUser.signUp(graph.url);
    for (const query of [LIST, change('retry')]) {
      const { errors } = await user.send(query, query === LIST ? {} : { ids: [uuidv7()] });
      expect(errors![0]!.extensions!['code']).toBe('FORBIDDEN');
    }
    for (const subgraph of ['memory', 'analytics']) {
      const response = await fetch(`${graph.url}/_/${subgraph}/parked`, {
        headers: { authorization: `Bearer ${admin.accessToken}` },
      });
      expect(response.status).toBe(401);
    }
  });

  it('of a subgraph that is down is missing, which is said, and the rest is there', async () => {
    const event = await parkEvent();
    await graph.processes.get('memory')!.kill();
    const parked = await listed();
    expect(parked.unreachable).toEqual(['memory']);
    expect(parked.nodes.map(({ id }) => id)).toContain(event);
    const dropped = await admin.send<{ dropParkedWork: object }, object>(change('drop'), { ids: [event, uuidv7()] });
    expect(dropped.data!.dropParkedWork).toEqual({ ids: [event], unreachable: ['memory'] });
  }, 60_000);
});

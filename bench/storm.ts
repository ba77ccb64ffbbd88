/**
 * 2,000 clients (or as many as the argument says: `npm run bench -- storm 20000`) who were all dropped at once come
 * back, each with a subscription to a conversation's events: gateway and subgraphs as processes of their own, on
 * Postgres and Redis, and the clients in some of their own. With a second argument the processes are those of the
 * bundle, and the gateway and chat have the settings of the image and that many MB of memory each (`npm run bench --
 * storm 20000 512`; needs the rights to make a cgroup). A third says how many processes of each there are, at most two
 * (`storm 20000 512 2`): clients take turns between the gateways.
 *
 * Says how long it takes until all have the first event again, what it costs the database (queries that were running at
 * a time, transactions a client) and in memory, and how long other people's requests waited meanwhile.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { bundle } from '../cli/bundle.ts';
import { Load } from '../tests/testing/load.ts';
import { SERVERS_SKIPPED, startPostgres, startRedis } from '../tests/testing/servers.ts';
import { startDistributed } from '../tests/testing/sextant.ts';
import { stormPeople } from './faults/storm.ts';
import { Held } from './held/held.ts';
import { median, percentile } from './statistics.ts';
import { peakOf } from './weight/process-memory.ts';

const CLIENTS = Number(process.argv[3] ?? 2_000);
const MEGABYTES = process.argv[4] === undefined ? undefined : Number(process.argv[4]);
const REPLICAS = Number(process.argv[5] ?? 1);
/** The processes that hold what the clients subscribe to. */
const HOLDERS = REPLICAS > 1 ? ['gateway', 'chat', 'gateway-2', 'chat-2'] : ['gateway', 'chat'];
/** What one process of clients has: each is an open file, of which a process may have some ten thousand. */
const CLIENTS_PER_PROCESS = 5_000;
const LOOKS_PER_SECOND = 10;
const LOOK_EVERY_MS = 50;

/** The most queries that ran at a time, from now to `stop`. */
function watchDatabase(client: pg.Client) {
  let most = 0;
  let open = true;
  const active = async (): Promise<void> => {
    while (open) {
      const { rows } = await client.query<{ count: string }>(
        `SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
      );
      most = Math.max(most, Number(rows[0]!.count));
      await sleep(LOOK_EVERY_MS);
    }
  };
  const running = active();
  return async (): Promise<number> => {
    open = false;
    await running;
    return most;
  };
}

async function transactions(client: pg.Client): Promise<number> {
  await sleep(1_500); // statistics are handed in once a second
  const { rows } = await client.query<{ sum: string }>('SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database');
  return Number(rows[0]!.sum);
}

async function storm(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres());
  const redis = stack.use(await startRedis());
  const held = new Map<string, Held>();
  if (MEGABYTES !== undefined) {
    const dist = await mkdtemp(path.join(os.tmpdir(), 'bench-storm-'));
    stack.defer(() => rm(dist, { recursive: true }));
    await bundle(dist);
    process.env['SEXTANT_TEST_PROGRAM'] = path.join(dist, 'cli', 'sextant.js');
    for (const name of HOLDERS) held.set(name, stack.use(await Held.make(MEGABYTES, name)));
  }
  const graph = stack.use(
    await startDistributed(
      {
        postgres,
        redisUrl: redis.url,
        settingsOf: (name) => held.get(name)?.settings ?? {},
        doubled: REPLICAS > 1 ? ['chat'] : [],
        gateways: REPLICAS > 1 ? 2 : 1,
      },
      {
        WS_MAX_SOCKETS_ADDRESS: '100000',
        WS_MAX_SOCKETS_IDENTITY: '100000',
        RATE_LIMIT_IDENTITY: '0',
        RATE_LIMIT_ADDRESS: '0',
        LOGINS_PER_MINUTE: '1000',
      },
    ),
  );
  const pidOf = (name: string): number => graph.processes.get(name)!.pid;
  const [{ user, conversationId }] = (await stormPeople(graph.url, 1)) as [
    Awaited<ReturnType<typeof stormPeople>>[number],
  ];
  const database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  stack.defer(() => database.end());

  const urls = HOLDERS.filter((name) => name.startsWith('gateway')).map((name) => graph.processes.get(name)!.url);
  const processes = Math.ceil(CLIENTS / CLIENTS_PER_PROCESS);
  const program = path.join(import.meta.dirname, 'faults/storm-clients.ts');
  const clients = Array.from({ length: processes }, (_, i) =>
    fork(program, [urls.join(), String(Math.floor((CLIENTS + i) / processes))]),
  );
  await Promise.all(clients.map((some) => once(some, 'message')));
  const before = await transactions(database);
  const watched = watchDatabase(database);
  const back = Promise.all(clients.map((some) => once(some, 'message') as Promise<[{ seconds: number }]>));
  using load = new Load(LOOKS_PER_SECOND, () =>
    user.send('query ($c: ID!) { me { id } conversation(id: $c) { id } }', { c: conversationId }),
  );
  for (const some of clients) some.send('go');
  const seconds = Math.max(...(await back).map(([told]) => told.seconds));
  const most = await watched();
  const looks = await load.stop();
  const spent = (await transactions(database)) - before - looks.length;
  const peaks = HOLDERS.map((name) => `${name}-peak=${Math.round(peakOf(pidOf(name)))}MB`);

  const waits = looks.map(({ ms }) => ms);
  console.log(
    `BENCH storm value=${seconds.toFixed(2)} unit=s clients=${CLIENTS} queries-at-a-time=${most} transactions-a-client=${(spent / CLIENTS).toFixed(1)} ${peaks.join(' ')}`,
  );
  console.log(
    `BENCH storm-others value=${Math.round(median(waits))} unit=ms p95=${Math.round(percentile(waits, 0.95))}ms longest=${Math.round(Math.max(...waits))}ms failed=${looks.filter(({ answer }) => !answer || answer.errors).length}`,
  );
}

console.log(`${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.cpus().length} cores, Node ${process.version}`);
if (SERVERS_SKIPPED) console.log(`storm${SERVERS_SKIPPED}`);
else await storm();

/**
 * 2,000 clients (or as many as the argument says: `npm run bench -- storm 10000`) who were all dropped at once come
 * back, each with a subscription to a conversation's events: gateway and subgraphs as processes of their own, on
 * Postgres and Redis.
 *
 * Says how long it takes until all have the first event again, what it costs the database (queries that were running at
 * a time, transactions a client), and how long other people's requests waited meanwhile.
 */
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { WebSocket } from 'ws';
import { Load } from '../tests/testing/load.ts';
import { SERVERS_SKIPPED, startPostgres, startRedis } from '../tests/testing/servers.ts';
import { startDistributed } from '../tests/testing/sextant.ts';
import { followPatiently, stormPeople } from './faults/storm.ts';
import { median } from './statistics.ts';

const CLIENTS = Number(process.argv[3] ?? 2_000);
const USERS = 40;
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
  const graph = stack.use(
    await startDistributed(
      { postgres, redisUrl: redis.url },
      {
        WS_MAX_SOCKETS_ADDRESS: '100000',
        RATE_LIMIT_IDENTITY: '0',
        RATE_LIMIT_ADDRESS: '0',
        LOGINS_PER_MINUTE: '1000',
      },
    ),
  );
  const people = await stormPeople(graph.url, USERS);
  const clients = Array.from({ length: CLIENTS }, (_, i) => people[i % USERS]!);
  const followAll = async (): Promise<WebSocket[]> => Promise.all(clients.map(followPatiently));

  const database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  stack.defer(() => database.end());
  const first = await followAll();
  const before = await transactions(database);
  const watched = watchDatabase(database);
  const { user, conversationId } = people[0]!;
  using load = new Load(LOOKS_PER_SECOND, () =>
    user.send('query ($c: ID!) { me { id } conversation(id: $c) { id } }', { c: conversationId }),
  );

  const started = performance.now();
  for (const socket of first) socket.removeAllListeners('close').terminate();
  const again = await followAll();
  const seconds = (performance.now() - started) / 1000;
  const most = await watched();
  const looks = await load.stop();
  const spent = (await transactions(database)) - before - looks.length;
  for (const socket of again) socket.removeAllListeners('close').terminate();

  const waits = looks.map(({ ms }) => ms);
  console.log(
    `BENCH storm value=${seconds.toFixed(2)} unit=s clients=${CLIENTS} queries-at-a-time=${most} transactions-a-client=${(spent / CLIENTS).toFixed(1)}`,
  );
  console.log(
    `BENCH storm-others value=${Math.round(median(waits))} unit=ms longest=${Math.round(Math.max(...waits))}ms failed=${looks.filter(({ answer }) => !answer || answer.errors).length}`,
  );
}

console.log(`${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.cpus().length} cores, Node ${process.version}`);
if (SERVERS_SKIPPED) console.log(`storm${SERVERS_SKIPPED}`);
else await storm();

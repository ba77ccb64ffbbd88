/**
 * How many events a second analytics takes: calls of language models that wait in an owner's outbox are handed over by
 * its relay and counted, with embedded Postgres in one process, and as processes on Postgres and Redis with one replica
 * of analytics and with two. Every call is counted at the end, once: a sum that is not exact ends the run with an
 * error.
 *
 * `transactions_per_event` are those of the whole database, relay included, less those of the bench itself. With
 * BENCH_KILLS=5 the processes are killed so often in turns, wherever they are, and started again: the sums must be
 * exact all the same, and the other figures say nothing. EVENTS_PROFILE names a folder for a CPU profile of each
 * process.
 *
 * `npm run bench -- events [events] [embedded|distributed]`; distributed needs POSTGRES_TEST_URL and REDIS_TEST_URL.
 */
import { DISTRIBUTED_SKIPPED } from '../tests/testing/postgres.ts';
import { measureDistributed } from './events/distributed.ts';
import { measureEmbedded } from './events/embedded.ts';
import type { Figures } from './events/follow.ts';

const given = process.argv.slice(3);
const events = Number(given.find((one) => /^\d+$/.test(one)) ?? 50_000);
const kills = Number(process.env.BENCH_KILLS ?? 0);
const only = given.find((one) => /^[a-z]+$/.test(one));

const print = (name: string, figures: Figures): void =>
  console.log(
    `BENCH events-${name} per_s=${figures.perSecond.toFixed(0)} ` +
      (figures.replicas === undefined ? '' : `replicas=${figures.replicas} `) +
      (kills === 0 ? '' : `kills=${kills} `) +
      `transactions_per_event=${figures.transactionsPerEvent.toFixed(3)} events=${events} exact=true ` +
      Object.entries(figures.cpuMs)
        .map(([name, ms]) => `${name}_cpu_ms_per_event=${(ms / events).toFixed(3)}`)
        .join(' '),
  );

if (only !== 'distributed') print('embedded', await measureEmbedded(events));
if (only !== 'embedded') {
  if (DISTRIBUTED_SKIPPED) console.log(`events-distributed${DISTRIBUTED_SKIPPED}`);
  else
    for (const replicas of kills > 0 ? [2] : [1, 2])
      print('distributed', await measureDistributed(events, replicas, kills));
}

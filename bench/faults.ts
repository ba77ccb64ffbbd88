// `npm run faults [-- name …] [-- --store-away-s 600] [-- soak --soak-minutes 60]`: two processes of every subgraph and
// two gateways, with mutual TLS, on a Postgres, a Redis and a model provider of their own. While a frontend asks 40
// times a second and stores and forgets memories, one thing after the other goes wrong. Prints a line for each:
// `FAULT <name> requests= failed= p95_ms= lost= pass|fail`.
//
// Lines of workers (`worker-killed` …) are of a gateway for others' subgraphs with four workers, beside 2,000
// subscriptions and 500 requests a second (FAULTS_SUBSCRIPTIONS, FAULTS_REQUESTS): back_ms is the longest time until
// all subscriptions of a client that was closed go on, disturbed how many clients of other workers noticed something.
//
// Where one replica is left, at most one request of 2,000 may fail, and 95 of 100 are answered within half a second
// from the second second on, or within thrice what the machine takes while nothing is wrong. Where nothing is left that
// could answer, every failure has to say so, and to come back later. Always: what was acknowledged is there and found
// afterwards, what was forgotten is not. `lost` counts what is not so.
import { setTimeout as sleep } from 'node:timers/promises';
import { HAS_OPENSSL } from '../platform/net/http/testing/certificates.ts';
import { SERVERS_SKIPPED } from '../tests/testing/servers.ts';
import { FAULTS, type Fault } from './faults/list.ts';
import { Person } from './faults/person.ts';
import { tryWorkerFault, WORKER_FAULTS } from './faults/workers.ts';
import { World, type WorldOptions } from './faults/world.ts';
import { percentile } from './statistics.ts';

const MAX_FAILED = 1 / 2_000;
const MAX_P95_MS = 500;
/** On a busy machine: so many times what the requests take while nothing is wrong. */
const MAX_SLOWER = 3;
/** Codes that say: not the fault of the request, and it will pass. */
const PASSING = new Set<unknown>(['SUBGRAPH_UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'TIMEOUT', 'PROVIDER_UNAVAILABLE']);
/** What was away may have to be found again by processes that wait longer and longer. */
const PATIENCE_MS = 60_000;
/** Different problems that are shown of a fault. */
const MAX_PROBLEMS = 5;

async function run(world: World, person: Person, fault: Fault, usualMs: number) {
  const reads = person.read();
  const writes = person.write();
  const began = performance.now();
  let broken: unknown;
  try {
    await fault.happen(world, person);
  } catch (error) {
    broken = error;
  }
  const [asked, stored] = [await reads.stop(), await writes.stop()];
  // What is away is found out in the first second.
  const times = asked.filter(({ at }) => at - began > 1_000).map(({ ms }) => ms);
  const failed = asked.filter(({ error, answer }) => error !== undefined || answer?.errors !== undefined);
  const problems = [...asked, ...stored].flatMap(({ answer, error }) =>
    error === undefined ? (answer?.errors ?? []) : [{ message: String(error), extensions: undefined }],
  );
  const strange = problems.filter(({ extensions }) => !PASSING.has(extensions?.['code']));
  const p95 = percentile(times, 0.95);
  const lost = await person.lost(PATIENCE_MS);
  const passes =
    broken === undefined &&
    lost === 0 &&
    (fault.leaves === 'a replica'
      ? failed.length <= Math.max(1, asked.length * MAX_FAILED) && p95 <= Math.max(MAX_P95_MS, MAX_SLOWER * usualMs)
      : strange.length === 0);
  const figures = `requests=${asked.length} failed=${failed.length} p95_ms=${p95.toFixed(0)} lost=${lost}`;
  console.log(`FAULT ${fault.name} ${figures} ${passes ? 'pass' : 'fail'}`);
  if (broken !== undefined) console.log(`  ${String(broken)}`);
  if (!passes) {
    const counts = new Map<string, number>();
    for (const one of problems) counts.set(JSON.stringify(one), (counts.get(JSON.stringify(one)) ?? 0) + 1);
    const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, MAX_PROBLEMS);
    for (const [problem, count] of most) console.log(`  ${count} x ${problem}`);
  }
  return { passes, p95 };
}

/** Those of workers need nothing of the world of the others. */
async function runWorkers(given: readonly string[]): Promise<void> {
  for (const fault of WORKER_FAULTS) {
    if (given.length > 0 && !given.includes(fault.name)) continue;
    if (!(await tryWorkerFault(fault))) process.exitCode = 1;
  }
}

const NAMES = [...FAULTS, ...WORKER_FAULTS].map(({ name }) => name);
async function runWorld(options: WorldOptions, given: readonly string[]): Promise<void> {
  await using world = await World.start(options);
  const person = await Person.signUp(world);
  // What the machine takes while nothing is wrong is the measure of all others.
  let usualMs = Number.POSITIVE_INFINITY;
  for (const fault of FAULTS) {
    const isWanted = given.length > 0 ? given.includes(fault.name) || fault === FAULTS[0] : !fault.isLong;
    if (!isWanted) continue;
    const lack = fault.lacks?.(world);
    if (lack !== undefined) console.log(`FAULT ${fault.name} skipped: ${lack}`);
    else {
      const { passes, p95 } = await run(world, person, fault, usualMs);
      if (!passes) process.exitCode = 1;
      if (fault === FAULTS[0]) usualMs = p95;
    }
    await sleep(1_000);
  }
}

const given = process.argv.slice(3);
/** Takes an option with its number out of what is given. */
function numberOf(option: string, otherwise: number): number {
  const at = given.indexOf(option);
  return at < 0 ? otherwise : Number(given.splice(at, 2)[1]);
}
const options = { storeAwayS: numberOf('--store-away-s', 20), soakMinutes: numberOf('--soak-minutes', 60) };
const unknown = given.filter((name) => !NAMES.includes(name));
if (unknown.length > 0 || !(options.storeAwayS > 0) || !(options.soakMinutes > 0)) {
  console.error(`Name some of ${NAMES.join(', ')}; --store-away-s takes seconds, --soak-minutes minutes.`);
  process.exit(2);
}
await runWorkers(given);
if (given.length === 0 || FAULTS.some(({ name }) => given.includes(name))) {
  const skipped = SERVERS_SKIPPED || (HAS_OPENSSL ? '' : ' [SKIPPED: install openssl to run it]');
  if (skipped) {
    console.error(`The rest is not tried:${skipped}`);
    process.exitCode = 2;
  } else await runWorld(options, given);
}

// `npm run faults`: two processes of every subgraph and one gateway, on the servers of POSTGRES_TEST_URL and
// REDIS_TEST_URL. While a frontend asks 40 times a second, one thing after the other goes wrong. Prints a line for
// each: `FAULT <name> requests= failed= p95_ms= max_ms= pass|fail`. It passes when at most one request of 2,000 fails,
// and when 95 of 100 are answered within half a second from the second second on.
import { setTimeout as sleep } from 'node:timers/promises';
import { TestUser } from '../tests/testing/client.ts';
import { Load, type Outcome } from '../tests/testing/load.ts';
import { createTestDatabase, DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from '../tests/testing/postgres.ts';
import { type RunningGraph, SUBGRAPHS, startDistributed } from '../tests/testing/sextant.ts';
import { percentile } from './statistics.ts';

const PER_SECOND = 40;
const MAX_FAILED = 1 / 2_000;
const MAX_P95_MS = 500;
/** Reads of four subgraphs, and nothing that takes a model's time. */
const QUERY = `{
  me { id }
  conversations(first: 2) { nodes { id title } }
  memories(first: 2) { nodes { id } }
  vectorCollections(first: 2) { nodes { id } }
}`;

type Answer = Awaited<ReturnType<TestUser['send']>>;

interface Fault {
  readonly name: string;
  /** Makes it go wrong and right again; the load runs meanwhile. */
  happen(graph: RunningGraph): Promise<void>;
}

const pidOf = (graph: RunningGraph, name: string): number => graph.processes.get(name)!.pid;

async function frozen(graph: RunningGraph, name: string): Promise<void> {
  const pid = pidOf(graph, name);
  process.kill(pid, 'SIGSTOP');
  try {
    await sleep(10_000);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function killed(graph: RunningGraph, name: string): Promise<void> {
  await graph.processes.get(name)!.kill();
  await sleep(3_000);
  await graph.restart(name);
}

const FAULTS: readonly Fault[] = [
  { name: 'nothing', happen: () => sleep(5_000) },
  { name: 'chat-frozen', happen: (graph) => frozen(graph, 'chat-2') },
  { name: 'auth-frozen', happen: (graph) => frozen(graph, 'auth') },
  { name: 'chat-killed', happen: (graph) => killed(graph, 'chat') },
  { name: 'memory-killed', happen: (graph) => killed(graph, 'memory-2') },
  {
    name: 'rolling-restart',
    async happen(graph) {
      for (const name of SUBGRAPHS.flatMap((subgraph) => [subgraph, `${subgraph}-2`])) {
        await graph.processes.get(name)!.stop();
        await graph.restart(name);
      }
    },
  },
];

const hasFailed = ({ error, answer }: Outcome<Answer>): boolean => error !== undefined || answer?.errors !== undefined;

async function run(graph: RunningGraph, user: TestUser, { name, happen }: Fault): Promise<boolean> {
  const load = new Load(PER_SECOND, () => user.send(QUERY));
  const began = performance.now();
  await happen(graph);
  const outcomes = await load.stop();
  // What is away is found out in the first second.
  const later = outcomes.filter(({ at }) => at - began > 1_000).map(({ ms }) => ms);
  const failed = outcomes.filter(hasFailed);
  const p95 = percentile(later, 0.95);
  const passes = failed.length <= Math.max(1, outcomes.length * MAX_FAILED) && p95 <= MAX_P95_MS;
  const figures = `requests=${outcomes.length} failed=${failed.length} p95_ms=${p95.toFixed(0)} max_ms=${Math.max(...later).toFixed(0)}`;
  console.log(`FAULT ${name} ${figures} ${passes ? 'pass' : 'fail'}`);
  for (const { error, answer } of failed.slice(0, 3))
    console.log(`  ${JSON.stringify(answer?.errors ?? String(error))}`);
  return passes;
}

if (DISTRIBUTED_SKIPPED) {
  console.error(`Nothing is tried:${DISTRIBUTED_SKIPPED}`);
  process.exitCode = 2;
} else {
  await using postgres = await createTestDatabase();
  await using graph = await startDistributed(
    { postgres, redisUrl: REDIS_TEST_URL!, doubled: SUBGRAPHS },
    { RATE_LIMIT_IDENTITY: '0', RATE_LIMIT_ADDRESS: '0' },
  );
  const user = await TestUser.signUp(graph.url);
  await user.send(QUERY);
  const wanted = process.argv.slice(3);
  for (const fault of FAULTS) {
    if (wanted.length > 0 && !wanted.includes(fault.name)) continue;
    if (!(await run(graph, user, fault))) process.exitCode = 1;
  }
}

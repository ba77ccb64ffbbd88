import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestUser } from '../testing/client.ts';
import { type RunningGraph, startEmbedded } from '../testing/sextant.ts';
import { type Fault, Judge } from './judge.ts';
import { Random } from './random.ts';

/** What is fuzzed: the product in a process of its own, and a user who is signed in. */
export interface Target {
  readonly url: string;
  readonly user: TestUser;
}

/** One way to be hostile. */
export interface Fuzzer {
  /** Cases at a time. */
  readonly parallel: number;
  /** One case, which the random choices alone decide. Tells the judge what was sent and what came back. */
  run(target: Target, random: Random, judge: Judge): Promise<void>;
}

export interface FuzzOptions {
  readonly seed: number;
  /** The run ends after so many seconds, or cases. */
  readonly seconds: number;
  readonly cases: number;
  /** The number of the first case; a single one repeats what it did. */
  readonly from?: number;
}

export interface FuzzReport {
  readonly cases: number;
  readonly slowestHealthMs: number;
  readonly faults: readonly Fault[];
}

/** Faults after which a run ends: the first few tell enough. */
const ENOUGH = 20;

/** Nothing but the limits of the network stands between the fuzzer and the product. */
const SETTINGS = {
  NODE_ENV: 'production',
  RATE_LIMIT_ADDRESS: '0',
  RATE_LIMIT_IDENTITY: '0',
  NEW_OPERATIONS_MS: '0',
  LOGINS_PER_MINUTE: '1000000',
  SIGNUPS_PER_HOUR: '1000000',
  ACCOUNT_MAILS_PER_HOUR: '1000000',
  CHAT_SENDS_PER_MINUTE: '100000',
  LOG_LEVEL: 'info',
  MAX_BATCH: '5',
  COMPRESS_FROM_BYTES: '200',
};

/** What is off unless a gateway.yaml says otherwise. */
const GATEWAY_FILE = `
all: { cache: { enabled: true, ttl: 20, stale_while_revalidate: 20 } }
cache: { answers: true, invalidation_secret: a secret of the fuzzer }
`;

/** Starts the product for a run. */
export async function startTarget(): Promise<{ graph: RunningGraph; target: Target }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sextant-fuzz-'));
  const file = path.join(folder, 'gateway.yaml');
  writeFileSync(file, GATEWAY_FILE);
  const started = await startEmbedded({ ...SETTINGS, GATEWAY_FILE: file });
  const graph = {
    ...started,
    async [Symbol.asyncDispose]() {
      await started[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
  const user = await TestUser.signUp(graph.url);
  // The first operations compile what the others find compiled.
  for (let i = 0; i < 20; i++) await user.send(`{ models { id } a${i}: __typename }`);
  return { graph, target: { url: graph.url, user } };
}

/** Runs cases until there are enough, or enough faults. Case n of a seed is the same whenever it runs. */
export async function fuzz(
  fuzzer: Fuzzer,
  { graph, target }: { graph: RunningGraph; target: Target },
  { seed, seconds, cases, from = 0 }: FuzzOptions,
): Promise<FuzzReport> {
  const judge = new Judge(graph);
  const until = performance.now() + seconds * 1_000;
  let next = from;
  const end = from + cases;
  const work = async (): Promise<void> => {
    while (next < end && performance.now() < until && judge.faults.length < ENOUGH) {
      const number = next++;
      const faultsBefore = judge.faults.length;
      try {
        await fuzzer.run(target, new Random(Math.imul(seed, 0x9e3779b1) + number), judge);
      } catch (error) {
        judge.fault(`the case itself failed: ${String(error)}`, `case ${number}`);
      }
      if (judge.faults.length > faultsBefore) console.error(`while seed ${seed}, case ${number} ran\n`);
    }
  };
  await Promise.all(Array.from({ length: fuzzer.parallel }, work));
  await judge[Symbol.asyncDispose]();
  return { cases: next - from, slowestHealthMs: judge.slowest, faults: judge.faults };
}

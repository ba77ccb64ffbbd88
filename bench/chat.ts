/**
 * The main job: people send messages and watch the replies stream in, over graphql-ws through the gateway, with a
 * provider in a process of its own that sends its first token after 10 ms and 100 tokens in two seconds.
 *
 * The product is the bundle, embedded (one process, its own database) and distributed (a process a subgraph, on
 * Postgres and Redis), each with everything on and bare: without recall, extraction and titles. Beside it, in the same
 * run, the floor: bench/rivals/chat-floor.mjs, a plain server on the same Postgres that stores message and reply and no
 * more.
 *
 * The people of the product have some memories each, so that recall searches for every reply, and finds.
 *
 * The time to the first token is what is added to the provider's, both ways. Sends a second are replies that ended, of
 * people who send again as soon as theirs has. CPU is that of all processes of the product, the embedded database
 * included and Postgres and Redis not; what these, the provider and the load take of the same cores is told beside it.
 * Transactions, syncs and bytes of log are the database's, what is done behind the reply included. At one person the
 * work at rest is shared by few replies.
 *
 * `npm run bench -- chat [embedded | distributed | floor …]`. CHAT_USERS (default 1,50,300: the first alone, the second
 * for the time to the first token, the last for saturation) and CHAT_SECONDS (default 10 each) make it short;
 * CHAT_BARE=off leaves the bare ones out; CHAT_PROFILE names a folder for a CPU profile of each process.
 * POSTGRES_TEST_URL and REDIS_TEST_URL name servers that nothing else uses; without them it starts its own where they
 * are installed. Linux only: CPU is read from /proc.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundle } from '../cli/bundle.ts';
import { startDistributed, startEmbedded } from '../tests/testing/sextant.ts';
import type { Contender, Talk, Work } from './chat/contender.ts';
import { createDatabase, embeddedWork, openServers } from './chat/databases.ts';
import { FLOOR_INSTALLED, startFloor } from './chat/floor.ts';
import { product } from './chat/product.ts';
import { loadAndProvider, type Surroundings, withServers } from './chat/surroundings.ts';
import { cpuOf } from './llm/process.ts';
import { percentile } from './statistics.ts';

const SECONDS = Number(process.env['CHAT_SECONDS'] ?? 10);
const USERS = (process.env['CHAT_USERS'] ?? '1,50,300').split(',').map(Number);
const PARTS = ['embedded', 'distributed', 'floor'] as const;
const wanted = process.argv.slice(3);
const wants = (part: (typeof PARTS)[number]): boolean => wanted.length === 0 || wanted.includes(part);
/** How long what is done behind the replies has until it is counted. */
const BEHIND_MS = 3_000;

const PACE = 'pace 10 99 20';
const question = (n: number): string =>
  `${PACE}. What did we say about the harvest of ${1900 + (n % 120)} in the northern valley, and what came of it?`;

const BARE = { CHAT_RECALL_TIMEOUT_MS: '0', MEMORY_EXTRACTION: 'off', CHAT_TITLES: 'false' };
/** Limits of one person, which 300 devices of 50 people would reach. */
const NO_LIMITS = {
  RATE_LIMIT_IDENTITY: '0',
  RATE_LIMIT_ADDRESS: '0',
  LOGINS_PER_MINUTE: '100000',
  CHAT_SENDS_PER_MINUTE: '100000',
  CHAT_REPLIES_PER_USER: '100',
  CHAT_REPLIES_PER_PROCESS: '1000',
  WS_MAX_SOCKETS_ADDRESS: '100000',
};

interface Figures {
  readonly users: number;
  readonly p50: number;
  readonly p95: number;
  readonly perSecond: number;
  /** By process. */
  readonly cpu: ReadonlyMap<string, number>;
  /** The same of what is not of the product. */
  readonly beside: ReadonlyMap<string, number>;
  readonly work: Work;
  readonly replies: number;
  readonly failed: number;
}

/** Everybody sends, follows the reply, and sends again, for a while. */
async function measure(contender: Contender, surroundings: Surroundings, talks: readonly Talk[]): Promise<Figures> {
  const users = talks.length;
  const before = await contender.work();
  const besideBefore = await surroundings.cpu();
  const cpuBefore = cpuByProcess(contender);
  const added: number[] = [];
  let failed = 0;
  let inTime = 0;
  const begun = performance.now();
  const end = begun + SECONDS * 1_000;
  const talking = talks.map(async (talk, i) => {
    // Not all in the same millisecond: people are not a clock.
    await sleep((2_000 * i) / users);
    for (let n = i; performance.now() < end; n += users) {
      try {
        added.push(await talk.say(question(n)));
        if (performance.now() < end) inTime++;
      } catch (error) {
        if (failed++ === 0) console.error(`  ${contender.name}: ${(error as Error).message}`);
        await sleep(100);
      }
    }
  });
  await Promise.all(talking);
  await sleep(BEHIND_MS);
  const cpuAfter = cpuByProcess(contender);
  const besideAfter = await surroundings.cpu();
  const after = await contender.work();
  const replies = added.length;
  const each = (key: keyof Work): number => (after[key] - before[key]) / replies;
  const cpuEach = (from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>) =>
    new Map([...to].map(([name, ms]) => [name, (ms - from.get(name)!) / replies]));
  return {
    users,
    p50: percentile(added, 0.5),
    p95: percentile(added, 0.95),
    // The first replies end after two seconds.
    perSecond: inTime / Math.max(1, SECONDS - 2),
    cpu: cpuEach(cpuBefore, cpuAfter),
    beside: cpuEach(besideBefore, besideAfter),
    work: { transactions: each('transactions'), syncs: each('syncs'), walBytes: each('walBytes') },
    replies,
    failed,
  };
}

const cpuByProcess = ({ processes }: Contender): Map<string, number> =>
  new Map([...processes].map(([name, pid]) => [name, cpuOf(String(pid))]));

const total = (cpu: ReadonlyMap<string, number>): number => [...cpu.values()].reduce((sum, ms) => sum + ms, 0);

/** Which process has which part of it. */
const partsOf = (cpu: ReadonlyMap<string, number>): string =>
  [...cpu]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
    .join(', ');

async function run(contender: Contender, surroundings: Surroundings): Promise<void> {
  const warm = await contender.talks(Math.min(10, Math.max(...USERS)));
  await Promise.all(warm.map((talk, i) => talk.say(question(i))));
  const figures: Figures[] = [];
  for (const users of USERS) {
    const one = await measure(contender, surroundings, await contender.talks(users));
    figures.push(one);
    const { p50, p95, perSecond, work, cpu } = one;
    console.log(
      `  ${contender.name}, ${users} users: first token +${p50.toFixed(1)} ms (p95 +${p95.toFixed(1)}), ${perSecond.toFixed(1)} sends/s, ` +
        `${total(cpu).toFixed(1)} ms CPU${cpu.size > 1 ? ` (${partsOf(cpu)})` : ''} beside ${partsOf(one.beside)}, ${work.transactions.toFixed(1)} transactions, ${work.syncs.toFixed(1)} syncs and ` +
        `${work.walBytes.toFixed(0)} bytes of log a reply; ${one.replies} replies, ${one.failed} failed`,
    );
  }
  const many = figures[Math.min(1, figures.length - 1)]!;
  const last = figures.at(-1)!;
  const most = (key: 'transactions' | 'syncs') => Math.max(...figures.map(({ work }) => work[key])).toFixed(1);
  console.log(
    `BENCH chat-${contender.name} ttft_p50_ms=${many.p50.toFixed(1)} ttft_p95_ms=${many.p95.toFixed(1)} ` +
      `sends_per_s=${last.perSecond.toFixed(1)} cpu_ms=${total(many.cpu).toFixed(1)} cpu_ms_saturated=${total(last.cpu).toFixed(1)} ` +
      `${[...last.beside].map(([name, ms]) => `${name}_cpu_ms_saturated=${ms.toFixed(1)}`).join(' ')} transactions=${most('transactions')} ` +
      `syncs=${most('syncs')} wal_bytes=${many.work.walBytes.toFixed(0)} users=${many.users} failed=${figures.reduce((sum, { failed }) => sum + failed, 0)}`,
  );
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-chat-'));
const profiling = process.env['CHAT_PROFILE']
  ? ['--cpu-prof', `--cpu-prof-dir=${path.resolve(process.env['CHAT_PROFILE'])}`]
  : [];
const provider = fork(path.join(import.meta.dirname, 'llm/provider.ts'), { execArgv: profiling });
await using stack = new AsyncDisposableStack();
stack.defer(() => rmSync(folder, { recursive: true, force: true }));
stack.defer(() => provider.disconnect());
try {
  const [port] = (await once(provider, 'message')) as [number];
  const surroundings = loadAndProvider(provider.pid!);
  const model = {
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
    OPENAI_MODEL: 'bench',
    NODE_ENV: 'production',
    EMBEDDED_FSYNC: 'true',
    DATABASE_POOL: '10',
    ...(profiling.length > 0 && { NODE_OPTIONS: profiling.join(' ') }),
    ...NO_LIMITS,
  };
  if (!process.env['SEXTANT_TEST_PROGRAM']) {
    await bundle(path.join(folder, 'dist'));
    process.env['SEXTANT_TEST_PROGRAM'] = path.join(folder, 'dist/cli/sextant.js');
  }
  console.log(
    `${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.cpus().length} cores, load ${os.loadavg()[0]!.toFixed(1)}, Node ${process.version}; ${SECONDS} s each`,
  );
  const kinds = [
    { suffix: '', env: {} },
    ...(process.env['CHAT_BARE'] === 'off' ? [] : [{ suffix: '-bare', env: BARE }]),
  ];
  if (wants('embedded')) {
    for (const { suffix, env } of kinds) {
      const graph = await startEmbedded({ ...model, ...env });
      await using contender = product(`embedded${suffix}`, graph, () => embeddedWork(graph.url));
      await run(contender, surroundings);
    }
  }
  if (wants('distributed') || wants('floor')) {
    const servers = await openServers(stack);
    if (typeof servers === 'string') console.log(`chat-distributed and chat-floor:${servers}`);
    else {
      const all = await withServers(surroundings, servers, stack);
      if (wants('distributed')) {
        for (const { suffix, env } of kinds) {
          const { url, work } = await createDatabase(servers.postgresUrl, stack);
          const postgres = { url, [Symbol.asyncDispose]: async () => {} };
          const graph = await startDistributed({ postgres, redisUrl: servers.redisUrl }, { ...model, ...env });
          await using contender = product(`distributed${suffix}`, graph, work);
          await run(contender, all);
        }
      }
      if (wants('floor') && !FLOOR_INSTALLED) {
        console.log('chat-floor: SKIPPED, npm install --prefix bench/rivals installs what it is built with');
      } else if (wants('floor')) {
        const { url, work } = await createDatabase(servers.postgresUrl, stack);
        await using contender = await startFloor({ DATABASE_URL: url, OPENAI_BASE_URL: model.OPENAI_BASE_URL }, work);
        await run(contender, all);
      }
    }
  }
} finally {
  await stack.disposeAsync();
}

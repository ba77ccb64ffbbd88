/**
 * What the bundle's processes weigh against the targets below: gateway and six subgraphs as processes of their own on
 * Postgres and Redis, all in one on a Postgres, and all in one with the embedded database.
 *
 * `idle` is the proportional set size a minute after the first requests, which use no model: threads that have nothing
 * to do have ended, and V8 has given back what new objects took. `peak` is the most that was resident: until then, and
 * during the load. `used` is the proportional set size a minute after some time of mixed load (replies, memories,
 * searches, vectors, documents, pictures).
 *
 * `--minutes 60` makes the load longer (default: half a minute), `--only all` measures one set-up: all, all-on-postgres
 * or separate. The separate ones need POSTGRES_TEST_URL and REDIS_TEST_URL. Fails nothing. Linux only (it reads /proc).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { bundle } from '../cli/bundle.ts';
import { cpuOf } from './llm/process.ts';
import { asInTheImage } from './weight/as-in-the-image.ts';
import { PeakWatch, peakOf, pssOf } from './weight/process-memory.ts';

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: { minutes: { type: 'string', default: '0.5' }, only: { type: 'string' }, dist: { type: 'string' } },
});
const MINUTES = Number(options.minutes);

/** Threads end after a minute without work; that of the offline model after ten. */
const THREADS_END_MS = 75_000;
const SETTLE_MS = 10_000;
const PEOPLE = 6;

/** What `idle` and `used` are compared with, in MB. */
const TARGETS: Readonly<Record<string, { readonly idle: number; readonly used?: number; readonly peak?: number }>> = {
  gateway: { idle: 100 },
  auth: { idle: 100 },
  chat: { idle: 100 },
  memory: { idle: 100 },
  vision: { idle: 100 },
  vector: { idle: 100 },
  analytics: { idle: 100 },
  all: { idle: 400, used: 400, peak: 512 },
  'all-on-postgres': { idle: 200 },
};

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-weight-'));
const dist = options.dist ?? path.join(folder, 'dist');
process.env['SEXTANT_TEST_PROGRAM'] = path.join(path.resolve(dist), 'cli', 'sextant.js');
// They read it when they are loaded.
const { SextantProcess, startDistributed, startEmbedded, runToEnd, freePort } = await import(
  '../tests/testing/sextant.ts'
);
const { createTestDatabase } = await import('#platform/data/database/testing/test-database.ts');
const { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } = await import('../tests/testing/postgres.ts');
const { Person } = await import('./weight/person.ts');
const { useEverything } = await import('./weight/mixed-load.ts');

interface SetUp {
  readonly url: string;
  readonly processes: ReadonlyMap<string, { readonly pid: number; readonly url: string }>;
}

const words = Array.from({ length: 60 }, (_, i) => ` word${i}`);

async function measure({ url, processes }: SetUp): Promise<void> {
  const each = <Value>(look: (pid: number) => Value) =>
    new Map([...processes].map(([name, { pid }]) => [name, look(pid)]));
  const watches = each((pid) => new PeakWatch(pid));
  const first = await Person.signUp(url);
  await first.lookAround();
  await sleep(THREADS_END_MS);
  const idle = each(pssOf);
  const busyBefore = each((pid) => cpuOf(String(pid)));
  await sleep(SETTLE_MS);
  const busy = each((pid) => cpuOf(String(pid)));
  const starts = each(peakOf);
  const minutes: string[] = [];
  let errors = 0;
  if (MINUTES > 0) {
    const people = await Promise.all(Array.from({ length: PEOPLE }, () => Person.signUp(url)));
    const until = performance.now() + MINUTES * 60_000;
    const noting = setInterval(
      () => minutes.push([...each(pssOf).values()].map((mb) => mb.toFixed(0)).join(' ')),
      60_000,
    );
    const failures = (await Promise.all(people.map((person) => useEverything(person, until)))).flat();
    for (const failure of failures) console.error(`    ${String(failure)}`);
    errors = failures.length;
    clearInterval(noting);
    await sleep(THREADS_END_MS);
  }
  const used = each(pssOf);
  for (const name of processes.keys()) {
    watches.get(name)![Symbol.dispose]();
    const target = TARGETS[name]!;
    const start = starts.get(name)!;
    const peak = peakOf(processes.get(name)!.pid);
    const cpu = ((busy.get(name)! - busyBefore.get(name)!) / SETTLE_MS) * 100;
    const against = (mb: number, most: number | undefined): string =>
      most === undefined ? mb.toFixed(0) : `${mb.toFixed(0)} (${mb <= most ? 'within' : 'over'} ${most})`;
    console.log(
      `  ${name}: idle ${against(idle.get(name)!, target.idle)}, used ${against(used.get(name)!, target.used)}, peak at the start ${against(start, target.peak)}, peak ${against(peak, target.peak)} MB, ${cpu.toFixed(1)} % CPU idle`,
    );
    console.log(
      `BENCH weight-${name} pss_mb=${idle.get(name)!.toFixed(0)} used_mb=${used.get(name)!.toFixed(0)} start_peak_mb=${start.toFixed(0)} peak_mb=${peak.toFixed(0)} anonymous_peak_mb=${watches.get(name)!.peak.toFixed(0)} idle_cpu_percent=${cpu.toFixed(1)} target_mb=${target.idle}`,
    );
  }
  if (minutes.length > 0)
    console.log(`  each minute of load (${[...processes.keys()].join(' ')}): ${minutes.join(', ')}`);
  if (errors > 0) console.log(`  ${errors} requests failed`);
}

const wanted = (name: string): boolean => options.only === undefined || options.only === name;

try {
  if (options.dist === undefined) await bundle(dist);
  await using model = await FaultServer.start(answer(words, { gapMs: 20 }));
  const forgetting = setInterval(() => model.seen.splice(0), 1_000);
  const env = {
    ...asInTheImage(model.url, folder),
    JWT_SECRET: 'a secret for benchmarks that has more than 32 characters',
  };
  console.log(`${os.cpus().length} cores, load ${os.loadavg()[0]!.toFixed(1)}, Node ${process.version}`);
  if (wanted('all')) {
    // Once before, as an image is built: with what V8 compiles then.
    await (await startEmbedded(env))[Symbol.asyncDispose]();
    await using graph = await startEmbedded(env);
    await measure({ url: graph.url, processes: new Map([['all', graph.processes.get('sextant')!]]) });
  }
  if (DISTRIBUTED_SKIPPED !== '') console.log(`separate processes and all-on-postgres:${DISTRIBUTED_SKIPPED}`);
  else {
    if (wanted('all-on-postgres')) {
      await using postgres = await createTestDatabase();
      const own = {
        ...env,
        SEXTANT_DIR: path.join(folder, 'data'),
        DATABASE_URL: postgres.url,
        PORT: String(await freePort()),
      };
      await runToEnd(['migrate'], own);
      await (await SextantProcess.start(['up', '--no-banner'], own)).stop();
      const all = await SextantProcess.start(['up', '--no-banner'], own);
      await measure({ url: all.url, processes: new Map([['all-on-postgres', all]]) });
      await all.stop();
    }
    if (wanted('separate')) {
      await using postgres = await createTestDatabase();
      await (await startDistributed({ postgres, redisUrl: REDIS_TEST_URL! }, env))[Symbol.asyncDispose]();
      await using graph = await startDistributed({ postgres, redisUrl: REDIS_TEST_URL! }, env);
      await measure(graph);
    }
  }
  clearInterval(forgetting);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

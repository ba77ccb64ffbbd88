/**
 * What the heavy work of one user costs another: the times of a person who reads, writes and searches, alone and while
 * a neighbour has documents read, stores vectors, has pictures read, or exports. All in one, bundled, with the embedded
 * database: nothing else shares so much.
 *
 * `victim_ratio` is the 95th percentile beside the neighbour against alone, of all that the person does together,
 * `worst_ratio` that of what suffers most; the aim is that neither triples. Both are taken in one run, in turns. Fails
 * nothing. `--dist` measures a bundle that is there, `--only vectors` one neighbour.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bundle } from '../cli/bundle.ts';
import { percentile } from './statistics.ts';
import { peakOf } from './weight/process-memory.ts';

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: { only: { type: 'string' }, dist: { type: 'string' } },
});
const ALONE_MS = 8_000;
const BESIDE_MS = 15_000;
const EVERY_MS = 100;
const MAX_RATIO = 3;

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-neighbours-'));
const dist = options.dist ?? path.join(folder, 'dist');
process.env['SEXTANT_TEST_PROGRAM'] = path.join(path.resolve(dist), 'cli', 'sextant.js');
// They read it when they are loaded.
const { startEmbedded } = await import('../tests/testing/sextant.ts');
const { Person } = await import('./weight/person.ts');
type SignedUp = Awaited<ReturnType<typeof Person.signUp>>;

/** What a neighbour does again and again, `lanes` at a time. */
interface Neighbour {
  readonly lanes: number;
  readonly prepare?: (person: SignedUp) => Promise<unknown>;
  readonly work: (person: SignedUp) => Promise<unknown>;
}

const NEIGHBOURS: Readonly<Record<string, Neighbour>> = {
  documents: {
    lanes: 2,
    work: async (person) => person.documentRead(await person.document(4_000_000)),
  },
  vectors: { lanes: 2, work: (person) => person.upsert(500) },
  pictures: {
    lanes: 3,
    work: async (person) => {
      await person.picture();
      await sleep(500);
    },
  },
  exports: {
    lanes: 2,
    prepare: async (person) => {
      for (let i = 0; i < 5; i++) await person.rememberMany(200);
    },
    work: (person) => person.exportAll(),
  },
};

/** Times of each kind of request, sent one after another and not more often than people do. */
async function watch(person: SignedUp, ms: number): Promise<Map<string, number[]>> {
  const steps = {
    read: () => person.readBack(),
    write: () => person.note(),
    search: () => person.searchKnowledge(),
  };
  const times = new Map<string, number[]>(Object.keys(steps).map((name) => [name, []]));
  for (const until = performance.now() + ms; performance.now() < until; ) {
    for (const [name, step] of Object.entries(steps)) {
      const begun = performance.now();
      await step().catch((error: unknown) => console.error(`    ${name}: ${String(error)}`));
      times.get(name)!.push(performance.now() - begun);
      await sleep(EVERY_MS);
    }
  }
  return times;
}

const all = (times: ReadonlyMap<string, number[]>): number[] => [...times.values()].flat();

async function beside(name: string, neighbour: Neighbour, url: string, pid: number): Promise<void> {
  const [victim, heavy] = [await Person.signUp(url), await Person.signUp(url)];
  await neighbour.prepare?.(heavy);
  await watch(victim, 2_000);
  const alone = await watch(victim, ALONE_MS);
  let open = true;
  let done = 0;
  const lanes = Array.from({ length: neighbour.lanes }, async () => {
    while (open) {
      await neighbour.work(heavy).catch((error: unknown) => console.error(`    neighbour: ${String(error)}`));
      done++;
    }
  });
  const together = await watch(victim, BESIDE_MS);
  open = false;
  await Promise.race([Promise.all(lanes), sleep(30_000)]);
  const ratio = percentile(all(together), 0.95) / percentile(all(alone), 0.95);
  let worst = 0;
  for (const [kind, times] of together) {
    const before = alone.get(kind)!;
    worst = Math.max(worst, percentile(times, 0.95) / percentile(before, 0.95));
    const text = (share: number) => `${percentile(before, share).toFixed(0)} -> ${percentile(times, share).toFixed(0)}`;
    console.log(`  ${name}, ${kind}: p50 ${text(0.5)}, p95 ${text(0.95)}, most ${text(1)} ms`);
  }
  console.log(`  ${name}: ${done} done, most memory ${peakOf(pid).toFixed(0)} MB`);
  console.log(
    `BENCH neighbours-${name} victim_ratio=${ratio.toFixed(2)} worst_ratio=${worst.toFixed(2)} alone_p95_ms=${percentile(all(alone), 0.95).toFixed(0)} beside_p95_ms=${percentile(all(together), 0.95).toFixed(0)} target=${MAX_RATIO}`,
  );
}

try {
  if (options.dist === undefined) await bundle(dist);
  await using graph = await startEmbedded({
    NODE_ENV: 'production',
    EMBEDDED_FSYNC: 'true',
    NODE_COMPILE_CACHE: path.join(folder, 'compiled'),
    NODE_OPTIONS: '--max-semi-space-size=8',
    MALLOC_ARENA_MAX: '2',
    RATE_LIMIT_IDENTITY: '0',
    RATE_LIMIT_ADDRESS: '0',
  });
  console.log(`${os.cpus().length} cores, load ${os.loadavg()[0]!.toFixed(1)}, Node ${process.version}`);
  const { pid } = graph.processes.get('sextant')!;
  for (const [name, neighbour] of Object.entries(NEIGHBOURS))
    if (options.only === undefined || options.only === name) await beside(name, neighbour, graph.url, pid);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

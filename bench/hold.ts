/**
 * All in one, held to 512 MB as by a container, under mixed load: six people who chat, store, search, upload and export
 * without a pause (weight/mixed-load.ts), and now and then a photo of 12 megapixels to be read, a scanned PDF, a DOCX,
 * a PDF of 30 pages and variants of a picture. Alive, flat, and nothing lost: at the end each document and picture that
 * was uploaded beside the rest has become something.
 *
 * Prints a line each minute: what was used of the memory (now, and at most; without files, which the kernel drops
 * first), the resident anonymous memory, what was done, how many of the documents and pictures have become something,
 * what failed, whether heavy work waits. Needs the rights to make a cgroup.
 *
 * What people have grows all the time, and with it what is kept of it in memory. `--turns 40` keeps it constant, which
 * tells the one from the other: after so many turns a person deletes the account, and another comes.
 *
 * `npm run bench -- hold [--minutes 60] [--memory 512] [--people 6] [--turns N] [--dist DIR]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { MemoryGroup } from '#platform/base/config/used-memory.ts';
import { bundle } from '../cli/bundle.ts';
import { Held } from './held/held.ts';
import { median } from './statistics.ts';
import { asInTheImage } from './weight/as-in-the-image.ts';
import type { Person as Someone } from './weight/person.ts';
import { anonymousOf } from './weight/process-memory.ts';

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    minutes: { type: 'string', default: '60' },
    memory: { type: 'string', default: '512' },
    people: { type: 'string', default: '6' },
    turns: { type: 'string' },
    dist: { type: 'string' },
  },
});
const [MINUTES, MEGABYTES] = [Number(options.minutes), Number(options.memory)];
const PEOPLE = Number(options.people);
const TURNS = options.turns === undefined ? undefined : Number(options.turns);
const LOOK_MS = 100;
const MINUTE_MS = 60_000;
/** What was uploaded last may wait for its turn. */
const PATIENCE_MS = 10 * MINUTE_MS;
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-hold-'));
const dist = path.resolve(options.dist ?? path.join(folder, 'dist'));
if (options.dist === undefined) await bundle(dist);
await using held = await Held.make(MEGABYTES);
process.env['SEXTANT_TEST_PROGRAM'] = path.join(dist, 'cli', 'sextant.js');
// They read where the program is when they are loaded.
const { startEmbedded } = await import('../tests/testing/sextant.ts');
const { Person } = await import('./weight/person.ts');
const { useEverything } = await import('./weight/mixed-load.ts');
const samples = await import('./weight/samples.ts');

const files = {
  photo: await (await samples.photo()).jpeg({ quality: 88 }).toBuffer(),
  scan: await samples.scan(4),
  pdf: samples.textPdf(30),
  docx: samples.textDocx(100),
};

interface Doing {
  readonly person: Someone;
  readonly documents: string[];
  readonly pictures: string[];
  /** Of both: what has become something. */
  readonly ended: Set<string>;
}

const begin = async (url: string): Promise<Doing> => ({
  person: await Person.signUp(url),
  documents: [],
  pictures: [],
  ended: new Set(),
});

/** What is done beside the rest: each person at a time of their own. */
function more({ person, documents, pictures }: Doing, place: number) {
  const uploaded = async (list: string[], id: Promise<string>): Promise<void> => void list.push(await id);
  const steps: Record<number, readonly [string, () => Promise<unknown>]> = {
    1: ['photo', () => uploaded(pictures, person.pictureOf('image/jpeg', files.photo))],
    5: ['docx', () => uploaded(documents, person.documentOf(DOCX, files.docx))],
    9: ['variant', () => person.variant(pictures.at(-1)!, 'width: 800')],
    13: ['pdf', () => uploaded(documents, person.documentOf('application/pdf', files.pdf))],
    15: ['variant', () => person.variant(pictures.at(-1)!, 'width: 1600, format: JPEG')],
    17: ['scan', () => uploaded(documents, person.documentOf('application/pdf', files.scan))],
  };
  return (turn: number) => {
    const step = steps[(turn + place * 3) % 20];
    return step && (step[0] !== 'variant' || pictures.length > 0) ? [step] : [];
  };
}

/** Looks which uploads have become something since the last look. @returns how many of all have, by their kind. */
async function lookAtUploads(all: readonly Doing[]): Promise<string> {
  for (const { person, documents, pictures, ended } of all) {
    const look = async (id: string, end: Promise<string | undefined>): Promise<void> => {
      if ((await end.catch(() => undefined)) !== undefined) ended.add(id);
    };
    for (const id of documents) if (!ended.has(id)) await look(id, person.documentEnd(id));
    for (const id of pictures) if (!ended.has(id)) await look(id, person.pictureEnd(id));
  }
  const of = (kind: 'documents' | 'pictures'): string => {
    const ids = all.flatMap((one) => one[kind].map((id) => one.ended.has(id)));
    return `${kind} ${ids.filter(Boolean).length} of ${ids.length}`;
  };
  return `${of('documents')}, ${of('pictures')}`;
}

const group = (await MemoryGroup.open(held.folder, MEGABYTES))!;
const used: number[] = [];
const done = new Map<string, number>();
const failures = new Map<string, number>();
const count = (counts: Map<string, number>, key: string): unknown => counts.set(key, (counts.get(key) ?? 0) + 1);
const shown = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([key, times]) => `${key} ${times}`).join(', ') || 'none';

try {
  await using model = await FaultServer.start(
    answer(
      Array.from({ length: 60 }, (_, i) => ` word${i}`),
      { gapMs: 20 },
    ),
  );
  const forgetting = setInterval(() => model.seen.splice(0), 1_000);
  const env = { ...asInTheImage(model.url, folder), ...held.settings };
  // Once before, as an image is built: with what V8 compiles then.
  await (await startEmbedded(env))[Symbol.asyncDispose]();
  await using graph = await startEmbedded(env);
  const { pid } = graph.processes.get('sextant')!;
  const doing: Doing[] = await Promise.all(Array.from({ length: PEOPLE }, () => begin(graph.url)));
  const within = <T>(work: Promise<T>) => Promise.race([work, sleep(PATIENCE_MS, undefined, { ref: false })]);
  const ends = new Map<string, number>();
  /** Waits until everything that was uploaded has come to its end. */
  const settle = async ({ person, documents, pictures }: Doing): Promise<void> => {
    await person.user.signIn();
    for (const id of documents) count(ends, `document ${(await within(person.documentRead(id))) ?? 'waits'}`);
    for (const id of pictures) count(ends, `picture ${(await within(person.pictureRead(id))) ?? 'waits'}`);
  };
  const until = performance.now() + MINUTES * MINUTE_MS;
  let most = 0;
  const looking = setInterval(async () => {
    most = Math.max(most, await group.usedMb().catch(() => 0));
  }, LOOK_MS);
  let minute = 0;
  const telling = setInterval(async () => {
    const now = await group.usedMb().catch(() => 0);
    used.push(now);
    const { checks = {} } = (await fetch(`${graph.url}/health`, { signal: AbortSignal.timeout(5_000) })
      .then((response) => response.json())
      .catch(() => ({}))) as { checks?: Record<string, { detail?: string }> };
    let anonymous = 0;
    try {
      anonymous = anonymousOf(pid);
    } catch {}
    const uploads = await lookAtUploads(doing);
    console.log(
      `  minute ${++minute}: used ${now.toFixed(0)} MB, at most ${most.toFixed(0)}, anonymous ${anonymous.toFixed(0)}; ended by the kernel ${await held.ended()}; done: ${shown(done)}; ended: ${uploads}; failed: ${shown(failures)}${checks['heavyWork']?.detail === undefined ? '' : `; ${checks['heavyWork'].detail}`}`,
    );
    most = 0;
  }, MINUTE_MS);
  const noted = (name: string, failure?: unknown): unknown =>
    failure === undefined ? count(done, name) : count(failures, `${name}: ${String(failure).slice(0, 160)}`);
  await Promise.all(
    doing.map(async (_, place) => {
      while (performance.now() < until) {
        const one = doing[place]!;
        await useEverything(one.person, until, { more: more(one, place), done: noted, ...(TURNS && { turns: TURNS }) });
        if (performance.now() >= until) break;
        await settle(one);
        await one.person.leave().then(
          () => noted('leave'),
          (error: unknown) => noted('leave', error),
        );
        doing[place] = await begin(graph.url);
      }
    }),
  );
  clearInterval(telling);
  for (const one of doing) await settle(one);
  clearInterval(looking);
  clearInterval(forgetting);
  const quarter = Math.max(1, Math.floor(used.length / 4));
  const [second, last] = [used.slice(quarter, 2 * quarter), used.slice(-quarter)].map((part) =>
    part.length > 0 ? median(part) : 0,
  ) as [number, number];
  const all = [...done.values()].reduce((sum, times) => sum + times, 0);
  const failed = [...failures.values()].reduce((sum, times) => sum + times, 0);
  console.log(`  uploads: ${shown(ends)}`);
  console.log(`  failed: ${shown(failures)}`);
  console.log(
    `BENCH hold minutes=${MINUTES} memory_mb=${MEGABYTES} people=${PEOPLE} turns=${TURNS ?? 'all'} done=${all} failed=${failed} ended=${await held.ended()} second_quarter_mb=${second.toFixed(0)} last_quarter_mb=${last.toFixed(0)} most_mb=${Math.max(0, ...used).toFixed(0)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * What each kind of heavy work takes of an installation that is all in one and held to 512 MB (or as many as the
 * argument says: `npm run bench -- peaks 768`; needs the rights to make a cgroup): what it uses at rest, the most while
 * the work is done, and what is left of it afterwards. What the kernel keeps of files does not count; it drops that
 * first.
 *
 * `--dist DIR` takes a bundle that is there, `--files DIR` a photo.heic of your own, which nothing here can make,
 * `--only WORD` the kinds whose name has the word.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { MemoryGroup } from '#platform/base/config/used-memory.ts';
import { bundle } from '../cli/bundle.ts';
import { Held } from './held/held.ts';
import { asInTheImage } from './weight/as-in-the-image.ts';

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: { dist: { type: 'string' }, files: { type: 'string' }, only: { type: 'string', default: '' } },
});
const MEGABYTES = Number(positionals[0] ?? 512);
const SAMPLE_MS = 15;
/** Threads that have nothing to do end within a minute. */
const REST_MS = 65_000;
/** Between two kinds, for what ends by itself right after its work. */
const PAUSE_MS = 12_000;

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-peaks-'));
const dist = path.resolve(options.dist ?? path.join(folder, 'dist'));
if (options.dist === undefined) await bundle(dist);
await using held = await Held.make(MEGABYTES);
process.env['SEXTANT_TEST_PROGRAM'] = path.join(dist, 'cli', 'sextant.js');
const { startEmbedded } = await import('../tests/testing/sextant.ts');
const { Person } = await import('./weight/person.ts');
const samples = await import('./weight/samples.ts');

const group = (await MemoryGroup.open(held.folder, MEGABYTES))!;
let peak = 0;
const look = async (): Promise<number> => {
  const used = await group.usedMb().catch(() => 0);
  peak = Math.max(peak, used);
  return used;
};

try {
  const photo = await samples.photo();
  const files = {
    jpeg: await photo.clone().jpeg({ quality: 88 }).toBuffer(),
    progressive: await photo.clone().jpeg({ quality: 88, progressive: true }).toBuffer(),
    webp: await photo.clone().webp({ quality: 80, effort: 1 }).toBuffer(),
    avif: await photo.clone().avif({ quality: 60, effort: 1 }).toBuffer(),
    receipt: await samples.receipt(),
    heic: options.files === undefined ? undefined : readFileSync(path.join(options.files, 'photo.heic')),
    scan: await samples.scan(10),
    pdf: samples.textPdf(100),
    docx: samples.textDocx(2_000),
  };
  await using model = await FaultServer.start(answer(['Noon', ' sight', ' taken'], { gapMs: 20 }));
  const env = { ...asInTheImage(model.url, folder), ...held.settings };
  await (await startEmbedded(env))[Symbol.asyncDispose]();
  await using graph = await startEmbedded(env);
  const person = await Person.signUp(graph.url);
  await person.lookAround();
  const timer = setInterval(() => void look(), SAMPLE_MS);
  await sleep(options.only === '' ? REST_MS : PAUSE_MS);

  const picture = (type: string, bytes: Uint8Array, isRead?: boolean) => async (): Promise<string> =>
    person.pictureRead(await person.pictureOf(type, bytes, isRead));
  const document = (type: string, bytes: Uint8Array) => async (): Promise<string> =>
    person.documentRead(await person.documentOf(type, bytes));
  let shown: string | undefined;
  const variant = (asked: string) => async (): Promise<string> => {
    if (shown === undefined) {
      shown = await person.pictureOf('image/jpeg', files.jpeg, false);
      await person.pictureRead(shown);
    }
    return `${await person.variant(shown, asked)} bytes`;
  };
  const works: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['rest', () => sleep(PAUSE_MS)],
    ['picture of 12 Mpx, JPEG', picture('image/jpeg', files.jpeg, false)],
    ['picture of 12 Mpx, progressive JPEG', picture('image/jpeg', files.progressive, false)],
    ['picture of 12 Mpx, WebP', picture('image/webp', files.webp, false)],
    ['picture of 12 Mpx, AVIF', picture('image/avif', files.avif, false)],
    ...(files.heic ? [['picture of 12 Mpx, HEIC', picture('image/heic', files.heic, false)] as const] : []),
    ['variant of 400, WebP', variant('width: 400')],
    ['variant of 2000, JPEG', variant('width: 2000, format: JPEG')],
    ['variant of 3000, WebP', variant('width: 3000')],
    ['variant of 3000, AVIF', variant('width: 3000, format: AVIF')],
    ['text of a receipt', picture('image/jpeg', files.receipt)],
    ['text of 12 Mpx', picture('image/jpeg', files.jpeg)],
    ['text of 12 Mpx, again', picture('image/jpeg', files.jpeg)],
    ['embedding, 50 texts', () => person.rememberMany(50)],
    ['scanned PDF of 10 pages', document('application/pdf', files.scan)],
    ['PDF of 100 pages', document('application/pdf', files.pdf)],
    [
      'DOCX of 160,000 words',
      document('application/vnd.openxmlformats-officedocument.wordprocessingml.document', files.docx),
    ],
    ['export', () => person.exportAll()],
    ['20 chats', () => Promise.all(Array.from({ length: 20 }, () => person.chat()))],
  ];
  for (const [name, work] of works) {
    if (!name.includes(options.only)) continue;
    await sleep(PAUSE_MS);
    const before = await look();
    peak = before;
    const began = performance.now();
    const said = await work().catch((error: unknown) => `failed: ${String(error)}`);
    const seconds = (performance.now() - began) / 1_000;
    const most = peak;
    await sleep(PAUSE_MS);
    const after = await look();
    console.log(
      `  ${name}: ${before.toFixed(0)} -> ${most.toFixed(0)} (+${(most - before).toFixed(0)}) -> ${after.toFixed(0)} MB, ${seconds.toFixed(1)} s${typeof said === 'string' ? `, ${said}` : ''}`,
    );
    console.log(
      `BENCH peaks-${name.replaceAll(/[^\w]+/g, '-').toLowerCase()} before_mb=${before.toFixed(0)} peak_mb=${most.toFixed(0)} added_mb=${(most - before).toFixed(0)} after_mb=${after.toFixed(0)} seconds=${seconds.toFixed(1)}`,
    );
  }
  clearInterval(timer);
  console.log(`  ended by the kernel: ${await held.ended()}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

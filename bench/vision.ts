import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import sharp from 'sharp';
import type { OcrEngine } from '#subgraphs/vision/ocr/engine.ts';
import { openReading } from '#subgraphs/vision/ocr/reading.ts';
import { readText } from '#subgraphs/vision/ocr/recognise.ts';
import { ocrWorkers } from '#subgraphs/vision/ocr/workers.ts';

/**
 * Reading texts in pictures, by both engines of the product (`ours`: WebAssembly, `program`: OCR_PROGRAM) beside the
 * native `tesseract` of Debian alone, in one run: pages a minute, processor time and the word score (F1) on receipts
 * and scans that are made here, so that their text is known: tilted, noisy, pale, unevenly lit, lying.
 *
 * All read the same files with as many at a time and give way to others alike; the native one with a thread each,
 * which is how it is fastest beside others. With OCR_DATA all take the same language data. Rounds alternate.
 *
 * `npm run bench -- vision [rounds] [pages]`; needs `apt-get install tesseract-ocr`.
 */

const [ROUNDS = 1, PAGES = Number.POSITIVE_INFINITY] = process.argv
  .filter((argument) => /^\d+$/.test(argument))
  .map(Number);
const run = promisify(execFile);

/** Repeatable: the same pages in every run. */
let seed = 7;
const random = (): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};
const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
const WORDS =
  `harbour lantern invoice machine account window number summer contract delivery station payment sextant measure angle
  between objects navigator position compass weather report captain voyage storage material quality service customer
  monthly balance amount total paid receipt order article discount`.split(/\s+/);
const sentence = (): string => {
  const words = Array.from({ length: 6 + Math.floor(random() * 5) }, () => pick(WORDS)).join(' ');
  return `${words[0]!.toUpperCase()}${words.slice(1)}${pick(['.', '.', ',', ';'])}`;
};
const price = (): string => `${Math.floor(random() * 90) + 1}.${String(Math.floor(random() * 100)).padStart(2, '0')}`;

interface Page {
  readonly name: string;
  readonly text: string;
  readonly file: Buffer;
}

const WHITE = { background: '#ffffff' };
async function drawn(lines: readonly string[], width: number, size: number, font: string) {
  const height = 120 + Math.ceil(lines.length * size * 1.5);
  const rows = lines.map((line, i) => {
    const text = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    return `<text xml:space="preserve" x="60" y="${80 + i * size * 1.5}" font-size="${size}" font-family="${font}">${text}</text>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#fff"/>${rows.join('')}</svg>`;
  return { png: await sharp(Buffer.from(svg)).flatten(WHITE).greyscale().png().toBuffer(), width, height };
}

async function noisy(png: Buffer, sigma: number): Promise<Buffer> {
  const { data, info } = await sharp(png).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  for (let i = 0; i < data.length; i++) {
    const noise = Math.sqrt(-2 * Math.log(random() || 1e-9)) * Math.cos(2 * Math.PI * random()) * sigma;
    data[i] = Math.max(0, Math.min(255, data[i]! + noise));
  }
  return sharp(data, { raw: { ...info, channels: info.channels } })
    .png()
    .toBuffer();
}

async function shaded(png: Buffer, width: number, height: number): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><linearGradient id="g" x2="1" y2="0.4"><stop offset="0" stop-color="#fff"/><stop offset="1" stop-color="#555"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/></svg>`;
  return sharp(png)
    .composite([{ input: Buffer.from(svg), blend: 'multiply' }])
    .greyscale()
    .png()
    .toBuffer();
}

async function pages(): Promise<Page[]> {
  const made: Page[] = [];
  const add = async (name: string, lines: readonly string[], file: Promise<Buffer> | Buffer) =>
    made.push({ name, text: lines.join('\n'), file: await file });
  const scan = (size = 26, font = 'DejaVu Serif', count = 28) => {
    const lines = Array.from({ length: count }, sentence);
    return { lines, page: drawn(lines, 1240, size, font) };
  };
  for (const [name, font] of [
    ['clean', 'DejaVu Serif'],
    ['sans', 'Liberation Sans'],
  ] as const) {
    const { lines, page } = scan(26, font);
    await add(`scan ${name}`, lines, (await page).png);
  }
  for (const degrees of [2, -3, 5]) {
    const { lines, page } = scan();
    await add(
      `scan tilted ${degrees}`,
      lines,
      sharp((await page).png)
        .rotate(degrees, WHITE)
        .jpeg({ quality: 70 })
        .toBuffer(),
    );
  }
  for (const sigma of [25, 45]) {
    const { lines, page } = scan();
    await add(`scan noise ${sigma}`, lines, noisy((await page).png, sigma));
  }
  {
    const { lines, page } = scan();
    await add(
      'scan pale',
      lines,
      sharp((await page).png)
        .linear(0.3, 160)
        .png()
        .toBuffer(),
    );
  }
  {
    const { lines, page } = scan();
    await add(
      'scan dark',
      lines,
      sharp((await page).png)
        .negate()
        .png()
        .toBuffer(),
    );
  }
  for (let i = 0; i < 2; i++) {
    const { lines, page } = scan();
    const { png, width, height } = await page;
    await add(`scan shaded ${i}`, lines, noisy(await shaded(png, width, height), 8));
  }
  {
    const { lines, page } = scan();
    await add(
      'scan upside down',
      lines,
      sharp((await page).png)
        .rotate(180)
        .png()
        .toBuffer(),
    );
  }
  for (let i = 0; i < 8; i++) {
    const lines = [
      'SEXTANT STORES',
      ...Array.from(
        { length: 10 },
        () => `${pick(WORDS)} ${pick(WORDS)}`.padEnd(26).slice(0, 26) + price().padStart(8),
      ),
      `TOTAL${price().padStart(29)}`,
    ];
    const { png, width, height } = await drawn(
      lines,
      620,
      i % 2 ? 17 : 22,
      i % 3 ? 'DejaVu Sans Mono' : 'Liberation Mono',
    );
    const tilted = await sharp(png)
      .rotate(i % 2 ? 1.5 : 0, WHITE)
      .greyscale()
      .png()
      .toBuffer();
    const { width: across = width, height: down = height } = await sharp(tilted).metadata();
    const lit = i % 4 === 3 ? await shaded(tilted, across, down) : tilted;
    await add(
      `receipt ${i}`,
      lines,
      sharp(await noisy(lit, 10))
        .jpeg({ quality: 60 })
        .toBuffer(),
    );
  }
  return made;
}

/** The harmonic mean of the shares of words that were found, and that are right. */
function wordScore(expected: string, read: string): number {
  const words = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}.,]*/gu) ?? [];
  const wanted = Map.groupBy(words(expected), (word) => word);
  const left = new Map([...wanted].map(([word, all]) => [word, all.length]));
  const found = words(read);
  let right = 0;
  for (const word of found) {
    const count = left.get(word) ?? 0;
    if (count > 0) {
      right++;
      left.set(word, count - 1);
    }
  }
  return right === 0 ? 0 : (2 * right) / (found.length + words(expected).length);
}

/** Does work on all items, so many at a time. */
async function inParallel<T>(items: readonly T[], places: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: places }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}

const all = (await pages()).slice(0, PAGES);
const config = { OCR_LANGUAGES: ['eng'], OCR_DATA: process.env['OCR_DATA'], OCR_WORKERS: 0 };
const places = ocrWorkers(config);
const folder = await mkdtemp(path.join(os.tmpdir(), 'bench-vision-'));
const log = pino({ level: 'warn' });
const SIDES = ['ours', 'program', 'native'] as const;
type Side = (typeof SIDES)[number];
const ofSides = <T>(make: () => T): Record<Side, T> => ({ ours: make(), program: make(), native: make() });
const readings = {
  ours: await openReading({ config: { ...config, OCR_PROGRAM: 'off' }, log, size: places }),
  program: await openReading({ config: { ...config, OCR_PROGRAM: 'auto' }, log, size: places }),
};
const passes = ofSides(() => all.length * ROUNDS);
const counting = (side: 'ours' | 'program'): OcrEngine => {
  const { engine } = readings[side];
  return {
    ...engine,
    recognise(...call: Parameters<typeof engine.recognise>) {
      passes[side]++;
      return engine.recognise(...call);
    },
  };
};
/** Seconds of processors that this process and the children that have ended took. */
const CHILDREN = '/proc/self/stat';
const TICKS_A_SECOND = 100;
async function processorSeconds(): Promise<number> {
  const { user, system } = process.cpuUsage();
  // Behind the name in brackets: utime is the 12th, cutime and cstime are the 14th and 15th.
  const fields = (await readFile(CHILDREN, 'utf8')).replace(/^.*\) /s, '').split(' ');
  return (user + system) / 1e6 + (Number(fields[13]) + Number(fields[14])) / TICKS_A_SECOND;
}
try {
  for (const [i, { file }] of all.entries()) await writeFile(path.join(folder, `${i}.png`), file);
  const sides = {
    ours: async (i: number) => (await readText(all[i]!.file, counting('ours'))).text,
    program: async (i: number) => (await readText(all[i]!.file, counting('program'))).text,
    native: async (i: number) => {
      const env = { ...process.env, OMP_THREAD_LIMIT: '1' };
      const args = ['-n', '10', 'tesseract', path.join(folder, `${i}.png`), '-', '--dpi', '300'];
      return (await run('nice', args, { env })).stdout;
    },
  };
  // The first pages start what reads.
  for (const side of SIDES)
    await inParallel([...Array(places).keys()], places, async (i) => void (await sides[side](i)));
  passes.ours = passes.program = 0;
  /** Seconds of processors: what a loaded machine does not change. */
  const processor = ofSides(() => 0);
  const scores = ofSides(() => Array<number>(all.length).fill(0));
  const seconds = ofSides<number[]>(() => []);
  for (let round = 0; round < ROUNDS; round++)
    for (const side of SIDES) {
      const started = performance.now();
      const before = await processorSeconds();
      await inParallel([...all.keys()], places, async (i) => {
        scores[side][i] = wordScore(all[i]!.text, await sides[side](i));
      });
      seconds[side].push((performance.now() - started) / 1000);
      processor[side] += (await processorSeconds()) - before;
    }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const [i, { name }] of all.entries())
    console.log(name.padEnd(20), ...SIDES.map((side) => `${side} ${(100 * scores[side][i]!).toFixed(1)} `));
  const figures = SIDES.flatMap((side) => [
    `${side}_pages_a_minute=${((60 * all.length) / mean(seconds[side])).toFixed(1)}`,
    `${side}_words=${(100 * mean(scores[side])).toFixed(1)}`,
    `${side}_processor_s_a_page=${(processor[side] / all.length / ROUNDS).toFixed(2)}`,
    `${side}_passes_a_page=${(passes[side] / all.length / ROUNDS).toFixed(2)}`,
  ]);
  console.log(`BENCH vision pages=${all.length} at_a_time=${places} ${figures.join(' ')}`);
} finally {
  for (const reading of Object.values(readings)) await reading[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}

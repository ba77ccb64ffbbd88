import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import sharp from 'sharp';
import { createOcrEngine } from '#subgraphs/vision/ocr/engine.ts';
import { findLanguages } from '#subgraphs/vision/ocr/languages.ts';
import { readText } from '#subgraphs/vision/ocr/recognise.ts';
import { ocrWorkers } from '#subgraphs/vision/ocr/workers.ts';

/**
 * Reading texts in pictures, beside the native `tesseract` of Debian, in one run: pages a minute, processor time and
 * the word score (F1) on receipts and scans that are made here, so that their text is known: tilted, noisy, pale,
 * unevenly lit, lying.
 *
 * Both read the same files with as many at a time and give way to others alike; the native one with a thread each,
 * which is how it is fastest beside others. With OCR_DATA both take the same language data. Rounds alternate.
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
const engine = createOcrEngine({ log: pino({ level: 'silent' }), languages: findLanguages(config), size: places });
let passes = 0;
const counting = {
  ...engine,
  recognise(...call: Parameters<typeof engine.recognise>) {
    passes++;
    return engine.recognise(...call);
  },
};
try {
  for (const [i, { file }] of all.entries()) await writeFile(path.join(folder, `${i}.png`), file);
  /** Seconds of processors: what a loaded machine does not change. */
  const processor = { ours: 0, native: 0 };
  const sides = {
    ours: async (i: number) => (await readText(all[i]!.file, counting)).text,
    native: async (i: number) => {
      const env = { ...process.env, OMP_THREAD_LIMIT: '1' };
      const script = `TIMEFORMAT='%U %S'; time nice -n 10 tesseract "$0" - --dpi 300 2>/dev/null`;
      const { stdout, stderr } = await run('bash', ['-c', script, path.join(folder, `${i}.png`)], { env });
      for (const part of stderr.trim().split(/\s+/)) processor.native += Number(part);
      return stdout;
    },
  };
  // The first page starts what reads.
  await inParallel([...Array(places).keys()], places, async (i) => void (await sides.ours(i)));
  passes = 0;
  const scores = { ours: Array<number>(all.length).fill(0), native: Array<number>(all.length).fill(0) };
  const seconds = { ours: [] as number[], native: [] as number[] };
  for (let round = 0; round < ROUNDS; round++)
    for (const side of ['ours', 'native'] as const) {
      const started = performance.now();
      const before = process.cpuUsage();
      await inParallel([...all.keys()], places, async (i) => {
        scores[side][i] = wordScore(all[i]!.text, await sides[side](i));
      });
      seconds[side].push((performance.now() - started) / 1000);
      const { user, system } = process.cpuUsage(before);
      if (side === 'ours') processor.ours += (user + system) / 1e6;
    }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const [i, { name }] of all.entries())
    console.log(
      `${name.padEnd(20)} ours ${(100 * scores.ours[i]!).toFixed(1)}  native ${(100 * scores.native[i]!).toFixed(1)}`,
    );
  const rate = (side: 'ours' | 'native') => (60 * all.length) / mean(seconds[side]);
  console.log(
    `BENCH vision pages=${all.length} at_a_time=${places} ours_pages_a_minute=${rate('ours').toFixed(1)} native_pages_a_minute=${rate('native').toFixed(1)} ratio=${(rate('ours') / rate('native')).toFixed(2)} ours_words=${(100 * mean(scores.ours)).toFixed(1)} native_words=${(100 * mean(scores.native)).toFixed(1)} ours_processor_s_a_page=${(processor.ours / all.length / ROUNDS).toFixed(2)} native_processor_s_a_page=${(processor.native / all.length / ROUNDS).toFixed(2)} passes_a_page=${(passes / all.length / ROUNDS).toFixed(2)}`,
  );
} finally {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}

import { globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { createOcrEngine, type OcrEngine } from './engine.ts';
import { findLanguages } from './languages.ts';
import { findProgram } from './program.ts';
import { createProgramEngine } from './program-engine.ts';
import { readText } from './recognise.ts';

const page = await readFile(new URL('../testing/page.png', import.meta.url));
const TEXT = `The quick brown fox jumps over the lazy dog.
Invoice 2047 was paid on 14 March 2026.
Total amount due: 1,284.50 EUR
Sextant measures the angle between two objects.
Navigators use it to find their position at sea.`;
/** Opaque where the page is dark. */
const alpha = await sharp(page).greyscale().negate().raw().toBuffer();
const white = { background: '#ffffff' };
const log = pino({ level: 'silent' });
const languages = findLanguages({ OCR_LANGUAGES: [], OCR_DATA: undefined });
const ours = createOcrEngine({ log, languages });
afterAll(() => ours[Symbol.asyncDispose]());
const { program } = await findProgram({ OCR_PROGRAM: 'auto' });
/** It takes the place of ours, and may not ask it. */
const instead: OcrEngine = { ...ours, recognise: () => Promise.reject(new Error('the program did not read')) };
const theirs = program && createProgramEngine({ log, program, languages, instead });
afterAll(() => theirs?.[Symbol.asyncDispose]());

/** Both engines are held to the same; where no `tesseract` is installed, there is one. */
const ENGINES = [['WebAssembly', ours] as const, ...(theirs ? [['the program', theirs] as const] : [])];

describe.each(ENGINES)('the text of a picture, by %s,', (_, engine) => {
  it.each([
    ['as it is', () => sharp(page)],
    ['tilted by 5 degrees', () => sharp(page).rotate(5, white)],
    ['tilted the other way', () => sharp(page).rotate(-3, white)],
    ['on its side', () => sharp(page).rotate(90)],
    ['light on dark', () => sharp(page).negate()],
    ['pale', () => sharp(page).linear(0.3, 160)],
    [
      'bright on nothing, as of a logo',
      () =>
        sharp({ create: { width: 900, height: 360, channels: 3, background: '#ffffff' } }).joinChannel(alpha, {
          raw: { width: 900, height: 360, channels: 1 },
        }),
    ],
  ])('is read %s', async (_, picture) => {
    const read = await readText(await picture().png().toBuffer(), engine);
    expect(read.text).toBe(TEXT);
    expect(read.confidence).toBeGreaterThan(85);
  });

  it('stands in the rows of a receipt, the prices beside what they are for', async () => {
    const receipt = await readFile(new URL('../testing/receipt.jpg', import.meta.url));
    const { text } = await readText(receipt, engine);
    expect(text.split('\n')).toEqual(expect.arrayContaining(['position delivery 72.24', 'sextant discount 5.47']));
    expect(text.split('\n')).toHaveLength(12);
  });

  it('takes one pass of a page that is upside down or on its side', async () => {
    let passes = 0;
    const counting: OcrEngine = {
      ...engine,
      recognise(...call) {
        passes++;
        return engine.recognise(...call);
      },
    };
    for (const degrees of [180, 90, 270]) {
      const { text } = await readText(await sharp(page).rotate(degrees).png().toBuffer(), counting);
      expect(text).toBe(TEXT);
    }
    expect(passes).toBe(3);
  });

  it('stands where the boxes say, in pixels of the original', async () => {
    const tilted = await readText(await sharp(page).rotate(5, white).png().toBuffer(), engine);
    const straight = await readText(page, engine);
    const word = straight.lines[0]!.words[1]!;
    expect(word.text).toBe('quick');
    expect(word.box.x).toBeGreaterThan(90);
    expect(word.box.x).toBeLessThan(140);
    expect(word.box.y).toBeGreaterThan(40);
    expect(word.box.y).toBeLessThan(60);
    expect(tilted.rotation).toBeCloseTo(-5, 0);
    // Turned clockwise, the end of the first line sinks below its beginning.
    const [first, last] = [tilted.lines[0]!.words[0]!, tilted.lines[0]!.words.at(-1)!];
    expect(last.box.y - first.box.y).toBeGreaterThan(30);
  });

  it('is empty where there is none, and nothing is made up', async () => {
    const blank = await sharp({ create: { width: 400, height: 300, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    expect((await readText(blank, engine)).text.trim()).toBe('');
  });

  it('survives what the engine cannot read', async () => {
    await expect(engine.recognise(Buffer.from('no picture at all'), { language: 'eng' })).rejects.toThrow();
    expect((await readText(page, engine)).text).toBe(TEXT);
  });
});

describe.each(ENGINES)('a small picture, by %s,', (_, engine) => {
  /** A part of the page: `fox`, its first line, a line that is less wide. */
  const part = (left: number, top: number, width: number, height: number) =>
    sharp(page).extract({ left, top, width, height });
  const blank = (width: number, height: number, background = '#000') =>
    sharp({ create: { width, height, channels: 3, background } });

  it.each([
    [
      'a strip of 40 pixels',
      () => part(0, 30, 700, 50).resize(900, 40, { fit: 'contain', ...white }),
      /quick brown fox/,
    ],
    [
      'one that is upside down',
      () =>
        part(0, 30, 700, 50)
          .resize(600, 120, { fit: 'contain', ...white })
          .rotate(180),
      /quick brown fox/,
    ],
    ['an icon without text', () => blank(64, 64, '#3366cc'), /^$/],
    ['one pixel', () => blank(1, 1), /^$/],
    ['a line of pixels', () => blank(1, 200), /^$/],
    ['a line of pixels of two colours', () => blank(300, 3).extend({ bottom: 2, background: '#fff' }), /^$/],
    ['half an icon', () => blank(32, 64).extend({ right: 32, background: '#fff' }), /^\W?$/],
  ])('is read, or empty: %s', async (_, picture, expected) => {
    const read = await readText(await picture().png().toBuffer(), engine);
    expect(read.text).toMatch(expected);
  });
});

describe.each(ENGINES)('a page of several, by %s,', (_, engine) => {
  it('is read by itself, with its own size', async () => {
    const second = await sharp(page).rotate(5, white).png().toBuffer();
    const tiff = await sharp([page, second], { join: { animated: true } })
      .tiff()
      .toBuffer()
      .catch(async () => {
        const { width, height } = await sharp(page).metadata();
        const same = await sharp(second)
          .resize(width, height, { fit: 'contain', ...white })
          .png()
          .toBuffer();
        return sharp([page, same], { join: { animated: true } })
          .tiff()
          .toBuffer();
      });
    const read = await readText(tiff, engine, { page: 2 });
    expect(read.text).toContain('Invoice 2047');
    expect(read.rotation).toBeCloseTo(-5, 0);
    await expect(readText(tiff, engine, { page: 3 })).rejects.toThrow();
  });
});

describe.each(ENGINES)('the language of a page, by %s,', (_, engine) => {
  const testing = (name: string) => readFile(new URL(`../testing/${name}`, import.meta.url));

  it('is found among those that are installed', async () => {
    expect(languages.installed).toEqual(expect.arrayContaining(['eng', 'deu', 'ell']));
    expect(languages.installed[0]).toBe('eng');
    const all = { languages: languages.used };
    const [german, greek, english] = [
      await readText(await testing('german.png'), engine, all),
      await readText(await testing('greek.png'), engine, all),
      await readText(page, engine, all),
    ];
    expect(german).toMatchObject({ language: 'deu', text: expect.stringContaining('Süße Brötchen gibt es täglich') });
    expect(greek).toMatchObject({ language: 'ell', text: expect.stringContaining('Το πλοίο φεύγει στις οκτώ') });
    expect(english).toMatchObject({ language: 'eng', text: TEXT });
  }, 120_000);

  it('is found for a page that lies on its side too', async () => {
    const turned = await sharp(await testing('greek.png'))
      .rotate(180)
      .png()
      .toBuffer();
    expect(await readText(turned, engine, { languages: languages.used })).toMatchObject({
      language: 'ell',
      rotation: 180,
      text: expect.stringContaining('Το πλοίο φεύγει'),
    });
  }, 120_000);
});

describe('a worker', () => {
  /** How many threads of this process run JavaScript, as Linux names them. */
  const threads = () =>
    globSync('/proc/self/task/*/comm').filter((file) => readFileSync(file, 'utf8').startsWith('Worker')).length;

  it.skipIf(process.platform !== 'linux')(
    'is read by a thread that ends when no page comes for a while, and by another when one does',
    async () => {
      const before = threads();
      await using idle = createOcrEngine({ log, languages, idleMs: 500 });
      expect((await readText(page, idle)).text).toBe(TEXT);
      expect(threads()).toBe(before + 1);
      await expect.poll(threads, { timeout: 20_000 }).toBe(before);
      expect((await readText(page, idle)).text).toBe(TEXT);
      expect(threads()).toBe(before + 1);
      await idle.release();
      await expect.poll(threads, { timeout: 20_000 }).toBe(before);
    },
    60_000,
  );
});

describe('the languages', () => {
  it('are those that a setting names, in their order, and what is not there is told', () => {
    const named = (...names: string[]) => findLanguages({ OCR_LANGUAGES: names, OCR_DATA: undefined });
    expect(named('deu', 'eng')).toMatchObject({ used: ['deu', 'eng'], missing: [] });
    expect(named('deu', 'tlh')).toMatchObject({ used: ['deu'], missing: ['tlh'] });
    expect(named('tlh')).toMatchObject({ used: ['eng'], missing: ['tlh'] });
    expect(() => named().fileOf('tlh')).toThrow('tlh');
  });
});

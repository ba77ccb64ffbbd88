import { globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { createOcrEngine } from './engine.ts';
import { readText } from './recognise.ts';

const page = await readFile(new URL('../testing/page.png', import.meta.url));
const TEXT = `The quick brown fox jumps over the lazy dog.
Invoice 2047 was paid on 14 March 2026.
Total amount due: 1,284.50 EUR
Sextant measures the angle between two objects.
Navigators use it to find their position at sea.`;
const white = { background: '#ffffff' };
const engine = createOcrEngine(pino({ level: 'silent' }));
afterAll(() => engine[Symbol.asyncDispose]());

describe('the text of a picture', () => {
  it.each([
    ['as it is', () => sharp(page)],
    ['tilted by 5 degrees', () => sharp(page).rotate(5, white)],
    ['tilted the other way', () => sharp(page).rotate(-3, white)],
    ['on its side', () => sharp(page).rotate(90)],
    ['light on dark', () => sharp(page).negate()],
    ['pale', () => sharp(page).linear(0.3, 160)],
  ])('is read %s', async (_, picture) => {
    const read = await readText(await picture().png().toBuffer(), engine);
    expect(read.text).toBe(TEXT);
    expect(read.confidence).toBeGreaterThan(85);
  });

  /** How many threads of this process run JavaScript, as Linux names them. */
  const threads = () =>
    globSync('/proc/self/task/*/comm').filter((file) => readFileSync(file, 'utf8').startsWith('Worker')).length;

  it.skipIf(process.platform !== 'linux')(
    'is read by a thread that ends when no page comes for a while, and by another when one does',
    async () => {
      const before = threads();
      await using idle = createOcrEngine(pino({ level: 'silent' }), 1, 500);
      expect((await readText(page, idle)).text).toBe(TEXT);
      expect(threads()).toBe(before + 1);
      await expect.poll(threads, { timeout: 20_000 }).toBe(before);
      expect((await readText(page, idle)).text).toBe(TEXT);
      expect(threads()).toBe(before + 1);
    },
    60_000,
  );

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
    await expect(engine.recognise(Buffer.from('no picture at all'))).rejects.toThrow();
    expect((await readText(page, engine)).text).toBe(TEXT);
  });
});

import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { openPage, prepare } from './preparation.ts';

it('a page goes to the engine as one grey channel, whatever is done with it: four bytes a pixel would be its memory', async () => {
  const page = await openPage(await readFile(new URL('../testing/page.png', import.meta.url)));
  for (const treatment of [{}, { flatten: true }, { scale: 1.5 }, { turn: 90 as const }, { raw: true }]) {
    const { png } = await prepare(page, treatment);
    expect(await sharp(png).metadata()).toMatchObject({ channels: 1, depth: 'uchar' });
  }
});

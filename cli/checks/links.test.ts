import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { brokenLinks } from './links.ts';

it('names the files that pages link to and that are gone, and no other links', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'sextant-links-'));
  try {
    await mkdir(path.join(root, 'docs'));
    await writeFile(path.join(root, 'here.ts'), '');
    await writeFile(path.join(root, 'README.md'), '[a](here.ts) [b](gone.ts#L3) [c](https://example.org/x) [d](#top)');
    await writeFile(path.join(root, 'docs', 'page.md'), '[up](../here.ts) [down](other.md)');
    expect(brokenLinks(root)).toEqual(['README.md names gone.ts', 'docs/page.md names docs/other.md']);
  } finally {
    await rm(root, { recursive: true });
  }
});

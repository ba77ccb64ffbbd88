import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { unusedWords } from './words.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'sextant-words-'));
});
afterAll(() => rm(root, { recursive: true }));

async function wordsOf(text: string): Promise<string[]> {
  await writeFile(path.join(root, 'a.ts'), text);
  return unusedWords(root, ['a.ts']);
}

it.each([
  ['// Whoever asks is told.', 'name who acts: the client, the gateway, another process'],
  ["const text = 'nobody is told';", 'name who acts: the client, the gateway, another process'],
  ['// It begins anew.', 'write "again"'],
  ['// a server of one’s own', 'write "your own", or name the owner'],
  ['// That is no error.', 'write "is not a"; "there is no" stays'],
  ['/**\n * Those are\n * no errors.\n */', 'write "is not a"; "there is no" stays'],
  ['const MOST_BYTES = 1;', 'a limit is called MAX_'],
  ['function keepHouse() {}', 'what removes is called cleanup'],
  ['relay.nudge();', 'what is waiting is woken: wake'],
  ["import { expect, test } from 'vitest';", 'tests are written with it()'],
])('names a word that the house does not use, and what is written instead: %s', async (text, instead) => {
  const [found, ...others] = await wordsOf(text);
  expect([found?.startsWith('a.ts:'), found?.endsWith(instead), others]).toEqual([true, true, []]);
});

it.each([
  '// There is no error, and there are no others.',
  '/**\n * says that there\n * is no such thing\n */',
  '// It is no longer so. The place is no more than that.',
  'const ALMOST_ALL = 0.9;',
  "import { expect, it } from 'vitest'; // test",
])('leaves alone what only looks like one: %s', async (text) => {
  expect(await wordsOf(text)).toEqual([]);
});

it('tells the line, and folders of helpers with another name', async () => {
  expect(await wordsOf('// fine\n\n// somebody\n')).toEqual([
    'a.ts:3 "somebody": name who acts: the client, the gateway, another process',
  ]);
  expect(unusedWords(root, ['gateway/fixtures/graph.png', 'gateway/testing/graph.png'])).toEqual([
    'gateway/fixtures/graph.png: helpers of tests are in testing/',
  ]);
});

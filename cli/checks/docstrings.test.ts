import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { wrongDocstrings } from './docstrings.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'sextant-docstrings-'));
  await mkdir(path.join(root, 'llm'));
});
afterAll(() => rm(root, { recursive: true }));

async function wrongIn(text: string): Promise<string[]> {
  await writeFile(path.join(root, 'llm/a.ts'), text);
  return wrongDocstrings(root, ['llm/a.ts', 'llm/a.test.ts']);
}

it.each([
  'export function f() {}',
  'export const f = (a: number) => a;',
  'export const f = async <T>(a: T): Promise<T> => a;',
  '// Not a docstring.\nexport async function f() {}',
])('asks for a comment of an exported function: %s', async (text) => {
  expect(await wrongIn(text)).toMatchObject([expect.stringMatching(/ f has no comment; say what it does$/)]);
});

it.each([
  '/** The length. */\nexport function f() {}',
  '/** What it says. */\nexport const f = () => 1;',
  '/**\n * @returns the length.\n */\nexport function* f() {}',
  '/** This is it. */\nexport function f() {}',
])('asks that it begins with a verb: %s', async (text) => {
  expect(await wrongIn(text)).toMatchObject([expect.stringMatching(/f: its comment begins with a verb/)]);
});

it.each(['/** What it is. */\nexport interface F {}', '/** Counts. */\nexport abstract class F {}'])(
  'asks that the comment of a type begins with an article: %s',
  async (text) => {
    expect(await wrongIn(text)).toMatchObject([expect.stringMatching(/F: its comment begins with "A" or "The"$/)]);
  },
);

it.each([
  '/** Returns the length. */\nexport function f() {}',
  '/**\n * Adds, and\n * the like.\n *\n * @param a what.\n */\nexport const f = (a: number) => a;',
  '/** Reads. */\nexport function f(a: string): string;\nexport function f(a: number): number;',
  '/** An end. */\nexport type F = string;',
  'export interface F {}',
  'export const LIMIT = 1;',
  'function f() {}',
])('is content: %s', async (text) => {
  expect(await wrongIn(text)).toEqual([]);
});

import { expect, it } from 'vitest';
import { untrueWays } from './ways.ts';

const page = (...steps: string[]): string =>
  ['# A page', '', '## The way', '', 'In words.', '', ...steps, '', '1. [z.ts](z.ts) is of something else →'].join(
    '\n',
  );
const code = (file: string): string =>
  `// commented.${file[0]}\nexport const step = this.#part.${file[0]}Step('quoted');`;
const found = (steps: string[], most = 2): string[] =>
  untrueWays(page(...steps), [{ begin: '## The way', most }], code);

it('counts the files of a way, each once', () => {
  const steps = ['1. [a.ts](a.ts) begins. `aStep` →', '2. [b.ts](b.ts) ends, as [a.ts](a.ts) began.'];
  expect(found(steps)).toEqual([]);
  expect(found(steps, 1)).toEqual(['"## The way" takes 2 files; 1 are promised']);
});

it('finds hand-overs that the code of their file does not have, and a way that is not told', () => {
  expect(found(['1. [a.ts](a.ts) begins. `part.aStep` →', '2. [b.ts](b.ts) ends: `whatever`.'])).toEqual([]);
  expect(untrueWays('# A page', [{ begin: '## The way', most: 2 }], () => '')).toEqual([
    'no steps follow "## The way"',
  ]);
});

it.each(['other', 'other.aStep', 'aSte', 'commented.a', 'quoted'])(
  'takes no part of a name and no comment for %s',
  (name) => {
    expect(found([`1. [a.ts](a.ts) begins. \`${name}\` →`])).toEqual([`the code of a.ts has no ${name}`]);
  },
);

it('finds a step before the last that names no hand-over', () => {
  const step = '1. [a.ts](a.ts) begins, with `aStep`.';
  expect(found([step, '2. [b.ts](b.ts) ends.'])).toEqual([`no hand-over: ${step}`]);
});

import { expect, it } from 'vitest';
import { untrueWays } from './ways.ts';

const page = (...steps: string[]): string =>
  ['# A page', '', '## The way', '', 'In words.', '', ...steps, '', '1. [z.ts](z.ts) is of something else →'].join(
    '\n',
  );
const found = (steps: string[], most = 2): string[] =>
  untrueWays(page(...steps), [{ begin: '## The way', most }], (file) => `export function ${file[0]}Step() {}`);

it('counts the files of a way, each once', () => {
  const steps = ['1. [a.ts](a.ts) begins.', '2. [b.ts](b.ts) ends, as [a.ts](a.ts) began.'];
  expect(found(steps)).toEqual([]);
  expect(found(steps, 1)).toEqual(['"## The way" takes 2 files; 1 are promised']);
});

it('finds hand-overs that their file does not have, and a way that is not told', () => {
  expect(found(['1. [a.ts](a.ts) begins. `Part.aStep` →', '2. [b.ts](b.ts) ends: `whatever`.'])).toEqual([]);
  expect(found(['1. [a.ts](a.ts) begins. `Part.other` →'])).toEqual(['a.ts has no other']);
  expect(untrueWays('# A page', [{ begin: '## The way', most: 2 }], () => '')).toEqual([
    'no steps follow "## The way"',
  ]);
});

import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A way through the house: where ARCHITECTURE.md begins to tell it, and the files that it takes at most. */
export interface Way {
  readonly begin: string;
  readonly most: number;
}

/** The ways that a reader is promised. */
export const WAYS: readonly Way[] = [
  { begin: '## The life of a query', most: 10 },
  { begin: '**A token, from the provider', most: 8 },
];

const STEP = /^\d+\. /;
const LINK = /\]\(([^)\s#]+)\)/g;
/** A name in front of an arrow. */
const HAND_OVER = /`([^`]+)` →/g;
const COMMENT_OR_STRING = /\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

/**
 * Returns what is not true of the ways that a page tells: more files than are promised, steps before the last that name
 * no hand-over, and names of hand-overs that the code of the file of their step does not have.
 *
 * @param textOf returns the text of a file.
 */
export function untrueWays(page: string, ways: readonly Way[], textOf: (file: string) => string): string[] {
  return ways.flatMap(({ begin, most }) => {
    const steps = stepsAfter(page, begin);
    if (steps.length === 0) return [`no steps follow "${begin}"`];
    const files = new Set(steps.flatMap(linksOf));
    return [
      ...(files.size > most ? [`"${begin}" takes ${files.size} files; ${most} are promised`] : []),
      ...steps.slice(0, -1).flatMap((step) => (handOversOf(step).length === 0 ? [`no hand-over: ${step}`] : [])),
      ...steps.flatMap((step) => missingNames(step, textOf)),
    ];
  });
}

/** The numbered lines that come first after a text. */
function stepsAfter(page: string, begin: string): string[] {
  const lines = page.slice(page.indexOf(begin)).split('\n');
  const first = page.includes(begin) ? lines.findIndex((line) => STEP.test(line)) : -1;
  if (first < 0) return [];
  const end = lines.findIndex((line, index) => index > first && !STEP.test(line));
  return lines.slice(first, end < 0 ? undefined : end);
}

const linksOf = (step: string): string[] => [...step.matchAll(LINK)].map(([, file]) => file!);

const handOversOf = (step: string): string[] => [...step.matchAll(HAND_OVER)].map(([, name]) => name!);

function missingNames(step: string, textOf: (file: string) => string): string[] {
  const [file] = linksOf(step);
  const names = handOversOf(step);
  if (file === undefined || names.length === 0) return [];
  const code = textOf(file).replace(COMMENT_OR_STRING, '');
  return names.filter((name) => !isWithin(name, code)).map((name) => `the code of ${file} has no ${name}`);
}

const isWithin = (name: string, code: string): boolean =>
  new RegExp(`(?<![\\w$])${name.replace(/[^\w]/g, '\\$&')}(?![\\w$])`).test(code);

/** Returns what is not true of the ways that ARCHITECTURE.md tells. */
export const wrongWays = (root: string): string[] =>
  untrueWays(readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8'), WAYS, (file) =>
    readFileSync(path.join(root, file), 'utf8'),
  );

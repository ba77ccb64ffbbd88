import { readFileSync } from 'node:fs';
import path from 'node:path';

const TEXT = /\.(tsx?|mjs|md|graphql|prisma|ya?ml|json)$/;
/** Texts of people, lists of English words, and what names the words to refuse them. */
const EXEMPT =
  /(^|\/)generated\/|\.(?:types|generated)\.ts$|\/client\/|^package-lock\.json$|^bench\/retrieval\/|^cli\/checks\/words\.|\/fingerprint\.ts$/;
const HELPERS = /(^|\/)(fixtures?|harness|helpers?|utils?)\//;
/** What stands between two words of a comment: spaces, and a line break with the signs of the next line. */
const GAP = '(?:[ \\t]|\\n[ \\t]*(?:\\*|//|#|>)?)+';

/** The words and prefixes that are not used, and what is written instead. */
const RULES: readonly (readonly [RegExp, string])[] = [
  [/\b(?:whoever|somebody|nobody)\b/gi, 'name who acts: the client, the gateway, another process'],
  [/\banew\b/gi, 'write "again"'],
  [/\bone['’]s own\b/gi, 'write "your own", or name the owner'],
  [
    new RegExp(`(?<!\\bthere${GAP})\\b(?:is|are)${GAP}no${GAP}(?!longer\\b|more\\b)(?=\\w)`, 'gi'),
    'write "is not a"; "there is no" stays',
  ],
  [/\b(?:MOST|LONGEST|LARGEST)_(?=[A-Z])/g, 'a limit is called MAX_'],
  [/\b(?:sweep|tidy|keepHouse)\w*/gi, 'what removes is called cleanup'],
  [/\b(?:poke|nudge)[sd]?\b/gi, 'what is waiting is woken: wake'],
  [/import \{[^}]*\btest\b[^}]*\} from 'vitest'/g, 'tests are written with it()'],
];

/**
 * Returns the words that the house does not use, each with its place and what is written instead, and the folders of
 * helpers that have another name than `testing/`.
 *
 * @param files relative to `root`.
 */
export function unusedWords(root: string, files: readonly string[]): string[] {
  const folders = files.filter((file) => HELPERS.test(file)).map((file) => `${file}: helpers of tests are in testing/`);
  return [
    ...folders,
    ...files
      .filter((file) => TEXT.test(file) && !EXEMPT.test(file))
      .flatMap((file) => {
        const text = readFileSync(path.join(root, file), 'utf8');
        return RULES.flatMap(([pattern, instead]) =>
          [...text.matchAll(pattern)].map(({ 0: word, index }) => {
            const line = text.slice(0, index).split('\n').length;
            return `${file}:${line} ${JSON.stringify(word.trim())}: ${instead}`;
          }),
        );
      }),
  ];
}

import { readFileSync } from 'node:fs';
import path from 'node:path';

const SOURCE = /^(cli|gateway|subgraphs|llm|retrieval|platform|clients)\/.*\.tsx?$/;
const LEFT_OUT = /\.(test|contract|types)\.ts$|\/(testing|generated|client)\//;
const FUNCTION = /^export (?:async )?function\*? ?(\w+)|^export const (\w+)[^=]* = (?:async )?(?:<[^>]*>)?\(/;
const TYPE = /^export (?:abstract )?(?:interface|type|class) (\w+)/;
/** A verb of the third person, as all that comments of functions begin with. */
const VERB = /^(?!(?:This|Its|As|Is|Was|Has|Parts|Names|Options)\b)[A-Z][a-z]+s\b/;
const ARTICLE = /^(?:A|An|The)\b/;

/**
 * Returns the exported functions without a comment or with one that does not begin with a verb, and the exported types
 * whose comment does not begin with an article. The formatter puts declarations of a module at the start of a line.
 *
 * @param files relative to `root`.
 */
export function wrongDocstrings(root: string, files: readonly string[]): string[] {
  return files
    .filter((file) => SOURCE.test(file) && !LEFT_OUT.test(file))
    .flatMap((file) => {
      const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
      return lines.flatMap((line, index) => {
        const callable = FUNCTION.exec(line);
        const name = callable?.[1] ?? callable?.[2] ?? TYPE.exec(line)?.[1];
        if (name === undefined || isOverload(lines[index - 1], name)) return [];
        const comment = commentAbove(lines, index);
        const at = `${file}:${index + 1} ${name}`;
        if (comment === undefined) return callable ? [`${at} has no comment; say what it does`] : [];
        if ((callable ? VERB : ARTICLE).test(comment)) return [];
        return [`${at}: its comment begins with ${callable ? 'a verb, such as "Returns"' : '"A" or "The"'}`];
      });
    });
}

/** A further signature of a function shares the comment of the first. */
const isOverload = (before: string | undefined, name: string): boolean =>
  before?.startsWith(`export function ${name}`) === true && before.endsWith(';');

function commentAbove(lines: readonly string[], index: number): string | undefined {
  if (!lines[index - 1]?.endsWith('*/')) return undefined;
  let first = index - 1;
  while (!lines[first]!.startsWith('/*')) first--;
  const text = lines.slice(first, index).map((line) => line.replace(/^\/\*\*?|^ \*\/?/, '').trim());
  return text.join(' ').trim();
}

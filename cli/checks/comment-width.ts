import { readFileSync } from 'node:fs';
import path from 'node:path';

const MAX_COLUMNS = 120;
const SOURCE = /\.(tsx?|mjs|prisma)$/;
/** Written by hand; no formatter keeps their lines, so all of them count. */
const SCHEMA = /^subgraphs\/[^/]+\/schema\.graphql$/;
const GENERATED = /(^|\/)generated\/|\.(?:types|generated)\.ts$|\/client\//;
const COMMENT = /^\s*(\/\*\*|\*|\/\/)/;

/**
 * Returns the lines of comments, and of the subgraphs' schemas, that are wider than the formatter keeps code. An
 * address that fills a line by itself stays as it is.
 *
 * @param files relative to `root`.
 */
export function wideComments(root: string, files: readonly string[]): string[] {
  return files
    .filter((file) => SCHEMA.test(file) || (SOURCE.test(file) && !GENERATED.test(file)))
    .flatMap((file) =>
      readFileSync(path.join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          line.length > MAX_COLUMNS &&
          (SCHEMA.test(file) || COMMENT.test(line)) &&
          /\S\s\S/.test(line.replace(COMMENT, '').trim())
            ? [`${file}:${index + 1} has ${line.length} columns; at most ${MAX_COLUMNS} are kept`]
            : [],
        ),
    );
}

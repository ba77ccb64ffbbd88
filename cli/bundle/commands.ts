import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Plugin } from 'esbuild';

const PATTERN = /`\.\.\/\.\.\/subgraphs\/\$\{name\}\/subgraph\.ts`/;

/**
 * Leaves out of the command what a process does not run: it starts in less time, and weighs less, without the rest.
 *
 * @param files of the commands that stay, as cli/sextant.ts imports them.
 * @param options of it: the subgraph that `serve` serves, and modules that are left out as well, as they are imported.
 */
export const only = (
  root: string,
  files: readonly string[],
  { subgraph, without = [] }: { readonly subgraph?: string; readonly without?: readonly string[] },
): Plugin => ({
  name: 'only some commands',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/[a-z/-]+\.ts$/ }, ({ path: name, kind, importer }) =>
      kind === 'dynamic-import' && importer === path.join(root, 'cli/sextant.ts') && !files.includes(name)
        ? { path: name, namespace: 'absent' }
        : undefined,
    );
    onResolve({ filter: /./ }, ({ path: name }) =>
      without.includes(name) ? { path: name, namespace: 'absent' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'absent' }, ({ path: name }) => ({
      contents: `throw new Error('${name} is not part of this file.');`,
    }));
    onLoad({ filter: /\/cli\/serving\/subgraphs\.ts$/ }, async ({ path: file }) => {
      if (subgraph === undefined) return undefined;
      const text = await readFile(file, 'utf8');
      if (!PATTERN.test(text)) throw new Error(`${file} does not import ${PATTERN} any more.`);
      return { contents: text.replace(PATTERN, `'../../subgraphs/${subgraph}/subgraph.ts'`), loader: 'ts' };
    });
  },
});

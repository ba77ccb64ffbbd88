import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import { keepCompressed } from './compressed.ts';

const require = createRequire(import.meta.url);

/**
 * Makes what the explorer's page is made with: GraphiQL with its editor, whose packages take two hundred megabytes, in
 * a few files that browsers read and nothing is fetched for. They are committed, compressed, and change with the
 * versions of those packages alone; client.js changes with the client package.
 */
export async function buildExplorerParts(root: string): Promise<void> {
  const explorer = path.resolve(root, 'gateway', 'explorer');
  const { outputFiles } = await build({
    absWorkingDir: path.resolve(root),
    entryPoints: {
      parts: path.join(explorer, 'parts.js'),
      // The page is a client of the graph: it shares the session of the console through the same code.
      client: path.resolve(root, 'clients/typescript/src/index.ts'),
      'editor.worker': require.resolve('monaco-editor/esm/vs/editor/editor.worker.js'),
      'json.worker': require.resolve('monaco-editor/esm/vs/language/json/json.worker.js'),
      'graphql.worker': require.resolve('monaco-graphql/esm/graphql.worker.js'),
    },
    outdir: path.join(explorer, 'built'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl' },
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    logLevel: 'error',
    write: false,
  });
  await mkdir(path.join(explorer, 'built'), { recursive: true });
  await Promise.all(outputFiles.map(({ path: file, contents }) => keepCompressed(`${file}.br`, contents)));
}

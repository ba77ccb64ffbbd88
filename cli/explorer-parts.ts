import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);

/**
 * Makes what the explorer's page is made with: GraphiQL with its editor, whose packages take two hundred megabytes, in
 * a few files that browsers read and nothing is fetched for. They are committed, compressed, and change with the
 * versions of those packages alone.
 */
export async function buildExplorerParts(root: string): Promise<void> {
  const explorer = path.resolve(root, 'gateway', 'explorer');
  const { outputFiles } = await build({
    absWorkingDir: path.resolve(root),
    entryPoints: {
      parts: path.join(explorer, 'parts.js'),
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
  await Promise.all(outputFiles.map(({ path: file, contents }) => keep(`${file}.br`, contents)));
}

/** Writes a file unless it holds the same already: another version of the compressor writes other bytes. */
async function keep(file: string, contents: Uint8Array): Promise<void> {
  const before = await readFile(file).then(promisify(brotliDecompress), () => undefined);
  if (before?.equals(contents)) return;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  await writeFile(file, await promisify(brotliCompress)(contents, { params }));
}

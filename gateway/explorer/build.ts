import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Where the bundle is made, and served from. */
export const EXPLORER_DIST = path.join(here, 'dist');

/**
 * Bundles the explorer, with nothing left to be fetched from the internet. Part of `sextant generate`; takes seconds.
 */
export async function buildExplorer(): Promise<void> {
  // A development dependency: an image that carries the bundle does not carry the bundler.
  const { build } = await import('esbuild');
  const require = createRequire(import.meta.url);
  await build({
    entryPoints: {
      app: path.join(here, 'app.jsx'),
      'editor.worker': require.resolve('monaco-editor/esm/vs/editor/editor.worker.js'),
      'json.worker': require.resolve('monaco-editor/esm/vs/language/json/json.worker.js'),
      'graphql.worker': require.resolve('monaco-graphql/esm/graphql.worker.js'),
    },
    outdir: EXPLORER_DIST,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl' },
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  });
}

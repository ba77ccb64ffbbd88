import path from 'node:path';
import { defineConfig } from 'vite';

const client = path.resolve(import.meta.dirname, '../clients/typescript/src');

/** The console is served at /; what its pages load lies below /console-assets/, under names that change with it. */
export default defineConfig({
  root: import.meta.dirname,
  publicDir: 'page',
  html: { cspNonce: 'SEXTANT_NONCE' },
  resolve: {
    alias: [
      { find: /^@sextant\/client$/, replacement: `${client}/index.ts` },
      { find: /^@sextant\/client\/react$/, replacement: `${client}/react/index.ts` },
      { find: /^@sextant\/client\/(apollo|ai-sdk)$/, replacement: `${client}/$1.ts` },
    ],
  },
  define: { 'globalThis.__DEV__': 'false' },
  server: {
    // `npm run console` beside a product that runs: the page is Vite's, everything else the product's.
    proxy: Object.fromEntries(
      ['/graphql', '/_/', '/health', '/explorer'].map((way) => [way, { target: 'http://localhost:4000', ws: true }]),
    ),
  },
  build: {
    assetsDir: 'console-assets',
    target: 'es2023',
    // They know light-dark(). For older ones it is rewritten into what works only where a rule of the same file sets
    // the scheme; here the library does.
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1_000,
    reportCompressedSize: false,
    copyPublicDir: false,
    rolldownOptions: {
      output: {
        // What the first page needs comes in two files, at once: a browser asks for six at a time over HTTP/1.1, and
        // libraries stay in its cache when the console changes.
        codeSplitting: {
          groups: [
            { name: 'libraries', tags: ['$initial'], test: /node_modules/, priority: 2 },
            { name: 'console', tags: ['$initial'], priority: 1 },
          ],
        },
      },
    },
  },
});

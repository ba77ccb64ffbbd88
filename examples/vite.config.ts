import path from 'node:path';
import { defineConfig } from 'vite';

const client = path.resolve(import.meta.dirname, '../clients/typescript/src');
/** Where the product runs. */
const server = process.env['SEXTANT_URL'] ?? 'http://localhost:4000';

/** The examples on a server of their own; what they ask of the graph goes on to the product. */
export default defineConfig({
  root: import.meta.dirname,
  resolve: {
    alias: [
      { find: /^@sextant\/client$/, replacement: `${client}/index.ts` },
      { find: /^@sextant\/client\/react$/, replacement: `${client}/react/index.ts` },
      { find: /^@sextant\/client\/(apollo|urql|ai-sdk|assistant-ui)$/, replacement: `${client}/$1.ts` },
    ],
  },
  server: { proxy: { '/graphql': { target: server, ws: true } } },
});

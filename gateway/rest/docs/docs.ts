import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPageFiles } from '../../server/page-files.ts';
import { sendJson, sendText } from '../../server/pages.ts';

const FOLDER = path.dirname(fileURLToPath(import.meta.url));
const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sextant REST</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/docs/icon.svg">
<link rel="stylesheet" href="/docs/viewer.css"></head>
<body><div id="docs"></div><script src="/docs/viewer.js"></script><script type="module" src="/docs/docs.js"></script>
</body></html>
`;
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data: blob:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page that shows the REST endpoints and tries them. */
export interface Docs {
  /** Whether the page, or one of its files, has this path. */
  has(path: string): boolean;
  answer(response: ServerResponse, path: string): Promise<void>;
}

/** Creates the page at /docs: Swagger UI from this server alone, over /openapi.json. */
export function createDocs(): Docs {
  const files = createPageFiles(FOLDER);
  return {
    has: (given) => given === '/docs' || given.startsWith('/docs/'),
    async answer(response, given) {
      if (given === '/docs' || given === '/docs/') {
        response.setHeader('content-security-policy', POLICY);
        return sendText(response, 200, 'text/html; charset=utf-8', PAGE);
      }
      if (await files.send(response, given.slice('/docs/'.length))) return;
      sendJson(response, 404, { error: { code: 'NOT_FOUND', message: 'No such file.' } });
    },
  };
}

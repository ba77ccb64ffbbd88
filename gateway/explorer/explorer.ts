import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import type { Config } from '#platform/base/config/config.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { sendJson, sendText } from '../server/pages.ts';
import { EXPLORER_DIST } from './build.ts';

export interface ExplorerOptions {
  readonly config: Pick<Config, 'production'>;
  readonly log: Logger;
  /** Folder of .graphql files, one tab each, in the order of their names. */
  readonly examples?: string | undefined;
  /** The operation that signs a person in with `$email` and `$password`, and where in its data the token is. */
  readonly signIn?: SignIn | undefined;
}

export interface SignIn {
  readonly query: string;
  /** Dotted path, e.g. `login.tokens.accessToken`. */
  readonly token: string;
}

export interface Explorer {
  answer(response: ServerResponse, path: string): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/**
 * Creates the explorer: GraphiQL from this server alone. Not there in production, where introspection is off as well.
 */
export function createExplorer(options: ExplorerOptions): Explorer {
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sextant explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/explorer/app.css"></head>
<body><div id="explorer"></div><script type="module" src="/explorer/app.js"></script></body></html>
`;
  const files = new Map<string, { body: Buffer; etag: string }>();

  async function fileOf(name: string) {
    const kept = files.get(name);
    if (kept) return kept;
    const body = await readFile(path.join(EXPLORER_DIST, name));
    const file = { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"` };
    files.set(name, file);
    return file;
  }

  return {
    async answer(response, given) {
      if (options.config.production) {
        return sendJson(response, 404, { error: { code: 'NOT_FOUND', message: 'The explorer is off in production.' } });
      }
      if (given === '/explorer' || given === '/explorer/') {
        response.setHeader(
          'content-security-policy',
          "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; " +
            "connect-src 'self' ws: wss:; worker-src 'self' blob:; frame-ancestors 'none'",
        );
        return sendText(response, 200, 'text/html; charset=utf-8', page);
      }
      if (given === '/explorer/settings.json') {
        return sendJson(response, 200, {
          examples: readExamples(options.examples, options.log),
          signIn: options.signIn,
        });
      }
      const name = /^\/explorer\/([a-z]+(?:\.worker)?\.(?:js|css))$/.exec(given)?.[1];
      if (name === undefined)
        return sendJson(response, 404, { error: { code: 'NOT_FOUND', message: 'No such file.' } });
      try {
        const { body, etag } = await fileOf(name);
        response.setHeader('etag', etag);
        response.setHeader('cache-control', 'no-cache');
        if (response.req.headers['if-none-match'] === etag) return void response.writeHead(304).end();
        return sendText(response, 200, TYPES[path.extname(name)]!, body);
      } catch {
        const message = 'The explorer has not been built: run `npm run generate`.';
        return sendJson(response, 404, { error: { code: 'NOT_CONFIGURED', message } });
      }
    },
  };
}

function readExamples(folder: string | undefined, log: Logger): { query: string }[] {
  if (folder === undefined) return [];
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.graphql'))
      .sort()
      .map((name) => ({ query: readFileSync(path.join(folder, name), 'utf8') }));
  } catch (error) {
    log.warn({ err: error, folder }, 'the example operations cannot be read');
    return [];
  }
}

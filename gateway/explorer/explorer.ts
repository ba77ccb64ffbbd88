import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '#platform/base/config/config.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { createPageFiles } from '../server/page-files.ts';
import { sendJson, sendText } from '../server/pages.ts';

export interface ExplorerOptions {
  readonly config: Pick<Config, 'production'>;
  readonly log: Logger;
  /**
   * Folder of .graphql files, one tab each, in the order of their names; a .json file beside one has its variables, in
   * which `{{field.path}}` stands for what an earlier operation answered.
   */
  readonly examples?: string | undefined;
  /** How the page tells who is signed in; without it, it offers no session. */
  readonly account?: Account | undefined;
}

/**
 * The part of a session that the explorer asks about. The client package, which it is built with, signs in and
 * refreshes.
 */
export interface Account {
  /** `person { name }`; null or an error where the token is not good. */
  readonly who: string;
}

export interface Explorer {
  /** Answers below /explorer; `accepts` are the encodings that the browser reads. */
  answer(response: ServerResponse, path: string): Promise<void>;
}

const FOLDER = path.dirname(fileURLToPath(import.meta.url));
const pageOf = (nonce: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sextant explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta property="csp-nonce" nonce="${nonce}">
<link rel="icon" href="/explorer/icon.svg">
<link rel="stylesheet" href="/explorer/parts.css"><link rel="stylesheet" href="/explorer/page.css"></head>
<body><div id="explorer"></div><script type="module" src="/explorer/page.js"></script></body></html>
`;
/** The editor places its lines by attributes, so those are allowed; style sheets are not, but for its own. */
const policyOf = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "font-src 'self' data:",
    "img-src 'self' data:",
    "connect-src 'self' ws: wss:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/**
 * Creates the explorer: GraphiQL from this server alone. Not there in production, where introspection is off as well.
 */
export function createExplorer(options: ExplorerOptions): Explorer {
  const files = createPageFiles(FOLDER);
  const notFound = (response: ServerResponse, message: string): void =>
    sendJson(response, 404, { error: { code: 'NOT_FOUND', message } });

  return {
    async answer(response, given) {
      if (options.config.production) return notFound(response, 'The explorer is off in production.');
      if (given === '/explorer' || given === '/explorer/') {
        const nonce = randomBytes(16).toString('base64');
        response.setHeader('content-security-policy', policyOf(nonce));
        response.setHeader('cache-control', 'no-store');
        return sendText(response, 200, 'text/html; charset=utf-8', pageOf(nonce));
      }
      if (given === '/explorer/settings.json') {
        const examples = readExamples(options.examples, options.log);
        return sendJson(response, 200, { examples, account: options.account });
      }
      if (await files.send(response, given.slice('/explorer/'.length))) return;
      return notFound(response, 'No such file.');
    },
  };
}

function readExamples(folder: string | undefined, log: Logger): { query: string; variables?: string }[] {
  if (folder === undefined) return [];
  try {
    const names = readdirSync(folder).sort();
    return names
      .filter((name) => name.endsWith('.graphql'))
      .map((name) => {
        const variables = name.replace('.graphql', '.json');
        return {
          query: readFileSync(path.join(folder, name), 'utf8'),
          ...(names.includes(variables) && { variables: readFileSync(path.join(folder, variables), 'utf8') }),
        };
      });
  } catch (error) {
    log.warn({ err: error, folder }, 'the example operations cannot be read');
    return [];
  }
}

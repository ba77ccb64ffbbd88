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
  /** How people sign up and in. */
  readonly account?: Account | undefined;
}

/** The operations by which the explorer gets and keeps tokens. Each names its root field by an alias. */
export interface Account {
  /** With `$email` and `$password`; `account { message }` is shown. */
  readonly signUp: string;
  /** With `$email` and `$password`; `session { tokens { accessToken accessTokenExpiresAt refreshToken } }`. */
  readonly signIn: string;
  /** With `$refreshToken`; answers as `signIn` does. */
  readonly refresh: string;
  /** `person { name }`; null or an error where the token is not good. */
  readonly who: string;
}

export interface Explorer {
  /** Answers below /explorer; `accepts` are the encodings that the browser reads. */
  answer(response: ServerResponse, path: string): Promise<void>;
}

const FOLDER = path.dirname(fileURLToPath(import.meta.url));
const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sextant explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/explorer/icon.svg">
<link rel="stylesheet" href="/explorer/parts.css"><link rel="stylesheet" href="/explorer/page.css"></head>
<body><div id="explorer"></div><script type="module" src="/explorer/page.js"></script></body></html>
`;
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; " +
  "connect-src 'self' ws: wss:; worker-src 'self' blob:; frame-ancestors 'none'";

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
        response.setHeader('content-security-policy', POLICY);
        return sendText(response, 200, 'text/html; charset=utf-8', PAGE);
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

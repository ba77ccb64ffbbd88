import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Config } from '#platform/base/config/config.ts';
import { createPageFiles } from './page-files.ts';
import { sendText } from './pages.ts';

/** A page at / whose scripts show what the rest of the address names. */
export interface FrontPage {
  /** Returns whether a file of the page may have this path. */
  has(path: string): boolean;
  /**
   * Answers / and the files of the page, and every other address that a browser's address bar asks for.
   *
   * @returns false: the path is not one of these.
   */
  answer(response: ServerResponse, path: string, isAddress: boolean): Promise<boolean>;
}

const ASSETS = '/console-assets/';
/** Stands in the page where the number belongs that tells its own style sheets from those of others. */
const NONCE = 'SEXTANT_NONCE';

/**
 * Creates the page at /: `built/index.html` of a folder, with what it loads beside it. Nothing of other sites runs
 * there or is loaded, and no style sheet but the page's own counts.
 */
export function createFrontPage(folder: string, config: Pick<Config, 'publicUrl'>): FrontPage {
  const files = createPageFiles(folder, { hashed: true });
  let page: Promise<string | undefined> | undefined;
  // Uploads and pictures have links of PUBLIC_URL, also where the page was opened under another name.
  const own = `'self' ${new URL(config.publicUrl).origin}`;
  const policyOf = (nonce: string): string =>
    [
      "default-src 'none'",
      "script-src 'self'",
      `style-src 'self' 'nonce-${nonce}'`,
      `img-src ${own} data: blob:`,
      "font-src 'self'",
      `connect-src ${own} ws: wss:`,
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ].join('; ');

  return {
    has: (path) => path.startsWith(ASSETS) || path === '/icon.svg',
    async answer(response, path, isAddress) {
      if (path.startsWith(ASSETS)) return files.send(response, path.slice(ASSETS.length));
      if (path === '/icon.svg') return files.send(response, 'icon.svg');
      if (path !== '/' && !isAddress) return false;
      page ??= files
        .read('index.html')
        .then((bytes) => bytes?.toString())
        .catch((error: unknown) => {
          page = undefined;
          throw error;
        });
      const text = await page;
      if (text === undefined) return false;
      const nonce = randomBytes(16).toString('base64');
      response.setHeader('content-security-policy', policyOf(nonce));
      response.setHeader('cache-control', 'no-store');
      sendText(response, 200, 'text/html; charset=utf-8', text.replaceAll(NONCE, nonce));
      return true;
    },
  };
}

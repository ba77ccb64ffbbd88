import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { sendText } from './pages.ts';

interface PageFile {
  readonly body: Buffer;
  readonly etag: string;
  /** Whether the body is compressed, with Brotli. */
  readonly compressed: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const NAME = /^[\w-]+(?:\.[\w-]+)*(\.(?:js|css|svg))$/;

const FOR_EVER = 'public, max-age=31536000, immutable';

/** The files of a page that this server alone serves. */
export interface PageFiles {
  /** Sends a file in the encodings that the browser reads. @returns false: there is none of that name. */
  send(response: ServerResponse, name: string): Promise<boolean>;
  /** Reads a file that is not sent as it is. @returns undefined: there is none of that name. */
  read(name: string): Promise<Buffer | undefined>;
}

interface PageFilesOptions {
  /** Whether the name of a built file changes with what is in it, so that browsers need not ask again. */
  readonly hashed?: boolean;
}

/**
 * Creates the files of a page. Its own lie in `page/` as they are; what it is made with lies in `built/`, compressed.
 */
export function createPageFiles(folder: string, { hashed = false }: PageFilesOptions = {}): PageFiles {
  const files = new Map<string, Promise<PageFile>>();
  return {
    async read(name) {
      const file = await readPageFile(folder, name).catch(() => undefined);
      return file?.compressed ? promisify(brotliDecompress)(file.body) : file?.body;
    },
    async send(response, name) {
      const [, extension] = NAME.exec(name) ?? [];
      if (extension === undefined) return false;
      const reading = files.get(name) ?? readPageFile(folder, name);
      files.set(name, reading);
      const file = await reading.catch(() => undefined);
      if (!file) return false;
      response.setHeader('etag', file.etag);
      response.setHeader('cache-control', hashed && file.compressed ? FOR_EVER : 'no-cache');
      response.setHeader('vary', 'accept-encoding');
      const { 'if-none-match': known, 'accept-encoding': accepted = '' } = response.req.headers;
      if (known === file.etag) {
        response.writeHead(304).end();
        return true;
      }
      const isRead = file.compressed && /\bbr\b/.test(String(accepted));
      if (isRead) response.setHeader('content-encoding', 'br');
      const body = file.compressed && !isRead ? await promisify(brotliDecompress)(file.body) : file.body;
      sendText(response, 200, TYPES[extension]!, body);
      return true;
    },
  };
}

async function readPageFile(folder: string, name: string): Promise<PageFile> {
  const own = await readFile(path.join(folder, 'page', name)).catch(() => undefined);
  const body = own ?? (await readFile(path.join(folder, 'built', `${name}.br`)));
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
  return { body, etag, compressed: own === undefined };
}

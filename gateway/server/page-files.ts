import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress, gzip } from 'node:zlib';
import { SingleFlight } from '#platform/base/cancellation/single-flight.ts';
import { sendText } from './pages.ts';

interface PageFile {
  readonly body: Buffer;
  readonly etag: string;
  /** Whether the body is compressed, with Brotli. */
  readonly compressed: boolean;
  /** The body with gzip, made once: browsers read Brotli over https and from their own machine, not over http. */
  gzipped?: Promise<Buffer> | undefined;
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
  // What is kept is kept of the files that are there: names that a client makes up are without number.
  const files = new Map<string, Promise<PageFile | undefined>>();
  let listing: Promise<ReadonlySet<string>> | undefined;
  const inflating = new SingleFlight();
  /** As long as an answer holds them. */
  const inflated = new Map<string, WeakRef<Buffer>>();

  async function fileOf(name: string): Promise<PageFile | undefined> {
    listing ??= namesIn(folder).catch((error: unknown) => {
      listing = undefined;
      throw error;
    });
    if (!(await listing).has(name)) return undefined;
    const known = files.get(name);
    if (known) return known;
    const reading = readPageFile(folder, name).catch((error: unknown) => {
      files.delete(name);
      throw error;
    });
    files.set(name, reading);
    return reading;
  }

  /** All who ask share the bytes: a copy for each of thousands that do not read them is more memory than there is. */
  async function plainOf(name: string, { body, compressed }: PageFile): Promise<Buffer> {
    if (!compressed) return body;
    const known = inflated.get(name)?.deref();
    if (known) return known;
    const { value } = await inflating.run(name, () => promisify(brotliDecompress)(body));
    inflated.set(name, new WeakRef(value));
    return value;
  }

  /** The body of a file in an encoding; without one, as it is. */
  async function bodyIn(name: string, file: PageFile, encoding: string | undefined): Promise<Buffer> {
    if (!file.compressed || encoding === 'br') return file.body;
    if (encoding === undefined) return plainOf(name, file);
    file.gzipped ??= plainOf(name, file)
      .then((plain) => promisify(gzip)(plain))
      .catch((error: unknown) => {
        file.gzipped = undefined;
        throw error;
      });
    return file.gzipped;
  }

  return {
    async read(name) {
      const file = await readPageFile(folder, name);
      return file && plainOf(name, file);
    },
    async send(response, name) {
      const [, extension] = NAME.exec(name) ?? [];
      const file = extension === undefined ? undefined : await fileOf(name);
      if (!file) return false;
      response.setHeader('etag', file.etag);
      response.setHeader('cache-control', hashed && file.compressed ? FOR_EVER : 'no-cache');
      response.setHeader('vary', 'accept-encoding');
      const { 'if-none-match': known, 'accept-encoding': accepted = '' } = response.req.headers;
      if (known === file.etag) {
        response.writeHead(304).end();
        return true;
      }
      const encoding = file.compressed ? (/\bbr\b/.exec(String(accepted)) ?? /\bgzip\b/.exec(String(accepted))) : null;
      if (encoding) response.setHeader('content-encoding', encoding[0]);
      sendText(response, 200, TYPES[extension!]!, await bodyIn(name, file, encoding?.[0]));
      return true;
    },
  };
}

/** The names by which the files of a folder are asked for. */
async function namesIn(folder: string): Promise<ReadonlySet<string>> {
  const [page, built] = await Promise.all(['page', 'built'].map((part) => ifThere(readdir(path.join(folder, part)))));
  const made = built?.filter((name) => name.endsWith('.br')).map((name) => name.slice(0, -3));
  return new Set([...(page ?? []), ...(made ?? [])]);
}

async function readPageFile(folder: string, name: string): Promise<PageFile | undefined> {
  const own = await ifThere(readFile(path.join(folder, 'page', name)));
  const body = own ?? (await ifThere(readFile(path.join(folder, 'built', `${name}.br`))));
  if (body === undefined) return undefined;
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
  return { body, etag, compressed: own === undefined };
}

/** What else keeps a file from being read, such as too many open ones, passes: it is not taken for its absence. */
const ifThere = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });

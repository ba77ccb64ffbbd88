import { LRUCache } from 'lru-cache';
import { NotFetched, PublicFetch } from '#platform/net/outbound/public-fetch.ts';
import { type ClientMetadata, readMetadata } from './client-metadata.ts';
import { OAuthError } from './oauth-error.ts';

const MAX_URL = 500;
/** The draft recommends 5 KB. */
const MAX_BYTES = 10_000;
const TIMEOUT_MS = 5_000;
/** How long a document is taken as it was read, and by default one that is none for none, in ms. */
const KEEP_MS = 600_000;
const KEEP_PROBLEM_MS = 30_000;

type Read = { readonly metadata: ClientMetadata } | { readonly problem: string };

/** Opens the client that reads documents of apps. */
export const openDocumentFetch = (): PublicFetch =>
  new PublicFetch({
    trusted: [],
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    accepts: (contentType) => /^application\/(?:[\w.+-]+\+)?json\b/.test(contentType),
    userAgent: 'Sextant (OAuth client ID metadata)',
    accept: 'application/json',
    maxRedirects: 0,
  });

/**
 * The apps whose id is the URL of a document that says who they are (draft-ietf-oauth-client-id-metadata-document). A
 * stranger chooses the URL: public addresses alone are asked, no redirect counts, and little is read.
 */
export class ClientDocuments {
  readonly #fetch: Pick<PublicFetch, 'get'>;
  readonly #known = new LRUCache<string, Promise<Read>>({ max: 1_000, ttl: KEEP_MS });

  readonly #keepProblemMs: number;

  /** @param keepProblemMs how long a document that is none is not asked for again. */
  constructor(fetch: Pick<PublicFetch, 'get'>, keepProblemMs = KEEP_PROBLEM_MS) {
    this.#fetch = fetch;
    this.#keepProblemMs = keepProblemMs;
  }

  /** Whether an id can be the URL of a document. Hosts are compared as they are written, so it is written plainly. */
  static isOne(clientId: string): boolean {
    const url = clientId.startsWith('https://') && clientId.length <= MAX_URL ? URL.parse(clientId) : null;
    return url !== null && url.href === clientId && url.pathname !== '/' && !url.username && !url.password && !url.hash;
  }

  /**
   * @param mayRead called before a document is read that is not known.
   * @throws {OAuthError} why it is not known; what `mayRead` throws.
   */
  async find(clientId: string, mayRead: () => Promise<void>): Promise<ClientMetadata> {
    let reading = this.#known.get(clientId);
    if (!reading) {
      await mayRead();
      reading = this.#known.get(clientId) ?? this.#keep(clientId);
    }
    const read = await reading;
    if ('metadata' in read) return read.metadata;
    throw new OAuthError('invalid_client', `The document of the app at ${clientId} ${read.problem}`);
  }

  /** Reads a document once for all who ask. One that is none is asked for again soon, however many look for it. */
  #keep(clientId: string): Promise<Read> {
    const reading = this.#read(clientId);
    this.#known.set(clientId, reading);
    reading.then(
      (read) => 'problem' in read && this.#known.set(clientId, reading, { ttl: this.#keepProblemMs }),
      () => this.#known.delete(clientId),
    );
    return reading;
  }

  async #read(clientId: string): Promise<Read> {
    try {
      const { url, body, isCut } = await this.#fetch.get(clientId, new AbortController().signal);
      if (url !== clientId) return { problem: 'leads to somewhere else.' };
      if (isCut) return { problem: `is longer than ${MAX_BYTES} bytes.` };
      const given = JSON.parse(body.toString()) as { client_id?: unknown };
      if (given?.client_id !== clientId) return { problem: 'has another client_id than its address.' };
      return { metadata: readMetadata(given, new URL(clientId).host) };
    } catch (error) {
      if (error instanceof NotFetched) return { problem: `cannot be read. ${error.message}` };
      if (error instanceof SyntaxError) return { problem: 'is not JSON.' };
      if (error instanceof OAuthError) return { problem: `is not one: ${error.message}` };
      throw error;
    }
  }
}

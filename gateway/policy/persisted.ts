import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { recentlyUsed } from '#platform/base/recently-used.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';

/** The part of a request that may name an operation instead of holding it. */
export interface PersistedParams {
  readonly query?: string | null | undefined;
  /** Relay's way, and that of the persisted documents of GraphQL over HTTP. */
  readonly id?: string | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface PersistedOperations {
  /**
   * The text to run.
   *
   * @throws {CodedError} PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_REQUIRED, or BAD_USER_INPUT when there is no text
   * or its hash is another one.
   */
  textOf(params: PersistedParams): string | Promise<string>;
  /**
   * Keeps the text of an automatic persisted query that is a good operation, so that its hash is enough from now on.
   *
   * @param client who brings it: what one client brings in is bounded.
   */
  keep(params: PersistedParams, client: string): Promise<void> | undefined;
}

/** The registered operations: id to text. */
export type Manifest = ReadonlyMap<string, string>;

const apollo = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string(), body: z.string() })),
});
const relay = z.record(z.string(), z.string());

/**
 * Reads a manifest of Apollo's generate-persisted-query-manifest or of Relay's compiler. @throws {Error} in one line.
 */
export function readManifest(file: string): Manifest {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`OPERATIONS_MANIFEST names ${file}, which cannot be read: ${(error as Error).message}`);
  }
  const asApollo = apollo.safeParse(content);
  if (asApollo.success) return new Map(asApollo.data.operations.map(({ id, body }) => [id, body]));
  const asRelay = relay.safeParse(content);
  if (asRelay.success) return new Map(Object.entries(asRelay.data));
  throw new Error(`OPERATIONS_MANIFEST names ${file}, which is neither Apollo’s nor Relay’s manifest format.`);
}

export interface PersistedOptions {
  /** When given, nothing else runs. */
  readonly manifest?: Manifest | undefined;
  /** Shares automatic persisted queries among replicas. */
  readonly cache?: Cache | undefined;
}

const APQ_TTL_MS = 7 * 86_400_000;
/** Characters of automatic persisted queries that this process keeps. */
const APQ_CHARACTERS = 8_000_000;
/** Characters of one that is kept. */
const MAX_APQ_CHARACTERS = 100_000;
/** Characters that one client may add to what is kept, in a minute. Beyond it a text is run, and not kept. */
const MAX_ADDED = 1_000_000;
const ADDED_MS = 60_000;

/**
 * Creates the reader of persisted operations: automatic persisted queries, which save bytes, and registered operations,
 * which are a protection.
 */
export function createPersistedOperations(options: PersistedOptions): PersistedOperations {
  const { manifest, cache } = options;
  const known = new LRUCache<string, string>({ maxSize: APQ_CHARACTERS, sizeCalculation: (text) => text.length + 64 });
  const added = recentlyUsed<{ characters: number; until: number }>(10_000);
  const registered = manifest && new Set(manifest.values());

  async function automatic(hash: string, query: string | null | undefined): Promise<string> {
    if (query == null || query === '') {
      const text = known.get(hash) ?? (await cache?.get<string>(`gateway:apq:${hash}`));
      if (text === undefined) {
        // Apollo Client looks for this very message.
        throw new CodedError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
      }
      known.set(hash, text);
      return text;
    }
    // Halves of surrogate pairs would have the hash of another text, which has U+FFFD in their place.
    if (!query.isWellFormed() || createHash('sha256').update(query).digest('hex') !== hash) {
      throw badInput(
        'extensions.persistedQuery.sha256Hash',
        'is not the SHA-256 hash of the query, in lower-case hex.',
      );
    }
    return query;
  }

  /** Whether a client may still add so many characters. */
  function mayAdd(client: string, characters: number): boolean {
    const now = performance.now();
    const before = added.get(client);
    const minute = before && now < before.until ? before : { characters: 0, until: now + ADDED_MS };
    added.set(client, minute);
    minute.characters += characters;
    return minute.characters <= MAX_ADDED;
  }

  function fromManifest(texts: Manifest, id: string | undefined, query: string | null | undefined): string {
    // GraphQL over HTTP has hashes with the name of their kind; manifests have them without.
    const text = id === undefined ? undefined : (texts.get(id) ?? texts.get(id.replace(/^sha256:/, '')));
    if (text !== undefined) return text;
    if (query && registered!.has(query)) return query;
    if (id !== undefined && !query) throw new CodedError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
    throw new CodedError('PERSISTED_QUERY_REQUIRED', 'Only registered operations are accepted here.');
  }

  return {
    textOf({ query, id, extensions }) {
      const hash = hashOf(extensions);
      if (manifest) return fromManifest(manifest, id ?? hash, query);
      if (hash !== undefined) return automatic(hash, query);
      if (query == null || query === '') {
        if (id !== undefined) {
          throw badInput(
            'documentId',
            'names a registered operation, and this gateway has none: send its text as `query`.',
          );
        }
        throw badInput('query', 'is missing: send the text of a GraphQL operation.');
      }
      return query;
    },
    keep({ query, extensions }, client) {
      if (manifest || !query || query.length > MAX_APQ_CHARACTERS) return undefined;
      const hash = hashOf(extensions);
      if (hash === undefined || known.has(hash) || !mayAdd(client, query.length)) return undefined;
      known.set(hash, query);
      return cache?.set(`gateway:apq:${hash}`, query, { ttlMs: APQ_TTL_MS });
    },
  };
}

function hashOf(extensions: Readonly<Record<string, unknown>> | null | undefined): string | undefined {
  const persisted = extensions?.['persistedQuery'];
  if (typeof persisted !== 'object' || persisted === null) return undefined;
  const { version, sha256Hash } = persisted as Record<string, unknown>;
  if (version !== 1 || typeof sha256Hash !== 'string' || !/^[\w-]{1,128}$/.test(sha256Hash)) {
    throw badInput('extensions.persistedQuery', 'must be {"version": 1, "sha256Hash": "<hex>"}.');
  }
  return sha256Hash;
}

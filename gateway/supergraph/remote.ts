import { parseObject } from '#platform/base/json/objects.ts';
import { readUpTo } from '#platform/net/http/read-up-to.ts';
import { reasonOf, SupergraphError } from './error.ts';

/** The answer of a registry. */
export interface RemoteAnswer {
  /** Undefined: it is the same as at the last answer. */
  readonly sdl: string | undefined;
  /** It does not want to be asked again sooner, in milliseconds. */
  readonly waitMs?: number | undefined;
}

/** A server from which a composed supergraph comes. */
export interface SupergraphRegistry {
  /** For messages; no secret is in it. */
  readonly name: string;
  /** @throws {SupergraphError} where none of its addresses has one. */
  ask(): Promise<RemoteAnswer>;
}

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_REDIRECTS = 3;
/** Longest pause that a registry may want; a timer that is told more waits for nothing. */
const MAX_WAIT_S = 3_600;

/** Sends a request and reads its answer whole, within the limits of time and size. */
async function request(url: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let at = new URL(url);
  let headers = new Headers(init.headers);
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(at, { ...init, headers, signal, redirect: 'manual' });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return { response, text: await textOf(response) };
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) throw new Error('it redirects too often');
    const next = new URL(location, at);
    // What proves who asks is for the server that was named: Uplink finds it in the body.
    if (next.origin !== at.origin) {
      if (init.body != null) throw new Error('it redirects to another server, which may not see the key');
      headers = new Headers();
    }
    at = next;
  }
}

async function textOf(response: Response): Promise<string> {
  if (!response.body) return '';
  const { text, isCut } = await readUpTo(response.body, MAX_BYTES);
  if (isCut) throw new Error(`it answers with more than ${MAX_BYTES} bytes`);
  return text;
}

/** Asks one address after the other, until one answers. */
async function firstOf<Answer>(urls: readonly string[], ask: (url: string) => Promise<Answer>): Promise<Answer> {
  const problems: string[] = [];
  for (const url of urls) {
    try {
      return await ask(url);
    } catch (error) {
      if (error instanceof SupergraphError) throw error;
      const cause = (error as Error).cause;
      problems.push(`${shown(url)}: ${reasonOf(cause instanceof Error ? cause : error)}`);
    }
  }
  throw new SupergraphError([`The supergraph cannot be had from ${problems.join('; ')}.`]);
}

/** A URL without what may be a secret. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** Creates the registry that is a file on a web server: a composed supergraph, with ETag where the server has that. */
export function webRegistry(
  urls: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): SupergraphRegistry {
  /** Of the address that answered last: another one has tags of its own. */
  let known: { readonly url: string; readonly tag: string } | undefined;
  return {
    name: urls.map(shown).join(', '),
    ask: () =>
      firstOf(urls, async (url) => {
        const tag = known?.url === url ? known.tag : undefined;
        const given = { accept: 'text/plain, application/graphql, */*;q=0.5', ...headers };
        const { response, text } = await request(url, { headers: { ...given, ...(tag && { 'if-none-match': tag }) } });
        if (response.status === 304 && tag !== undefined) return { sdl: undefined };
        if (response.status !== 200) throw new Error(`it answers with status ${response.status}`);
        const next = response.headers.get('etag');
        known = next === null ? undefined : { url, tag: next };
        return { sdl: text };
      }),
  };
}

/** Creates the registry that is Hive's CDN. @param endpoints `https://cdn.graphql-hive.com/artifacts/v1/<target>`. */
export const hiveRegistry = (endpoints: readonly string[], key: string): SupergraphRegistry =>
  webRegistry(
    endpoints.map((one) => (one.endsWith('/supergraph') ? one : `${one.replace(/\/+$/, '')}/supergraph`)),
    { 'x-hive-cdn-key': key },
  );

const UPLINK_QUERY = `query SupergraphSdl($apiKey: String!, $ref: String!, $ifAfterId: ID) {
  routerConfig(ref: $ref, apiKey: $apiKey, ifAfterId: $ifAfterId) {
    __typename
    ... on RouterConfigResult { id supergraphSdl: supergraphSDL minDelaySeconds }
    ... on Unchanged { id minDelaySeconds }
    ... on FetchError { code message }
  }
}`;

/** Codes of Uplink that another try, or another address, does not change. */
const FINAL = new Set(['AUTHENTICATION_FAILED', 'ACCESS_DENIED', 'UNKNOWN_REF']);

/** Creates the registry that is Apollo's Uplink. @param ref graph and variant, `shop@production`. */
export function uplinkRegistry(endpoints: readonly string[], apiKey: string, ref: string): SupergraphRegistry {
  let lastId: string | undefined;
  return {
    name: `${ref} of Apollo’s Uplink`,
    ask: () =>
      firstOf(endpoints, async (url) => {
        const { response, text } = await request(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'apollographql-client-name': 'sextant' },
          body: JSON.stringify({ query: UPLINK_QUERY, variables: { apiKey, ref, ifAfterId: lastId ?? null } }),
        });
        const config = (parseObject(text)?.['data'] as { routerConfig?: Record<string, unknown> } | null)?.routerConfig;
        if (!config) throw new Error(`it answers with status ${response.status} and nothing that can be used`);
        const { __typename: kind, id, supergraphSdl, minDelaySeconds, code, message } = config;
        if (kind === 'FetchError') {
          const problem = `${String(code)}: ${String(message)}`;
          if (FINAL.has(String(code))) throw new SupergraphError([`Apollo’s Uplink refuses ${ref}: ${problem}`]);
          throw new Error(problem);
        }
        const waitMs = typeof minDelaySeconds === 'number' ? Math.min(minDelaySeconds, MAX_WAIT_S) * 1_000 : undefined;
        if (kind === 'Unchanged') return { sdl: undefined, waitMs };
        if (typeof supergraphSdl !== 'string') throw new Error('it answers without a supergraph');
        lastId = typeof id === 'string' ? id : undefined;
        return { sdl: supergraphSdl, waitMs };
      }),
  };
}

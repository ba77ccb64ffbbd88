import { z } from 'zod';
import type { Config } from '#platform/base/config/config.ts';
import { beginningOf } from '#platform/base/text/text.ts';
import { ToolFailure } from '../registry.ts';
import { plainLines } from './plain-lines.ts';

/** A result of a search of the web. */
export interface WebResult {
  readonly title: string;
  readonly url: string;
  readonly text: string;
}

/** Longest search, in ms. */
export const SEARCH_TIMEOUT_MS = 10_000;
const MAX_RESULTS = 8;
const MAX_TITLE = 200;
const MAX_TEXT = 600;
/** Most bytes of an answer of the search service. */
const MAX_BYTES = 2 * 1024 * 1024;

/** A result as a service gives it, under the names of this file. */
interface Found {
  readonly title?: string | null | undefined;
  readonly url: string;
  readonly text: string | null | undefined;
}

const found = z.object({ title: z.string().nullish(), url: z.string() });
/** A result whose text is called `content`, and one where it is called `description`. */
const withContent = found
  .extend({ content: z.string().nullish() })
  .transform(({ title, url, content }): Found => ({ title, url, text: content }));
const withDescription = found
  .extend({ description: z.string().nullish() })
  .transform(({ title, url, description }): Found => ({ title, url, text: description }));

/** The results of a list that are as they should be; what is not, such as an answer without a page, is left out. */
const listOf = (result: z.ZodType<Found>) =>
  z.array(z.unknown()).transform((all) =>
    all.flatMap((one) => {
      const read = result.safeParse(one);
      return read.success ? [read.data] : [];
    }),
  );

/** What is particular to one service. */
interface Service {
  readonly base: string;
  request(base: string, query: string, key: string | undefined): Request;
  /** The results in its answer. */
  read(answer: unknown): Found[];
}

/** The services that can be asked. */
export const SEARCH_SERVICES = ['searxng', 'brave', 'tavily'] as const;

const SERVICES: Readonly<Record<(typeof SEARCH_SERVICES)[number], Service>> = {
  searxng: {
    base: '',
    request: (base, query, key) =>
      new Request(`${base}/search?${new URLSearchParams({ q: query, format: 'json' })}`, {
        headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      }),
    read: (answer) => z.object({ results: listOf(withContent) }).parse(answer).results,
  },
  brave: {
    base: 'https://api.search.brave.com/res/v1',
    request: (base, query, key = '') =>
      new Request(`${base}/web/search?${new URLSearchParams({ q: query, count: String(MAX_RESULTS) })}`, {
        headers: { accept: 'application/json', 'x-subscription-token': key },
      }),
    read: (answer) =>
      z.object({ web: z.object({ results: listOf(withDescription) }).nullish() }).parse(answer).web?.results ?? [],
  },
  tavily: {
    base: 'https://api.tavily.com',
    request: (base, query, key = '') =>
      new Request(`${base}/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query, max_results: MAX_RESULTS }),
      }),
    read: (answer) => z.object({ results: listOf(withContent) }).parse(answer).results,
  },
};

/** Returns whether a search service is configured. */
export const canSearch = ({ WEB_SEARCH_URL, WEB_SEARCH_SERVICE, WEB_SEARCH_API_KEY }: Config): boolean =>
  WEB_SEARCH_SERVICE === 'searxng' ? WEB_SEARCH_URL !== undefined : WEB_SEARCH_API_KEY !== undefined;

/**
 * Asks the configured service. What it says is data of strangers: cut, and with http URLs alone.
 *
 * @throws {ToolFailure} in words that hold no secrets.
 */
export async function searchWeb(config: Config, query: string, signal: AbortSignal): Promise<WebResult[]> {
  const service = SERVICES[config.WEB_SEARCH_SERVICE];
  const base = (config.WEB_SEARCH_URL ?? service.base).replace(/\/+$/, '');
  const request = service.request(base, query, config.WEB_SEARCH_API_KEY);
  let found: Found[];
  try {
    const response = await fetch(request, { signal, redirect: 'error' });
    if (!response.ok) {
      await response.body?.cancel();
      throw new ToolFailure(`The search service answers ${response.status}.${adviceFor(config, response.status)}`);
    }
    found = service.read(JSON.parse(await readBounded(response)));
  } catch (error) {
    if (error instanceof ToolFailure) throw error;
    signal.throwIfAborted();
    throw new ToolFailure('The search service cannot be reached, or does not answer as it should.');
  }
  return found
    .flatMap(({ title, url, text }) =>
      isWeb(url) ? [{ title: cut(title || url, MAX_TITLE), url, text: cut(text ?? '', MAX_TEXT) }] : [],
    )
    .slice(0, MAX_RESULTS);
}

const adviceFor = ({ WEB_SEARCH_SERVICE }: Config, status: number): string =>
  WEB_SEARCH_SERVICE === 'searxng' && status === 403
    ? ' Its settings must allow the format json (search.formats).'
    : '';

async function readBounded(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > MAX_BYTES) throw new ToolFailure(`The search service gave more than ${MAX_BYTES} bytes.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function isWeb(url: string): boolean {
  if (url.length > 2_048 || !URL.canParse(url)) return false;
  const { protocol, username } = new URL(url);
  return (protocol === 'https:' || protocol === 'http:') && username === '';
}

const cut = (text: string, length: number): string => {
  const line = plainLines(text).replaceAll('\n', ' ');
  return line.length > length ? `${beginningOf(line, length)}…` : line;
};

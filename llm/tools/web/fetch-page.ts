import type { Config } from '#platform/base/config/config.ts';
import { PublicFetch } from '#platform/net/outbound/public-fetch.ts';
import type { Page } from './page-text.ts';
import { plainLines } from './plain-lines.ts';

/** Most bytes of a page that are read. */
const MAX_BYTES = 2 * 1024 * 1024;
/** Longest fetch of a page, its redirects included, in ms. */
export const FETCH_TIMEOUT_MS = 15_000;

const TEXT = /^(?:text\/|application\/(?:xhtml\+xml|xml|json|[\w.+-]+\+(?:json|xml)))/;

/** A page of the web as text. */
export interface FetchedPage extends Page {
  /** After redirects. */
  readonly url: string;
  readonly isCut: boolean;
}

/** Opens the client that fetches pages for models. */
export const openPages = ({ WEB_FETCH_HOSTS }: Config): PublicFetch =>
  new PublicFetch({
    trusted: WEB_FETCH_HOSTS,
    maxBytes: MAX_BYTES,
    timeoutMs: FETCH_TIMEOUT_MS,
    accepts: (type) => TEXT.test(type),
    userAgent: 'Sextant (fetches what a user asked for)',
  });

/** Fetches a page as text. @throws {NotFetched} with the reason. */
export async function fetchPage(pages: PublicFetch, url: string, signal: AbortSignal): Promise<FetchedPage> {
  const { body, contentType, isCut, ...fetched } = await pages.get(url, signal);
  const text = decode(body, contentType);
  const isHtml = /html/.test(contentType) || /^\s*<(?:!doctype html|html)/i.test(text);
  // The parser is loaded with the first page.
  const page = isHtml ? await (await import('./page-text.ts')).readPage(text) : { title: '', text: plainLines(text) };
  return { ...page, url: fetched.url, isCut };
}

/** Decodes by the name that the header has, else the page's own, else UTF-8. */
function decode(body: Buffer, contentType: string): string {
  const declared =
    /charset=["']?([\w-]+)/.exec(contentType)?.[1] ??
    /<meta[^>]{0,200}charset=["']?([\w-]+)/i.exec(body.subarray(0, 2_048).toString('latin1'))?.[1];
  try {
    return new TextDecoder(declared ?? 'utf-8').decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}

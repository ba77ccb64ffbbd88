import type { CitationDelta } from './deltas.ts';

const MAX_URL = 2_048;
const MAX_TITLE = 300;

/** Returns the citation of a page that a provider found by itself; undefined for what is not a page of the web. */
export function foundPage(url: unknown, title: unknown, quote?: string): CitationDelta | undefined {
  if (typeof url !== 'string' || url.length > MAX_URL || !/^https?:/i.test(url) || !URL.canParse(url)) return undefined;
  const named = typeof title === 'string' ? title.trim().slice(0, MAX_TITLE) : '';
  const page = { url, title: named === '' ? new URL(url).hostname : named };
  return { type: 'citation', page, ...(quote && { quote }) };
}

import type { CitationDelta } from '../deltas.ts';
import { foundPage } from '../found-page.ts';
import { addressOf, type Citable } from './sources.ts';

/** A citation as Anthropic sends it: of a source, or of a page that a search of its own found. */
export interface Citation {
  readonly type?: unknown;
  readonly cited_text?: unknown;
  readonly source?: unknown;
  readonly search_result_index?: unknown;
  readonly start_block_index?: unknown;
  readonly end_block_index?: unknown;
  readonly url?: unknown;
  readonly title?: unknown;
}

/** Returns what a citation says; undefined where it names nothing that was given and no page. */
export function citationOf(citation: Citation, sources: readonly Citable[]): CitationDelta | undefined {
  const words = typeof citation.cited_text === 'string' ? citation.cited_text.trim() : '';
  if (citation.type === 'web_search_result_location') return foundPage(citation.url, citation.title, words);
  const source = sourceOf(citation, sources);
  if (!source) return undefined;
  const quote = quoteOf(citation, source) || (source.text.includes(words) ? words : '');
  return { type: 'citation', number: source.number, ...(quote !== '' && { quote }) };
}

/** The address is the surer name: a number may be counted otherwise by a server that speaks Anthropic's protocol. */
function sourceOf({ source, search_result_index: index }: Citation, sources: readonly Citable[]): Citable | undefined {
  const named = typeof source === 'string' ? sources.filter((one) => addressOf(one) === source) : [];
  const counted = typeof index === 'number' ? sources[index] : undefined;
  return counted && (named.length === 0 || named.includes(counted)) ? counted : named[0];
}

/** The pieces that a citation names are words of the source, whatever it says that they are. */
function quoteOf({ start_block_index: start, end_block_index: end }: Citation, { pieces }: Citable): string {
  const isRange = typeof start === 'number' && typeof end === 'number' && start >= 0 && end <= pieces.length;
  return isRange ? pieces.slice(start, end).join('').trim() : '';
}

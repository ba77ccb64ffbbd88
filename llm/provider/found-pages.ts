import type { CitationDelta } from './deltas.ts';
import { foundPage } from './found-page.ts';

const MAX_PAGES = 50;

/** The pages that a provider found by itself, each once, in the order in which it named them. */
export class FoundPages {
  readonly #pages = new Map<string, CitationDelta>();

  /** Notes a page; what is not one of the web is passed over. */
  note(url: unknown, title: unknown): void {
    const cited = foundPage(url, title);
    if (cited && (this.#pages.has(cited.page!.url) || this.#pages.size < MAX_PAGES))
      this.#pages.set(cited.page!.url, cited);
  }

  /** Notes the pages of OpenAI's annotations: `url_citation`, with what it says beside it or within it. */
  noteAnnotations(annotations: unknown): void {
    for (const one of listOf<Annotation>(annotations)) {
      if (one?.type !== 'url_citation') continue;
      const { url, title } = one.url_citation ?? one;
      this.note(url, title);
    }
  }

  /** Notes the pages of a search by their numbers, as Perplexity and xAI list them, with titles beside them. */
  noteSearch(citations: unknown, results: unknown): void {
    const found = listOf<Result>(results);
    const titles = new Map(found.map((result) => [result?.url, result?.title]));
    const addresses = listOf<unknown>(citations);
    if (addresses.length === 0) for (const result of found) this.note(result?.url, result?.title);
    for (const url of addresses) this.note(url, titles.get(url));
  }

  /** Returns the pages that were not told yet. */
  take(): CitationDelta[] {
    const pages = [...this.#pages.values()].filter(({ page }) => !this.#told.has(page!.url));
    for (const { page } of pages) this.#told.add(page!.url);
    return pages;
  }

  readonly #told = new Set<string>();
}

interface Annotation {
  readonly type?: unknown;
  readonly url?: unknown;
  readonly title?: unknown;
  readonly url_citation?: { readonly url?: unknown; readonly title?: unknown } | null;
}

interface Result {
  readonly url?: unknown;
  readonly title?: unknown;
}

/** A strange list of sources is none: it is not worth the reply. */
const listOf = <T>(list: unknown): readonly (T | null | undefined)[] => (Array.isArray(list) ? list : []);

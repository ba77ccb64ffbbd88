import type { CitationDelta } from './deltas.ts';
import { foundPage } from './found-page.ts';

const MAX_PAGES = 50;

/** The pages that a provider found by itself, each once, in the order in which it named them. */
export class FoundPages {
  readonly #pages = new Map<string, CitationDelta>();
  readonly #told = new Set<string>();
  /** Addresses by their numbers in the text, from 1. */
  #numbered: readonly unknown[] = [];
  #areMarked = false;

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

  /**
   * Notes the pages of a search by their numbers, as Perplexity and xAI list them, with titles beside them.
   *
   * @param numbers whether the text is known to refer to them by number, also where addresses alone are listed.
   */
  noteSearch(citations: unknown, results: unknown, numbers: boolean): void {
    const found = listOf<Result>(results);
    const titles = new Map(found.map((result) => [result?.url, result?.title]));
    const addresses = listOf<unknown>(citations);
    const listed = addresses.length > 0 ? addresses : found.map((result) => result?.url);
    for (const url of listed) this.note(url, titles.get(url));
    if (found.length > 0 || (numbers && listed.length > 0)) this.#numbered = listed;
  }

  /** Whether the text refers to pages by their numbers, as Perplexity's does; xAI lists no results beside them. */
  get areNumbered(): boolean {
    return this.#numbered.length > 0;
  }

  /**
   * Returns whether a number may be that of a page, listed or not; others, such as `[404]`, are words.
   *
   * @param isSetOff whether it stands apart from the word before it. If not, it may be an index of that word.
   */
  mayNumber(number: number, isSetOff = false): boolean {
    const listed = this.#numbered.length;
    return number <= (isSetOff ? 2 * listed + 10 : listed);
  }

  /** Returns the page of a number in the text. */
  numbered(number: number): CitationDelta | undefined {
    const page = this.#pages.get(String(this.#numbered[number - 1]));
    if (!page) return undefined;
    this.#told.add(page.page!.url);
    this.#areMarked = true;
    return { ...page, place: 'here' };
  }

  /** Returns the pages that were not told yet. Where the text says which it draws on, the others are only listed. */
  take(): CitationDelta[] {
    const pages = [...this.#pages.values()].filter(({ page }) => !this.#told.has(page!.url));
    for (const { page } of pages) this.#told.add(page!.url);
    return this.#areMarked ? pages.map((page) => ({ ...page, place: 'nowhere' })) : pages;
  }
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

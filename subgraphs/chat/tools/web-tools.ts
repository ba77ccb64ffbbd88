import { z } from 'zod';
import type { Source } from '#llm/messages.ts';
import { quoteNumbered } from '#llm/tools/quoted.ts';
import { Quotation, type ServerTool, ToolFailure } from '#llm/tools/registry.ts';
import { FETCH_TIMEOUT_MS, fetchPage } from '#llm/tools/web/fetch-page.ts';
import { canSearch, SEARCH_TIMEOUT_MS, searchWeb } from '#llm/tools/web/search.ts';
import type { Config } from '#platform/base/config/config.ts';
import { beginningOf } from '#platform/base/text/text.ts';
import { NotFetched } from '#platform/net/outbound/public-fetch.ts';
import type { Citations } from '../draft/citations.ts';
import type { ChatParts } from '../parts.ts';

/** A reply that searches without end would spend money and time. */
const MAX_SEARCHES = 10;
const MAX_FETCHES = 20;
/** Most characters of a page that a model is told. */
const MAX_PAGE = 20_000;
/** Characters of a page that its citation shows. */
const MAX_EXCERPT = 300;

/** Returns what the administrator must set before a tool can be offered; undefined when that is done. */
export function missingFor(tool: 'WEB_SEARCH' | 'WEB_FETCH', config: Config): string | undefined {
  if (tool === 'WEB_FETCH') return config.WEB_FETCH ? undefined : 'WEB_FETCH';
  if (canSearch(config)) return undefined;
  return config.WEB_SEARCH_SERVICE === 'searxng' ? 'WEB_SEARCH_URL' : 'WEB_SEARCH_API_KEY';
}

/** Returns the tool that searches the web for a reply, whose results become citations of it. */
export function webSearch({ config }: ChatParts, citations: Citations): ServerTool {
  let searches = 0;
  const tool: ServerTool<z.ZodObject<{ query: z.ZodString }>> = {
    name: 'web_search',
    description: 'Searches the web. web_fetch, where there is one, reads a page.',
    parameters: z.object({ query: z.string().min(1).max(500).describe('What to look for, as for a search engine') }),
    timeoutMs: SEARCH_TIMEOUT_MS,
    run: async ({ query }, { signal }) => {
      if (++searches > MAX_SEARCHES) throw new ToolFailure(`A reply may search ${MAX_SEARCHES} times; answer now.`);
      const results = await searchWeb(config, query, signal);
      if (results.length === 0) return 'Nothing was found.';
      const cited = citations.add(
        results.map(({ title, url, text }, place) => ({
          kind: 'WEB' as const,
          sourceId: url,
          text,
          title,
          url,
          score: 1 / (place + 1),
        })),
      );
      // A page that is found again keeps its number, and has the words of this result.
      const sources = results.map(
        ({ title, url, text }, place): Source => ({ number: cited[place]!.index, title, url, text }),
      );
      const lines = sources.map(({ number, title, url, text }) => `[${number}] ${title}\n${url}\n${text}`);
      return new Quotation(quoteNumbered('a search of the web', lines.join('\n\n')), sources);
    },
  };
  return tool as unknown as ServerTool;
}

/** Returns the tool that reads a page of the web for a reply, which becomes a citation of it. */
export function webFetch({ pages }: ChatParts, citations: Citations): ServerTool {
  let fetches = 0;
  const tool: ServerTool<z.ZodObject<{ url: z.ZodString }>> = {
    name: 'web_fetch',
    description: 'Reads a page of the web as text.',
    parameters: z.object({ url: z.string().min(1).max(2_048).describe('An http:// or https:// URL') }),
    timeoutMs: FETCH_TIMEOUT_MS + 1_000,
    run: async ({ url }, { signal }) => {
      if (++fetches > MAX_FETCHES) throw new ToolFailure(`A reply may read ${MAX_FETCHES} pages; answer now.`);
      const page = await fetchPage(pages, url, signal).catch((error: unknown) => {
        throw error instanceof NotFetched ? new ToolFailure(`The page was not read. ${error.message}`) : error;
      });
      const [cited] = citations.add([
        {
          kind: 'WEB',
          sourceId: page.url,
          text: beginningOf(page.text, MAX_EXCERPT),
          title: page.title || page.url,
          url: page.url,
          score: 1,
        },
      ]);
      const text = beginningOf(page.text, MAX_PAGE);
      const cut = page.isCut || text.length < page.text.length ? '\n… (cut)' : '';
      const quoted = quoteNumbered(
        'a page of the web',
        `[${cited!.index}] ${page.title}\n${page.url}\n\n${text}${cut}`,
      );
      return new Quotation(quoted, [{ number: cited!.index, title: page.title || page.url, url: page.url, text }]);
    },
  };
  return tool as unknown as ServerTool;
}

import { z } from 'zod';
import { quoteNumbered } from '#llm/tools/quoted.ts';
import { Quotation, type ServerTool, ToolRegistry } from '#llm/tools/registry.ts';
import { untilAborted } from '#platform/base/cancellation/until-aborted.ts';
import type { Config } from '#platform/base/config/config.ts';
import type { Citations } from '../draft/citations.ts';
import type { ToolCall } from '../draft/tool-calls.ts';
import type { ChatParts } from '../parts.ts';
import { RecallDocument, type RecallKind } from '../peers/memory.types.ts';
import { asCitation, MAX_LEFT_OUT, type Question, sourceOf } from '../peers/recall.ts';
import type { Offer, ServerToolName } from './offer.ts';
import { missingFor, webFetch, webSearch } from './web-tools.ts';

/** Longest look into memory or knowledge, in ms. */
const SEARCH_TIMEOUT_MS = 5_000;
/** Most tools of all tool servers together: providers take 128 of all. */
const MAX_OUTSIDE = 96;
/** Most tokens of what a search gives. */
const SEARCH_TOKENS = 2_000;

/** The choice of tools of a reply. */
export interface Offered {
  readonly offer: Offer;
  readonly mayUseMemory: boolean;
  /** Names of tool servers. */
  readonly toolServers: readonly string[];
  /** Whether tools may be called with accounts of the person who asks. */
  readonly mayUseAccounts: boolean;
  /** Of the reply: tools add what they find. */
  readonly citations: Citations;
}

/** Returns what may be called for a reply: the offered tools of this server, of tool servers, and of the client. */
export async function toolsFor(
  chat: ChatParts,
  question: Question,
  { offer, mayUseMemory, toolServers, mayUseAccounts, citations }: Offered,
): Promise<ToolRegistry> {
  const registry = new ToolRegistry();
  const remembers = mayUseMemory && question.identity.scopes.includes('memory:read');
  for (const name of offer.serverTools ?? []) {
    // Since the tool was asked for, memory may have been switched off, or a user with fewer rights goes on.
    if ((needsMemory(name) && !remembers) || missingSetting(name, chat.config) !== undefined) continue;
    registry.addServer(TOOLS[name](chat, question, citations));
  }
  if (toolServers.length > 0) {
    const outside = await untilAborted(
      chat.models.toolServers.offered(toolServers, question.identity, chat.accounts),
      question.signal,
    );
    // A tool of the client keeps its name: the client knows no other.
    const free = outside.filter(
      ({ name, isPersonal }) => (mayUseAccounts || !isPersonal) && !offer.tools?.some((own) => own.name === name),
    );
    for (const tool of free.slice(0, MAX_OUTSIDE)) registry.addOutside(tool);
  }
  return registry.with(offer.tools ?? []);
}

/** Returns whether a tool looks into what is kept about the person. */
export const needsMemory = (name: ServerToolName): boolean => name === 'SEARCH_MEMORY' || name === 'SEARCH_KNOWLEDGE';

/** Returns the setting without which a tool cannot be offered; undefined when nothing is missing. */
export const missingSetting = (name: ServerToolName, config: Config): string | undefined =>
  name === 'WEB_SEARCH' || name === 'WEB_FETCH' ? missingFor(name, config) : undefined;

/**
 * Returns whether a call was one of a tool that looks into what belongs to the person who asked: what is kept about
 * them, and their accounts at tool servers.
 */
export const readsPrivately = ({
  name,
  runsOn,
  isPersonal,
}: Pick<ToolCall, 'name' | 'runsOn' | 'isPersonal'>): boolean =>
  isPersonal === true || (runsOn === 'SERVER' && MEMORY_TOOLS.has(name));

const MEMORY_TOOLS = new Set(['search_memory', 'search_knowledge']);

type MakeTool = (chat: ChatParts, question: Question, citations: Citations) => ServerTool;

const TOOLS: Readonly<Record<ServerToolName, MakeTool>> = {
  WEB_SEARCH: (chat, _question, citations) => webSearch(chat, citations),
  WEB_FETCH: (chat, _question, citations) => webFetch(chat, citations),
  CURRENT_TIME: () => currentTime as unknown as ServerTool,
  SEARCH_MEMORY: (chat, question, citations) =>
    search(chat, question, citations, {
      name: 'search_memory',
      description: 'Looks for what is remembered about the user: facts, preferences, earlier exchanges.',
      kinds: ['MEMORY', 'MESSAGE'],
    }),
  SEARCH_KNOWLEDGE: (chat, question, citations) =>
    search(chat, question, citations, {
      name: 'search_knowledge',
      description: 'Looks for passages in the documents that the user has added.',
      kinds: ['KNOWLEDGE'],
    }),
};

const currentTime: ServerTool<z.ZodObject<{ timeZone: z.ZodDefault<z.ZodString> }>> = {
  name: 'current_time',
  description: 'Tells the present date and time.',
  parameters: z.object({
    timeZone: z
      .string()
      .max(64)
      .refine(isTimeZone, 'is not an IANA time zone, such as Europe/Oslo')
      .default('UTC')
      .describe('IANA time zone, such as Europe/Oslo'),
  }),
  timeoutMs: 1_000,
  run: async ({ timeZone }) => {
    const now = new Date();
    const local = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'full', timeStyle: 'long' }).format(now);
    return { utc: now.toISOString(), local, timeZone };
  },
};

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** What is found becomes citations of the reply, and is quoted with their numbers: data without instructions. */
function search(
  chat: ChatParts,
  { conversationId, leftOut, identity, requestId }: Question,
  citations: Citations,
  { name, description, kinds }: { name: string; description: string; kinds: RecallKind[] },
): ServerTool {
  const tool: ServerTool<z.ZodObject<{ query: z.ZodString }>> = {
    name,
    description,
    parameters: z.object({ query: z.string().min(1).max(1_000).describe('What to look for, in a few words') }),
    timeoutMs: SEARCH_TIMEOUT_MS,
    run: async ({ query }, { signal }) => {
      const input = {
        query,
        kinds,
        conversationId,
        onlyMessageIds: leftOut.slice(-MAX_LEFT_OUT),
        tokenBudget: SEARCH_TOKENS,
        profile: false,
      };
      const { recall } = await chat.peers.execute('memory', RecallDocument, { input }, { identity, requestId, signal });
      const items = recall?.items ?? [];
      if (items.length === 0) return 'Nothing was found.';
      const cited = citations.add(items.map(asCitation));
      const sources = items.map((item, place) => sourceOf(item, cited[place]!.index));
      const lines = sources.map(({ number, title, text }) => `[${number}] ${title}\n${text}`);
      return new Quotation(quoteNumbered('what is kept for the user', lines.join('\n\n')), sources);
    },
  };
  return tool as unknown as ServerTool;
}

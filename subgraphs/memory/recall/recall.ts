import { Deadline } from '#platform/base/cancellation/deadline.ts';
import { untilAborted } from '#platform/base/cancellation/until-aborted.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { estimateTokens } from '#retrieval/embeddings/estimate-tokens.ts';
import { queryForms, words } from '#retrieval/vectors/words.ts';
import { type PassageWithDocument, searchKnowledge } from '../documents/search.ts';
import { tenantOf } from '../indexes.ts';
import { countInput, MAX_QUERY, numberInput } from '../input.ts';
import { searchMemories } from '../memories/search.ts';
import type { MemoryRow } from '../memories/store.ts';
import type { MemoryParts } from '../parts.ts';
import { standingInstructions } from './instructions.ts';
import type { Citation, RecalledItem, RecallKind } from './item.ts';
import { isStanding, NO_PROFILE, type Profile, profileOf } from './profile.ts';
import { quote } from './quoted.ts';
import { MAX_STANDING, type Stored, storedFor } from './stored.ts';

export interface RecallInput {
  readonly query: string;
  readonly conversationId?: string | null;
  readonly excludeMessageIds?: readonly string[] | null;
  /** Messages that may be quoted; absent: all of the conversation. */
  readonly onlyMessageIds?: readonly string[] | null;
  readonly tokenBudget: number;
  /** Most items of all kinds; by default as many as fit, of which the query finds DEFAULT_LIMIT. */
  readonly limit?: number | null;
  readonly kinds?: readonly RecallKind[] | null;
  /** Whether what the user wants of every reply, and who they are, is recalled whatever the query. */
  readonly profile: boolean;
  /** Longest search, in ms; the profile does not wait for it. */
  readonly timeoutMs?: number | null;
}

export interface Recalled {
  readonly items: readonly RecalledItem[];
  readonly quoted: string | null;
  readonly instructions: string | null;
  readonly tokens: number;
  readonly degraded: string | null;
  /** The model that the similarities come from. */
  readonly model: string | undefined;
}

/** Most hits that a search of messages looks through. */
const MAX_HITS = 1_000;
const MAX_EXCLUDED = 500;
const DEFAULT_LIMIT = 8;
/** Most items where the budget is large and the client names no limit. */
const MAX_ITEMS = 200;
/** Tokens of the frame around the quotations and of the line above each. */
const FRAME_TOKENS = 80;
const LINE_TOKENS = 12;
/** Most of the budget that instructions take, and then what is standing but not the whole profile. */
const STANDING_SHARE = 0.5;
/** Most of what is left that a whole profile takes before what the query finds. */
const PROFILE_SHARE = 0.7;

type Parts = Pick<MemoryParts, 'db' | 'indexes' | 'transcripts'>;

/**
 * Returns what a user's memories, the knowledge they may read and the conversation's earlier messages hold about a
 * text, and the user's profile.
 */
export async function recall(
  parts: Parts,
  userId: string,
  input: RecallInput,
  signal?: AbortSignal,
): Promise<Recalled> {
  numberInput('input.tokenBudget', input.tokenBudget, 16, 100_000);
  if (input.limit != null) numberInput('input.limit', input.limit, 1, 50);
  if (input.timeoutMs != null) numberInput('input.timeoutMs', input.timeoutMs, 10, 60_000);
  countInput('input.excludeMessageIds', input.excludeMessageIds?.length ?? 0, 0, MAX_EXCLUDED);
  countInput('input.onlyMessageIds', input.onlyMessageIds?.length ?? 0, 0, MAX_EXCLUDED);
  const query = input.query.trim().slice(0, MAX_QUERY);
  const wantsProfile = input.profile && (input.kinds == null || input.kinds.includes('MEMORY'));
  const conversationId = input.conversationId ?? undefined;
  const stored = await storedFor(parts.db, userId, conversationId, input.excludeMessageIds ?? []);
  const profile = wantsProfile ? profileOf(stored.profile) : NO_PROFILE;
  const asked = { ...input, query };
  // What is told anyway need not be searched for: no text is embedded for it.
  const wanted = isToldWhole(profile, asked) ? { ...stored, hasMemories: false } : stored;
  const { found, degraded, model } = await searchInTime(parts, userId, asked, wanted, signal);
  const least = model === undefined ? 1 : (await parts.indexes.threshold(model)) * RELEVANT_SHARE;
  const ranked = found.filter((item) => relevant(query, item, least)).sort((a, b) => b.score - a.score);
  const { instructions, quotations } = choose(profile, ranked, found, input);
  const texts = {
    instructions: instructions.length === 0 ? null : standingInstructions(instructions),
    quoted: quotations.length === 0 ? null : quote(quotations, instructions.length + 1),
  };
  const tokens = estimateTokens(texts.instructions ?? '') + estimateTokens(texts.quoted ?? '');
  return { items: [...instructions, ...quotations], ...texts, tokens, degraded, model };
}

/**
 * Takes what fits: instructions, a profile that is small enough or what of it is standing, what the query found. A
 * larger profile that would fit takes what room the query leaves.
 */
function choose(
  profile: Profile,
  ranked: readonly RecalledItem[],
  found: readonly RecalledItem[],
  { tokenBudget, limit }: RecallInput,
) {
  const similarity = new Map(found.map((item) => [item.id, item.similarity]));
  const itemOf = (row: MemoryRow) => memoryItem(row, 1, similarity.get(row.id) ?? null);
  const { instructions, facts, room, fits, whole } = begin(profile, itemOf, tokenBudget, limit);
  const first = whole ? facts : facts.filter(({ memory }) => isStanding(memory!));
  const quotations = room.take(first, whole ? {} : { tokens: room.tokens * STANDING_SHARE });
  quotations.push(...room.take(ranked, { items: limit ?? DEFAULT_LIMIT }));
  if (fits) quotations.push(...room.take(facts));
  return { instructions, quotations };
}

/** Takes the instructions, and finds out whether all else that is known fits beside them. */
function begin(
  profile: Profile,
  itemOf: (row: MemoryRow) => RecalledItem,
  tokenBudget: number,
  limit: number | null | undefined,
) {
  const facts = profile.facts.map(itemOf);
  const room = new Room(tokenBudget - FRAME_TOKENS, limit ?? MAX_ITEMS);
  const instructions = room.take(profile.instructions.map(itemOf), { tokens: room.tokens * STANDING_SHARE });
  const fits = profile.isWhole && facts.length <= room.places && costOf(facts) <= room.tokens;
  const whole = fits && costOf(facts) <= room.tokens * PROFILE_SHARE;
  return { instructions, facts, room, fits, whole };
}

/** Returns whether a reply is told all that is known of the user and of the conversation, whatever the question. */
function isToldWhole(profile: Profile, { tokenBudget, limit }: RecallInput): boolean {
  const all = profile.instructions.length;
  // A caller who names a number of items wants the best of them.
  if (limit != null || all >= MAX_STANDING || all + profile.facts.length === 0) return false;
  const { instructions, whole } = begin(profile, (row) => memoryItem(row, 1, null), tokenBudget, limit);
  return whole && instructions.length === all;
}

const costOf = (items: readonly RecalledItem[]): number =>
  items.reduce((sum, { tokens }) => sum + tokens + LINE_TOKENS, 0);

/** What is left of tokens and places, and what has been taken: the same text is of no use a second time. */
class Room {
  tokens: number;
  places: number;
  readonly #texts = new Set<string>();

  constructor(tokens: number, places: number) {
    this.tokens = tokens;
    this.places = places;
  }

  /** Takes as many as fit, best first; one that is too long is left out for shorter ones after it. */
  take(
    items: readonly RecalledItem[],
    most: { readonly items?: number; readonly tokens?: number } = {},
  ): RecalledItem[] {
    const taken: RecalledItem[] = [];
    const places = Math.min(most.items ?? this.places, this.places);
    let left = Math.min(most.tokens ?? this.tokens, this.tokens);
    for (const item of items) {
      if (taken.length === places) break;
      const cost = costOf([item]);
      const text = item.text.trim().toLowerCase();
      if (cost > left || this.#texts.has(text)) continue;
      this.#texts.add(text);
      left -= cost;
      this.tokens -= cost;
      taken.push(item);
    }
    this.places -= taken.length;
    return taken;
  }
}

interface Found {
  readonly found: readonly RecalledItem[];
  readonly degraded: string | null;
  readonly model: string | undefined;
}

/** A search that is late or whose store is away finds nothing and says so: the profile is of use without it. */
async function searchInTime(
  parts: Parts,
  userId: string,
  input: RecallInput,
  stored: Stored,
  signal: AbortSignal | undefined,
): Promise<Found> {
  if (!input.profile) return search(parts, userId, input, stored, signal);
  using deadline = input.timeoutMs == null ? undefined : new Deadline(input.timeoutMs, signal);
  const either = deadline?.signal ?? signal;
  try {
    const searching = search(parts, userId, input, stored, either);
    return await (either === undefined ? searching : untilAborted(searching, either));
  } catch (error) {
    signal?.throwIfAborted();
    if (deadline?.passed) return { ...NOTHING_FOUND, degraded: `The search took longer than ${input.timeoutMs} ms.` };
    if (error instanceof CodedError && AWAY.includes(error.code)) return { ...NOTHING_FOUND, degraded: error.message };
    throw error;
  }
}

const NOTHING_FOUND: Omit<Found, 'degraded'> = { found: [], model: undefined };
const AWAY: readonly string[] = ['PROVIDER_UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'TIMEOUT'];

async function search(
  parts: Parts,
  userId: string,
  input: RecallInput,
  stored: Stored,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const wants = (kind: RecallKind) => input.query !== '' && (input.kinds == null || input.kinds.includes(kind));
  const conversationId = input.conversationId ?? undefined;
  const { query } = input;
  const limit = input.limit ?? DEFAULT_LIMIT;
  const [memories, knowledge, messages] = await Promise.all([
    wants('MEMORY') && stored.hasMemories
      ? searchMemories(parts, userId, {
          query,
          inConversation: conversationId,
          everywhere: false,
          limit,
          mode: 'HYBRID',
          known: Object.values(stored.profile).flat(),
          signal,
        })
      : undefined,
    wants('KNOWLEDGE') && stored.hasKnowledge
      ? searchKnowledge(parts, userId, {
          query,
          within: { conversationId, leftOut: stored.attachedElsewhere },
          limit,
          mode: 'HYBRID',
          signal,
        })
      : undefined,
    wants('MESSAGE') && conversationId !== undefined && stored.hasEarlier && input.onlyMessageIds?.length !== 0
      ? earlierMessages(parts, userId, conversationId, input, stored, signal)
      : undefined,
  ]);
  const found = [
    ...(memories?.matches ?? []).map(({ memory, score, parts }) => memoryItem(memory, score, parts.similarity)),
    ...(knowledge?.matches ?? []).map(({ passage, score, similarity }) => passageItem(passage, score, similarity)),
    ...(messages?.items ?? []),
  ];
  return {
    found,
    degraded: memories?.degraded ?? knowledge?.degraded ?? messages?.degraded ?? null,
    model: memories?.model ?? knowledge?.model ?? messages?.model,
  };
}

/** What a caller is told who asks for messages before they are in the index. */
const BEING_INDEXED = 'Earlier messages of this conversation are still being indexed: ask again in a moment.';

async function earlierMessages(
  { db, indexes, transcripts }: Parts,
  userId: string,
  conversationId: string,
  input: RecallInput,
  { unindexed }: Stored,
  signal: AbortSignal | undefined,
) {
  const isWhole = await transcripts.findable(userId, conversationId, unindexed, signal);
  const excluded = new Set(input.excludeMessageIds ?? []);
  const only = input.onlyMessageIds && new Set(input.onlyMessageIds);
  const limit = input.limit ?? DEFAULT_LIMIT;
  const index = await indexes.get('messages');
  const { hits, degraded, model } = await index.search(tenantOf(userId), {
    text: input.query,
    by: { userId, purpose: 'message-search' },
    fusion: 'absolute',
    // Messages that the model gets anyway match best of all; they must not use up the places.
    limit: only ? MAX_HITS : Math.min(MAX_HITS, limit + 4 * excluded.size),
    filter: { field: 'conversationId', op: 'eq', value: conversationId },
    signal,
  });
  const idOf = (hit: (typeof hits)[number]) => String(hit.properties['messageId']);
  const mayQuote = (id: string): boolean => !excluded.has(id) && (!only || only.has(id));
  const wanted = hits.filter((hit) => mayQuote(idOf(hit))).slice(0, limit);
  const where = { userId, conversationId, id: { in: wanted.map(idOf) } };
  const rows = wanted.length === 0 ? [] : await db.transcriptMessage.findMany({ where });
  const byId = new Map(rows.map((row) => [row.id, row]));
  const items = wanted.flatMap((hit): RecalledItem[] => {
    const message = byId.get(idOf(hit));
    if (!message) return [];
    const similarity = hit.explanation.dense?.raw ?? null;
    return [{ ...bare('MESSAGE', message.id, hit.text, hit.score, similarity), message }];
  });
  return { items, degraded: degraded ?? (isWhole ? undefined : BEING_INDEXED), model };
}

const bare = (kind: RecallKind, id: string, text: string, score: number, similarity: number | null): RecalledItem => ({
  kind,
  id,
  text,
  score,
  similarity,
  tokens: estimateTokens(text),
  citation: null,
  memory: null,
  message: null,
});

const memoryItem = (memory: MemoryRow, score: number, similarity: number | null): RecalledItem => ({
  ...bare('MEMORY', memory.id, memory.text, score, similarity),
  memory,
});

const passageItem = (passage: PassageWithDocument, score: number, similarity: number | null): RecalledItem => ({
  ...bare('KNOWLEDGE', passage.id, passage.text, score, similarity),
  citation: citationOf(passage),
});

/** Returns the citation of a passage. */
export const citationOf = ({ document, section, page, line, cells, start, end }: PassageWithDocument): Citation => ({
  documentId: document.id,
  title: document.title,
  section,
  page,
  line,
  cells,
  start,
  end,
});

/**
 * Share of the similarity below which texts have nothing to do with one another by the model, from which on a text is
 * worth a model's attention even if it shares no word with the query.
 */
const RELEVANT_SHARE = 2 / 3;
const LEAST_COVERAGE = 0.2;

const relevant = (query: string, item: RecalledItem, least: number): boolean =>
  (item.similarity ?? 0) >= least || coverage(query, item.text) >= LEAST_COVERAGE;

/** Returns the share of the query's telling words that a text has. */
export function coverage(query: string, text: string): number {
  const wanted = queryForms(query);
  if (wanted.length === 0) return 0;
  const has = new Set(words(text));
  return wanted.filter((forms) => forms.some((form) => has.has(form))).length / wanted.length;
}

import { beginningOf } from '#platform/base/text/text.ts';
import { estimateTokens } from '#retrieval/embeddings/estimate-tokens.ts';
import { queryForms, words } from '#retrieval/vectors/words.ts';
import { countInput, MAX_QUERY, numberInput } from '../input.ts';
import type { MemoryRow } from '../memories/store.ts';
import { standingInstructions } from './instructions.ts';
import { memoryItem, type RecalledItem } from './item.ts';
import { isStanding, NO_PROFILE, type Profile, profileOf } from './profile.ts';
import { quote } from './quoted.ts';
import { limitOf, type RecallParts, type RecallSearch, searchInTime } from './search.ts';
import { MAX_STANDING, storedFor } from './stored.ts';

export interface RecallInput extends RecallSearch {
  readonly tokenBudget: number;
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

const MAX_EXCLUDED = 500;
/** Most items where the budget is large and the client names no limit. */
const MAX_ITEMS = 200;
/** Tokens of the frame around the quotations and of the line above each. */
const FRAME_TOKENS = 80;
const LINE_TOKENS = 12;
/** Most of the budget that instructions take, and then what is standing but not the whole profile. */
const STANDING_SHARE = 0.5;
/** Most of what is left that a whole profile takes before what the query finds. */
const PROFILE_SHARE = 0.7;

/**
 * Returns what a user's memories, the knowledge they may read and the conversation's earlier messages hold about a
 * text, and the user's profile.
 */
export async function recall(
  parts: RecallParts,
  userId: string,
  input: RecallInput,
  signal?: AbortSignal,
): Promise<Recalled> {
  numberInput('input.tokenBudget', input.tokenBudget, 16, 100_000);
  if (input.limit != null) numberInput('input.limit', input.limit, 1, 50);
  if (input.timeoutMs != null) numberInput('input.timeoutMs', input.timeoutMs, 10, 60_000);
  countInput('input.excludeMessageIds', input.excludeMessageIds?.length ?? 0, 0, MAX_EXCLUDED);
  countInput('input.onlyMessageIds', input.onlyMessageIds?.length ?? 0, 0, MAX_EXCLUDED);
  const query = beginningOf(input.query.trim(), MAX_QUERY);
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
  quotations.push(...room.take(ranked, { items: limitOf({ limit }) }));
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

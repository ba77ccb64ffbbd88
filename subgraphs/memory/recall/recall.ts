import { estimateTokens } from '#retrieval/embeddings/estimate-tokens.ts';
import { queryWords, words } from '#retrieval/vectors/words.ts';
import { type PassageWithDocument, searchKnowledge } from '../documents/search.ts';
import { tenantOf } from '../indexes.ts';
import { countInput, MAX_QUERY, numberInput } from '../input.ts';
import { searchMemories } from '../memories/search.ts';
import { type MemoryRow, whereOf } from '../memories/store.ts';
import type { MemoryParts } from '../parts.ts';
import type { Citation, RecalledItem, RecallKind } from './item.ts';
import { quote } from './quoted.ts';

export interface RecallInput {
  readonly query: string;
  readonly conversationId?: string | null;
  readonly excludeMessageIds?: readonly string[] | null;
  readonly tokenBudget: number;
  readonly limit: number;
  readonly kinds?: readonly RecallKind[] | null;
}

export interface Recalled {
  readonly items: readonly RecalledItem[];
  readonly quoted: string | null;
  readonly tokens: number;
  readonly degraded: string | null;
  /** The model that the similarities come from. */
  readonly model: string | undefined;
}

/** Pinned memories come first, but they do not take all the room. */
const MAX_PINNED = 5;
const MAX_EXCLUDED = 500;
/** Tokens of the frame around the quotations and of the line above each. */
const FRAME_TOKENS = 80;
const LINE_TOKENS = 12;

type Parts = Pick<MemoryParts, 'db' | 'indexes'>;

/**
 * Returns what a user's memories, the knowledge they may read and the conversation's earlier messages hold about a
 * text.
 */
export async function recall(
  parts: Parts,
  userId: string,
  input: RecallInput,
  signal?: AbortSignal,
): Promise<Recalled> {
  numberInput('input.tokenBudget', input.tokenBudget, 16, 100_000);
  numberInput('input.limit', input.limit, 1, 50);
  countInput('input.excludeMessageIds', input.excludeMessageIds?.length ?? 0, 0, MAX_EXCLUDED);
  const query = input.query.trim().slice(0, MAX_QUERY);
  const { pinned, found, degraded, model } = await collect(parts, userId, { ...input, query }, signal);
  const ranked = found
    .filter((item) => relevant(query, item))
    .sort((a, b) => b.score - a.score)
    .filter((item) => !pinned.some((first) => first.id === item.id));
  const items = keepWithin(distinct([...pinned, ...ranked]), input);
  const quoted = items.length === 0 ? null : quote(items);
  return { items, quoted, tokens: quoted === null ? 0 : estimateTokens(quoted), degraded, model };
}

async function collect(parts: Parts, userId: string, input: RecallInput, signal: AbortSignal | undefined) {
  const wants = (kind: RecallKind) => input.kinds == null || input.kinds.includes(kind);
  const conversationId = input.conversationId ?? undefined;
  const { query, limit } = input;
  const [pinned, memories, knowledge, messages] = await Promise.all([
    wants('MEMORY') ? pinnedMemories(parts, userId, conversationId) : [],
    wants('MEMORY') && query !== ''
      ? searchMemories(parts, userId, {
          query,
          inConversation: conversationId,
          everywhere: false,
          limit,
          mode: 'HYBRID',
          signal,
        })
      : undefined,
    wants('KNOWLEDGE') && query !== ''
      ? searchKnowledge(parts, userId, { query, limit, mode: 'HYBRID', signal })
      : undefined,
    wants('MESSAGE') && query !== '' && conversationId !== undefined
      ? earlierMessages(parts, userId, conversationId, input, signal)
      : undefined,
  ]);
  const found = [
    ...(memories?.matches ?? []).map(({ memory, score, parts }) => memoryItem(memory, score, parts.similarity)),
    ...(knowledge?.matches ?? []).map(({ passage, score, similarity }) => passageItem(passage, score, similarity)),
    ...(messages?.items ?? []),
  ];
  const similarity = new Map(found.map((item) => [item.id, item.similarity]));
  return {
    pinned: pinned.map((memory) => memoryItem(memory, 1, similarity.get(memory.id) ?? null)),
    found,
    degraded: memories?.degraded ?? knowledge?.degraded ?? messages?.degraded ?? null,
    model: memories?.model ?? knowledge?.model ?? messages?.model,
  };
}

const pinnedMemories = ({ db }: Parts, userId: string, conversationId: string | undefined): Promise<MemoryRow[]> =>
  db.memory.findMany({
    where: {
      AND: [whereOf(userId, { pinned: true }), { about: { in: ['', ...(conversationId ? [conversationId] : [])] } }],
    },
    orderBy: [{ importance: 'desc' }, { id: 'desc' }],
    take: MAX_PINNED,
  });

async function earlierMessages(
  { db, indexes }: Parts,
  userId: string,
  conversationId: string,
  input: RecallInput,
  signal: AbortSignal | undefined,
) {
  const excluded = new Set(input.excludeMessageIds ?? []);
  const index = await indexes.get('messages');
  const { hits, degraded, model } = await index.search(tenantOf(userId), {
    text: input.query,
    by: { userId, purpose: 'message-search' },
    fusion: 'absolute',
    // Messages that the model gets anyway match best of all; they must not use up the places.
    limit: Math.min(1000, input.limit + 4 * excluded.size),
    filter: { field: 'conversationId', op: 'eq', value: conversationId },
    signal,
  });
  const idOf = (hit: (typeof hits)[number]) => String(hit.properties['messageId']);
  const wanted = hits.filter((hit) => !excluded.has(idOf(hit))).slice(0, input.limit);
  const rows = await db.transcriptMessage.findMany({ where: { userId, conversationId, id: { in: wanted.map(idOf) } } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  const items = wanted.flatMap((hit): RecalledItem[] => {
    const message = byId.get(idOf(hit));
    if (!message) return [];
    const similarity = hit.explanation.dense?.raw ?? null;
    return [{ ...bare('MESSAGE', message.id, hit.text, hit.score, similarity), message }];
  });
  return { items, degraded, model };
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
export const citationOf = ({ document, section, page, start, end }: PassageWithDocument): Citation => ({
  documentId: document.id,
  title: document.title,
  section,
  page,
  start,
  end,
});

/** Similarity from which on a text is worth a model's attention even if it shares no word with the query. */
const LEAST_SIMILARITY = 0.3;
const LEAST_COVERAGE = 0.2;

const relevant = (query: string, item: RecalledItem): boolean =>
  (item.similarity ?? 0) >= LEAST_SIMILARITY || coverage(query, item.text) >= LEAST_COVERAGE;

/** Returns the share of the query's telling words that a text has. */
export function coverage(query: string, text: string): number {
  const wanted = queryWords(query);
  if (wanted.length === 0) return 0;
  const has = new Set(words(text));
  return wanted.filter((word) => has.has(word)).length / wanted.length;
}

/** The same text is of no use a second time, whatever it was stored as. */
function distinct(items: readonly RecalledItem[]): RecalledItem[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const text = item.text.trim().toLowerCase();
    return !seen.has(text) && seen.add(text);
  });
}

/** As many as fit, best first; one that is too long is left out for shorter ones after it. */
function keepWithin(items: readonly RecalledItem[], { tokenBudget, limit }: RecallInput): RecalledItem[] {
  const kept: RecalledItem[] = [];
  let left = tokenBudget - FRAME_TOKENS;
  for (const item of items) {
    if (kept.length === limit) break;
    const cost = item.tokens + LINE_TOKENS;
    if (cost > left) continue;
    left -= cost;
    kept.push(item);
  }
  return kept;
}

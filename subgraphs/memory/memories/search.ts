import type { Filter, Hit } from '#retrieval/vectors/vector-store.ts';
import { tenantOf } from '../indexes.ts';
import type { MemoryParts } from '../parts.ts';
import { ABOUT_USER } from './index-memories.ts';
import { type MemoryFilter, type MemoryRow, whereOf } from './store.ts';

export type SearchMode = 'HYBRID' | 'SEMANTIC' | 'KEYWORD';
export const INDEX_MODE = { HYBRID: 'hybrid', SEMANTIC: 'vector', KEYWORD: 'text' } as const;

/** The parts of a memory's score. The idea of the three parts is of Park et al., "Generative Agents" (2023). */
export interface ScoreParts {
  readonly relevance: number;
  readonly relevanceWeight: number;
  readonly recency: number;
  readonly recencyWeight: number;
  readonly importance: number;
  readonly importanceWeight: number;
  readonly similarity: number | null;
  readonly keyword: number | null;
}

export interface MemoryMatch {
  readonly memory: MemoryRow;
  readonly score: number;
  readonly parts: ScoreParts;
}

export interface MemorySearch {
  readonly matches: readonly MemoryMatch[];
  readonly degraded: string | null;
  /** The model that the similarities come from. */
  readonly model: string;
}

/**
 * Relevance decides; the other two only order what is about equally relevant. With the equal weights of the paper a
 * fresh triviality would come before the answer to the question.
 */
const WEIGHTS = { relevance: 0.8, recency: 0.1, importance: 0.1 } as const;
const HALF_LIFE_MS = 30 * 86_400_000;
/** More than asked for is fetched by relevance, so that the other parts have something to choose from. */
const POOL_FACTOR = 3;
const LEAST_POOL = 50;
/** BM25 that is worth one half where nothing else makes a score of it. */
const HALF_BM25 = 5;

export interface MemoryQuery {
  readonly query: string;
  readonly filter?: MemoryFilter | null;
  /** Only memories about the user and, if given, about this conversation. */
  readonly inConversation?: string | undefined;
  readonly everywhere: boolean;
  readonly limit: number;
  readonly mode: SearchMode;
  /** Valid memories of the user that have just been read; the others are read from the database. */
  readonly known?: readonly MemoryRow[];
  readonly signal?: AbortSignal | undefined;
}

/** Finds a user's memories by relevance, recency and importance. What the database does not hold is never a match. */
export async function searchMemories(
  { db, indexes }: Pick<MemoryParts, 'db' | 'indexes'>,
  userId: string,
  search: MemoryQuery,
): Promise<MemorySearch> {
  const index = await indexes.get('memories');
  const { hits, model, degraded } = await index.search(tenantOf(userId), {
    text: search.query,
    by: { userId, purpose: 'memory-search' },
    mode: INDEX_MODE[search.mode],
    limit: Math.min(1000, Math.max(LEAST_POOL, search.limit * POOL_FACTOR)),
    filter: indexFilter(search),
    signal: search.signal,
  });
  const byId = new Map((search.known ?? []).map((row) => [row.id, row]));
  const unread = hits.flatMap(({ id }) => (byId.has(id) ? [] : id));
  const where = { AND: [whereOf(userId, search.filter ?? {}), { id: { in: unread } }] };
  for (const row of unread.length === 0 ? [] : await db.memory.findMany({ where })) byId.set(row.id, row);
  const now = Date.now();
  const matches = hits
    .flatMap((hit) => {
      const memory = byId.get(hit.id);
      return memory ? [score(memory, hit, search.mode, now)] : [];
    })
    .sort((a, b) => b.score - a.score || (a.memory.id < b.memory.id ? 1 : -1))
    .slice(0, search.limit);
  return { matches, degraded: degraded ?? null, model };
}

function score(memory: MemoryRow, hit: Hit, mode: SearchMode, now: number): MemoryMatch {
  const lexicalOnly = mode === 'KEYWORD' || hit.explanation.dense === undefined;
  const raw = lexicalOnly && hit.explanation.fusion === undefined ? hit.score / (hit.score + HALF_BM25) : hit.score;
  const parts: ScoreParts = {
    relevance: Math.min(1, Math.max(0, raw)),
    relevanceWeight: WEIGHTS.relevance,
    recency: recency(memory, now),
    recencyWeight: WEIGHTS.recency,
    importance: memory.importance,
    importanceWeight: WEIGHTS.importance,
    similarity: hit.explanation.dense?.raw ?? null,
    keyword: hit.explanation.lexical?.raw ?? null,
  };
  const total =
    parts.relevance * WEIGHTS.relevance + parts.recency * WEIGHTS.recency + parts.importance * WEIGHTS.importance;
  return { memory, score: total, parts };
}

/** Returns 1 for what is new or was just used, half of it every thirty days. */
export function recency({ createdAt, lastUsedAt }: Pick<MemoryRow, 'createdAt' | 'lastUsedAt'>, now: number): number {
  const last = Math.max(createdAt.getTime(), lastUsedAt?.getTime() ?? 0);
  return 0.5 ** (Math.max(0, now - last) / HALF_LIFE_MS);
}

function indexFilter({ filter, inConversation, everywhere }: MemoryQuery): Filter | undefined {
  const conditions: Filter[] = [];
  if (!filter?.includeSuperseded) conditions.push({ field: 'valid', op: 'eq', value: true });
  if (filter?.conversationId != null)
    conditions.push({ field: 'conversationId', op: 'eq', value: filter.conversationId });
  if (filter?.kinds != null && filter.kinds.length > 0)
    conditions.push({ field: 'kind', op: 'in', value: [...filter.kinds] });
  if (filter?.pinned != null) conditions.push({ field: 'pinned', op: 'eq', value: filter.pinned });
  if (filter?.origin != null) conditions.push({ field: 'origin', op: 'eq', value: filter.origin });
  if (!everywhere) {
    const places = inConversation === undefined ? [ABOUT_USER] : [ABOUT_USER, inConversation];
    conditions.push({ field: 'about', op: 'in', value: places });
  }
  return conditions.length === 0 ? undefined : { and: conditions };
}

import { Deadline } from '#platform/base/cancellation/deadline.ts';
import { untilAborted } from '#platform/base/cancellation/until-aborted.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { searchKnowledge } from '../documents/search.ts';
import { tenantOf } from '../indexes.ts';
import { searchMemories } from '../memories/search.ts';
import type { MemoryParts } from '../parts.ts';
import { memoryItem, messageItem, passageItem, type RecalledItem, type RecallKind } from './item.ts';
import type { Stored } from './stored.ts';

/** A search: what is looked for, and where. */
export interface RecallSearch {
  readonly query: string;
  readonly conversationId?: string | null;
  readonly excludeMessageIds?: readonly string[] | null;
  /** Messages that may be quoted; absent: all of the conversation. */
  readonly onlyMessageIds?: readonly string[] | null;
  /** Most items of all kinds; by default as many as fit, of which the query finds DEFAULT_LIMIT. */
  readonly limit?: number | null;
  readonly kinds?: readonly RecallKind[] | null;
  /** Whether what the user wants of every reply, and who they are, is recalled whatever the query. */
  readonly profile: boolean;
  /** Longest search, in ms; the profile does not wait for it. */
  readonly timeoutMs?: number | null;
}

/** Most hits that a search of messages looks through. */
const MAX_HITS = 1_000;
const DEFAULT_LIMIT = 8;

export type RecallParts = Pick<MemoryParts, 'db' | 'indexes' | 'transcripts'>;

/** The memories, passages and earlier messages that a query found. */
export interface Found {
  readonly found: readonly RecalledItem[];
  readonly degraded: string | null;
  readonly model: string | undefined;
}

/**
 * Searches memories, knowledge and earlier messages. A search that is late or whose store is away finds nothing and
 * says so: the profile is of use without it.
 */
export async function searchInTime(
  parts: RecallParts,
  userId: string,
  input: RecallSearch,
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
  parts: RecallParts,
  userId: string,
  input: RecallSearch,
  stored: Stored,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const [memories, knowledge, messages] = await Promise.all([
    wants(input, 'MEMORY') && stored.hasMemories ? matchingMemories(parts, userId, input, stored, signal) : undefined,
    wants(input, 'KNOWLEDGE') && stored.hasKnowledge
      ? matchingPassages(parts, userId, input, stored, signal)
      : undefined,
    wants(input, 'MESSAGE') && stored.hasEarlier ? earlierMessages(parts, userId, input, stored, signal) : undefined,
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

const wants = ({ query, kinds, onlyMessageIds }: RecallSearch, kind: RecallKind): boolean =>
  query !== '' && (kinds == null || kinds.includes(kind)) && (kind !== 'MESSAGE' || onlyMessageIds?.length !== 0);

/** Returns how many of a kind are looked for. */
export const limitOf = ({ limit }: Pick<RecallSearch, 'limit'>): number => limit ?? DEFAULT_LIMIT;

const matchingMemories = (
  parts: RecallParts,
  userId: string,
  input: RecallSearch,
  { profile }: Stored,
  signal: AbortSignal | undefined,
) =>
  searchMemories(parts, userId, {
    query: input.query,
    inConversation: input.conversationId ?? undefined,
    everywhere: false,
    limit: limitOf(input),
    mode: 'HYBRID',
    known: Object.values(profile).flat(),
    signal,
  });

const matchingPassages = (
  parts: RecallParts,
  userId: string,
  input: RecallSearch,
  { attachedElsewhere }: Stored,
  signal: AbortSignal | undefined,
) =>
  searchKnowledge(parts, userId, {
    query: input.query,
    within: { conversationId: input.conversationId ?? undefined, leftOut: attachedElsewhere },
    limit: limitOf(input),
    mode: 'HYBRID',
    signal,
  });

/** What a caller is told who asks for messages before they are in the index. */
const BEING_INDEXED = 'Earlier messages of this conversation are still being indexed: ask again in a moment.';

async function earlierMessages(
  { db, indexes, transcripts }: RecallParts,
  userId: string,
  input: RecallSearch,
  { unindexed }: Stored,
  signal: AbortSignal | undefined,
) {
  const { conversationId } = input;
  if (conversationId == null) return undefined;
  const isWhole = await transcripts.findable(userId, conversationId, unindexed, signal);
  const excluded = new Set(input.excludeMessageIds ?? []);
  const only = input.onlyMessageIds && new Set(input.onlyMessageIds);
  const index = await indexes.get('messages');
  const { hits, degraded, model } = await index.search(tenantOf(userId), {
    text: input.query,
    by: { userId, purpose: 'message-search' },
    fusion: 'absolute',
    // Messages that the model gets anyway match best of all; they must not use up the places.
    limit: only ? MAX_HITS : Math.min(MAX_HITS, limitOf(input) + 4 * excluded.size),
    filter: { field: 'conversationId', op: 'eq', value: conversationId },
    signal,
  });
  const idOf = (hit: (typeof hits)[number]) => String(hit.properties['messageId']);
  const mayQuote = (id: string): boolean => !excluded.has(id) && (!only || only.has(id));
  const wanted = hits.filter((hit) => mayQuote(idOf(hit))).slice(0, limitOf(input));
  const where = { userId, conversationId, id: { in: wanted.map(idOf) } };
  const rows = wanted.length === 0 ? [] : await db.transcriptMessage.findMany({ where });
  const byId = new Map(rows.map((row) => [row.id, row]));
  const items = wanted.flatMap((hit): RecalledItem[] => {
    const message = byId.get(idOf(hit));
    if (!message) return [];
    const similarity = hit.explanation.dense?.raw ?? null;
    return [messageItem(message, hit.text, hit.score, similarity)];
  });
  return { items, degraded: degraded ?? (isWhole ? undefined : BEING_INDEXED), model };
}

import { isUuid } from '#platform/base/uuid.ts';
import type { Document, Passage } from '#prisma/memory/client/client.ts';
import type { Filter, Hit } from '#retrieval/vectors/vector-store.ts';
import { SHARED_TENANT, tenantOf } from '../indexes.ts';
import { countInput } from '../input.ts';
import { INDEX_MODE, type SearchMode } from '../memories/search.ts';
import type { MemoryParts } from '../parts.ts';
import { Documents } from './documents.ts';

export interface FoundPassage {
  readonly passage: PassageWithDocument;
  readonly score: number;
  readonly similarity: number | null;
  readonly keyword: number | null;
}

export type PassageWithDocument = Passage & { readonly document: Document };

export interface KnowledgeSearch {
  readonly matches: readonly FoundPassage[];
  readonly degraded: string | null;
  readonly model: string;
}

export interface KnowledgeQuery {
  readonly query: string;
  readonly documentIds?: readonly string[] | null;
  /** For a conversation, or none: without documents that are attached to others. Absent: whatever it is attached to. */
  readonly within?: { readonly conversationId: string | undefined; readonly leftOut: readonly string[] };
  readonly limit: number;
  readonly mode: SearchMode;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds passages in the user's own documents and in the shared ones. The two are searched side by side and their scores
 * compared as they are, which absolute fusion allows. The database has the last word on who may read what.
 */
export async function searchKnowledge(
  { db, indexes }: Pick<MemoryParts, 'db' | 'indexes'>,
  userId: string,
  search: KnowledgeQuery,
): Promise<KnowledgeSearch> {
  const { within } = search;
  const filter = within ? without(within.leftOut) : filterOf(search.documentIds);
  const index = await indexes.get('knowledge');
  const searches = await Promise.all(
    [tenantOf(userId), SHARED_TENANT].map((tenant) =>
      index.search(tenant, {
        text: search.query,
        by: { userId, purpose: 'knowledge-search' },
        mode: INDEX_MODE[search.mode],
        fusion: 'absolute',
        limit: search.limit,
        filter,
        signal: search.signal,
      }),
    ),
  );
  const hits = searches.flatMap((found) => found.hits).sort((a, b) => b.score - a.score);
  const attached = within && { OR: [{ conversationId: null }, { conversationId: within.conversationId ?? '' }] };
  const document = { AND: [Documents.readable(userId), attached ?? {}] };
  const where = { id: { in: hits.map((hit) => hit.id) }, document };
  const rows = hits.length === 0 ? [] : await db.passage.findMany({ where, include: { document: true } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  const matches = hits.flatMap((hit) => found(hit, byId.get(hit.id))).slice(0, search.limit);
  const degraded = searches.find((one) => one.degraded !== undefined)?.degraded ?? null;
  return { matches, degraded, model: searches[0]!.model };
}

const found = (hit: Hit, passage: PassageWithDocument | undefined): FoundPassage[] =>
  passage
    ? [
        {
          passage,
          score: hit.score,
          similarity: hit.explanation.dense?.raw ?? null,
          keyword: hit.explanation.lexical?.raw ?? null,
        },
      ]
    : [];

const without = (documentIds: readonly string[]): Filter | undefined =>
  documentIds.length === 0
    ? undefined
    : { and: documentIds.map((value) => ({ field: 'documentId', op: 'ne', value }) as const) };

/** An index takes no empty list. */
const NO_DOCUMENT = '00000000-0000-0000-0000-000000000000';

function filterOf(documentIds: readonly string[] | null | undefined): Filter | undefined {
  if (documentIds === null || documentIds === undefined) return undefined;
  countInput('input.documentIds', documentIds.length, 1, 100);
  const ids = documentIds.filter(isUuid);
  return { field: 'documentId', op: 'in', value: ids.length > 0 ? ids : [NO_DOCUMENT] };
}

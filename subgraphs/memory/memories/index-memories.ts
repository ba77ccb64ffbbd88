import type { Json } from '#platform/base/json/json.ts';
import type { JobHandler } from '#platform/data/jobs/jobs.ts';
import type { Memory as MemoryRow } from '#prisma/memory/client/client.ts';
import type { TextIndex } from '#retrieval/vectors/text-index.ts';
import { tenantOf } from '../indexes.ts';
import type { Database, MemoryParts, Transaction } from '../parts.ts';

export const INDEX_MEMORIES = 'index-memories';

/** In the index: about the user, whatever the conversation. Not every vector server finds an empty text. */
export const ABOUT_USER = 'user';

/** Makes the index say what the rows say: memories that are there are put, those that are gone are removed. */
export function indexMemories({ db, indexes }: Pick<MemoryParts, 'db' | 'indexes'>): JobHandler<Transaction> {
  return {
    async run(payload: Json, { signal }) {
      const { userId, ids } = payload as { userId: string; ids: string[] };
      await syncMemories(db, await indexes.get('memories'), userId, ids, signal);
    },
  };
}

/**
 * A row may change while its text is being embedded, and another job may have put the newer state already: rows are
 * read again afterwards, until nothing has changed in between.
 */
async function syncMemories(
  db: Database,
  index: TextIndex,
  userId: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const tenant = tenantOf(userId);
  const read = async () =>
    new Map((await db.memory.findMany({ where: { userId, id: { in: [...ids] } } })).map((row) => [row.id, row]));
  let rows = await read();
  for (let pending = ids; pending.length > 0; ) {
    const present = pending.flatMap((id) => rows.get(id) ?? []);
    const gone = pending.filter((id) => !rows.has(id));
    if (gone.length > 0) await index.remove(tenant, gone);
    const results = await index.put(
      tenant,
      present.map((row) => ({ id: row.id, text: row.text, properties: propertiesOf(row) })),
      { userId, purpose: 'memory-store' },
      signal,
    );
    const failed = results.find((result) => !result.ok);
    if (failed && !failed.ok) throw new Error(`the index refused a memory: ${failed.error}`);
    const after = await read();
    pending = pending.filter((id) => rows.get(id)?.updatedAt.getTime() !== after.get(id)?.updatedAt.getTime());
    rows = after;
  }
}

/** Returns what the index says of a memory beside its text. */
export const propertiesOf = (row: MemoryRow) => ({
  about: row.about || ABOUT_USER,
  ...(row.conversationId !== null && { conversationId: row.conversationId }),
  kind: row.kind,
  origin: row.origin,
  pinned: row.pinned,
  valid: row.validUntil === null || row.validUntil.getTime() > Date.now(),
});

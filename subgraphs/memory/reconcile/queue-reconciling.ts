import { INDEX_NAMES, type IndexName } from '../indexes.ts';
import type { Database, MemoryParts } from '../parts.ts';
import { RECONCILE_INDEX } from './reconcile-index.ts';

/** Queues the comparison of indexes with their rows; one that waits already is enough. */
export async function queueReconciling(
  { db, slow }: Pick<MemoryParts, 'db' | 'slow'>,
  names: readonly IndexName[] = INDEX_NAMES,
): Promise<void> {
  for (const name of names) await db.$transaction((tx) => slow.enqueue(tx, RECONCILE_INDEX, { name }, { key: name }));
}

/**
 * Queues the indexes that cannot agree with their rows, because they hold another number of texts: the store was lost,
 * emptied or restored. Work that waits explains a difference, so nothing is done until it is over. Never rejects.
 */
export async function queueSuspects(memory: MemoryParts): Promise<void> {
  try {
    const waiting = await memory.db.job.count({ where: { state: { in: ['WAITING', 'RUNNING'] } } });
    if (waiting > 0) return;
    const suspects: IndexName[] = [];
    for (const name of INDEX_NAMES) {
      const [objects, rows] = [await (await memory.indexes.get(name)).count(), await ROWS[name](memory.db)];
      // A long message is several objects, so only a lack is suspicious there.
      const agrees = name === 'messages' ? objects >= rows && (rows > 0 || objects === 0) : objects === rows;
      memory.metrics.indexDifference.set({ index: name }, agrees ? 0 : Math.max(Math.abs(rows - objects), 1));
      if (agrees) continue;
      suspects.push(name);
      memory.log.warn({ index: name, objects, rows }, 'an index does not hold what its rows say; it is compared');
    }
    await queueReconciling(memory, suspects);
  } catch (error) {
    memory.log.warn({ err: error }, 'whether the indexes agree with their rows could not be found out');
  }
}

const ROWS: Readonly<Record<IndexName, (db: Database) => Promise<number>>> = {
  memories: (db) => db.memory.count(),
  knowledge: (db) => db.passage.count({ where: { document: { status: 'READY' } } }),
  messages: (db) => db.transcriptMessage.count({ where: { indexed: true } }),
};

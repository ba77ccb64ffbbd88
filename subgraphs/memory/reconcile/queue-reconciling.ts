import { INGEST_DOCUMENT, REMOVE_DOCUMENT } from '../documents/ingest.ts';
import { REMOVE_CONVERSATION, REMOVE_MESSAGE, REMOVE_USER } from '../events.ts';
import { INDEX_NAMES, type IndexName } from '../indexes.ts';
import { INDEX_MESSAGE } from '../indexing/index-message.ts';
import { INDEX_MEMORIES } from '../memories/index-memories.ts';
import type { Database, MemoryParts } from '../parts.ts';
import { RECONCILE_INDEX } from './reconcile-index.ts';

/** How long after a comparison in whole the next one is due, in ms. */
const WHOLE_MS = 86_400_000;

/** The work that changes an index. While some waits or runs, a difference is to be expected. */
const CHANGES: Readonly<Record<IndexName, readonly string[]>> = {
  memories: [INDEX_MEMORIES, REMOVE_USER],
  knowledge: [INGEST_DOCUMENT, REMOVE_DOCUMENT, REMOVE_USER],
  messages: [INDEX_MESSAGE, REMOVE_MESSAGE, REMOVE_CONVERSATION, REMOVE_USER],
};

/** Queues the comparison of indexes with their rows; one that waits already is enough. */
export async function queueReconciling(
  { db, slow }: Pick<MemoryParts, 'db' | 'slow'>,
  names: readonly IndexName[] = INDEX_NAMES,
): Promise<void> {
  for (const name of names) await db.$transaction((tx) => slow.enqueue(tx, RECONCILE_INDEX, { name }, { key: name }));
}

/**
 * Queues the indexes that cannot agree with their rows, because they hold another number of texts: the store was lost,
 * emptied or restored. Work on an index explains a difference, so nothing is done until it is over; other work, such as
 * lessons that wait for a model which is away, does not. Never rejects.
 */
export async function queueSuspects(memory: MemoryParts): Promise<void> {
  try {
    const suspects: IndexName[] = [];
    for (const name of INDEX_NAMES) {
      if (await isBeingChanged(memory.db, name)) continue;
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

/**
 * Queues those indexes that were not compared in whole within a day. Numbers do not tell everything: a text that a
 * killed process left behind may stand beside one that is missing. Never rejects.
 */
export async function queueDue(memory: Pick<MemoryParts, 'db' | 'slow' | 'log'>): Promise<void> {
  try {
    const compared = await memory.db.job.findMany({
      where: { kind: RECONCILE_INDEX, state: 'DONE', finishedAt: { gt: new Date(Date.now() - WHOLE_MS) } },
      select: { key: true },
    });
    const known = new Set(compared.map(({ key }) => key));
    await queueReconciling(
      memory,
      INDEX_NAMES.filter((name) => !known.has(name)),
    );
  } catch (error) {
    memory.log.warn({ err: error }, 'when the indexes were compared with their rows could not be found out');
  }
}

async function isBeingChanged(db: Database, name: IndexName): Promise<boolean> {
  const state = { in: ['WAITING', 'RUNNING'] };
  const work = [{ kind: { in: [...CHANGES[name]] } }, { kind: RECONCILE_INDEX, key: name }];
  return (await db.job.count({ where: { state, OR: work } })) > 0;
}

const ROWS: Readonly<Record<IndexName, (db: Database) => Promise<number>>> = {
  memories: (db) => db.memory.count(),
  knowledge: (db) => db.passage.count({ where: { document: { status: 'READY' } } }),
  messages: (db) => db.transcriptMessage.count({ where: { indexed: true } }),
};

import type { Json } from '#platform/base/json/json.ts';
import type { JobHandler } from '#platform/data/jobs/jobs.ts';
import { INDEX_NAMES, type IndexName, reembedderOf } from '../indexes.ts';
import type { MemoryParts, Transaction } from '../parts.ts';

export const REEMBED_INDEX = 'reembed-index';

/** Embeds what a change of model has left behind. Searches go on with the old model until it is done. */
export const reembedIndex = ({ indexes }: Pick<MemoryParts, 'indexes'>): JobHandler<Transaction> => ({
  async run(payload: Json, { progress, signal }) {
    const { name } = payload as { name: IndexName };
    const index = await indexes.get(name);
    await index.reembed(reembedderOf, ({ done, total }) => progress(done, total), signal);
  },
});

/**
 * Queues the indexes whose model has changed. Never rejects: an endpoint that is down is asked again with the next
 * start.
 */
export async function queueReembedding({ db, indexes, slow, log }: MemoryParts): Promise<void> {
  for (const name of INDEX_NAMES) {
    try {
      if (!(await (await indexes.get(name)).pending())) continue;
      await db.$transaction((tx) => slow.enqueue(tx, REEMBED_INDEX, { name }, { key: name }));
      log.info({ index: name }, 'the embedding model has changed: all texts are embedded again in the background');
    } catch (error) {
      log.warn({ err: error, index: name }, 'whether the embedding model has changed could not be found out');
    }
  }
}

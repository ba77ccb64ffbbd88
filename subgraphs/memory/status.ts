import { hasChatModel } from './extraction/extract-memories.ts';
import { INDEX_NAMES } from './indexes.ts';
import { REEMBED_INDEX } from './indexing/reembed.ts';
import type { MemoryParts } from './parts.ts';

/** Returns the state of background work and indexes, for administrators. */
export async function memoryStatus(memory: MemoryParts) {
  const { db, indexes, quick, models, extraction } = memory;
  // Both runners work on one table.
  const jobs = await quick.counts();
  const reembedding = await db.job.findMany({ where: { kind: REEMBED_INDEX, state: { not: 'DONE' } } });
  return {
    jobs,
    indexes: await Promise.all(
      INDEX_NAMES.map(async (name) => {
        const index = await indexes.get(name);
        const job = reembedding.find((row) => row.key === name);
        return {
          name,
          model: index.model,
          upToDate: !(await index.pending()),
          done: job?.done ?? 0,
          total: job?.total ?? 0,
        };
      }),
    ),
    extractor: await extractorName(models, extraction, memory),
  };
}

async function extractorName(
  models: MemoryParts['models'],
  extraction: MemoryParts['extraction'],
  memory: MemoryParts,
): Promise<string> {
  if (extraction === 'off') return 'off';
  if (extraction === 'rules' || !(await hasChatModel(memory))) return 'rules';
  return (await models.list()).find((model) => model.capabilities.chat)?.id ?? 'rules';
}

import type { Json } from '#platform/base/json/json.ts';
import type { JobContext, JobHandler } from '#platform/data/jobs/jobs.ts';
import type { TextIndex } from '#retrieval/vectors/text-index.ts';
import { type IndexName, SHARED_TENANT, tenantOf } from '../indexes.ts';
import type { MemoryParts, Transaction } from '../parts.ts';
import { type Part, SOURCES, type Source } from './sources.ts';

export const RECONCILE_INDEX = 'reconcile-index';

/** Objects or rows that are compared at a time. */
const PAGE = 200;

/**
 * Makes an index agree with the rows that it is made of, after a store was lost, emptied, restored, or away for too
 * long: what has no row is removed, what is missing or says something else is queued to be indexed again. It reads both
 * sides in pages, and repeating it changes nothing.
 */
export const reconcileIndex = (memory: MemoryParts): JobHandler<Transaction> => ({
  async run(payload: Json, context) {
    const { name } = payload as { name: IndexName };
    const { removed, queued } = await reconcile(memory, name, context);
    const log = removed + queued > 0 ? memory.log.warn.bind(memory.log) : memory.log.info.bind(memory.log);
    log({ index: name, removed, queued }, 'an index was compared with its rows');
  },
});

interface Differences {
  /** Objects without a row, which are removed. */
  removed: number;
  /** Memories, documents or messages that are indexed again. */
  queued: number;
}

async function reconcile(
  memory: MemoryParts,
  name: IndexName,
  { progress, signal }: Pick<JobContext, 'progress' | 'signal'>,
): Promise<Differences> {
  const index = await memory.indexes.get(name);
  const source = SOURCES[name];
  const found: Differences = { removed: 0, queued: 0 };
  const owners = new Map((await source.owners(memory.db)).map((userId) => [tenantOf(userId), userId] as const));
  const tenants = new Set([...owners.keys(), ...(await index.tenants()), ...(source.isShared ? [SHARED_TENANT] : [])]);
  let done = 0;
  for (const tenant of tenants) {
    signal.throwIfAborted();
    const userId = owners.get(tenant);
    if (userId === undefined && !(tenant === SHARED_TENANT && source.isShared)) {
      // Nothing of this user is left: an account was deleted, and a restore has brought its texts back.
      if (await index.removeTenant(tenant)) found.removed++;
    } else {
      const part = { tenant, userId };
      found.removed += await removeStrangers(memory, index, source, part, found, signal);
      await queueMissing(memory, index, source, part, found, signal);
    }
    progress(++done, tenants.size);
  }
  return found;
}

async function removeStrangers(
  memory: MemoryParts,
  index: TextIndex,
  source: Source,
  part: Part,
  found: Differences,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  let after: string | undefined;
  do {
    const page = await index.list(part.tenant, { limit: PAGE, after, signal });
    const { strangers, outdated } = await source.compare(memory.db, part, page.objects);
    if (strangers.length > 0) removed += (await index.remove(part.tenant, strangers)).length;
    found.queued += await source.queue(memory, part, outdated);
    after = page.next;
  } while (after !== undefined);
  return removed;
}

async function queueMissing(
  memory: MemoryParts,
  index: TextIndex,
  source: Source,
  part: Part,
  found: Differences,
  signal: AbortSignal,
): Promise<void> {
  let after: string | undefined;
  do {
    signal.throwIfAborted();
    const rows = await source.rows(memory.db, part, after, PAGE);
    const there = await index.existing(
      part.tenant,
      rows.map(({ objectId }) => objectId),
      signal,
    );
    const missing = rows.filter(({ objectId }) => !there.has(objectId)).map(({ unit }) => unit);
    found.queued += await source.queue(memory, part, [...new Set(missing)]);
    after = rows.length === PAGE ? rows.at(-1)!.cursor : undefined;
  } while (after !== undefined);
}

import type { Jobs } from '#platform/data/jobs/jobs.ts';
import { Prisma } from '#prisma/memory/client/client.ts';
import type { Transaction } from '../parts.ts';
import { INDEX_MEMORIES } from './index-memories.ts';

/** Memories that one job tells the index of. */
const AT_ONCE = 1_000;

/** The memories that are gone. */
export interface Deleted {
  readonly ids: readonly string[];
  /** The jobs that take them out of the index. */
  readonly jobs: readonly string[];
}

/**
 * Deletes memories, however many they are, and has the index let go of them. What they had superseded is superseded by
 * nothing that there is.
 *
 * @param which the condition on their rows; column names stand alone.
 * @param withHistory whether the older memories that they superseded go too.
 */
export async function deleteMemories(
  tx: Transaction,
  quick: Jobs,
  which: Prisma.Sql,
  { withHistory = false } = {},
): Promise<Deleted> {
  const older = Prisma.sql`UNION SELECT m.id, m.user_id FROM memories m
    JOIN chosen ON m.superseded_by_id = chosen.id AND m.user_id = chosen.user_id`;
  const gone = await tx.$queryRaw<{ id: string; userId: string }[]>`
    WITH RECURSIVE chosen AS (
      SELECT id, user_id FROM memories WHERE ${which} ${withHistory ? older : Prisma.empty}
    )
    DELETE FROM memories WHERE id IN (SELECT id FROM chosen) RETURNING id::text AS id, user_id AS "userId"`;
  const ids = gone.map(({ id }) => id);
  if (ids.length > 0)
    await tx.$executeRaw`UPDATE memories SET superseded_by_id = NULL WHERE superseded_by_id = ANY(${ids}::uuid[])`;
  const jobs: string[] = [];
  for (const [userId, rows] of Map.groupBy(gone, (row) => row.userId)) {
    for (let i = 0; i < rows.length; i += AT_ONCE) {
      const part = rows.slice(i, i + AT_ONCE).map(({ id }) => id);
      jobs.push(await quick.enqueue(tx, INDEX_MEMORIES, { userId, ids: part }, { userId }));
    }
  }
  return { ids, jobs };
}

import type { Transaction } from '../parts.ts';

/**
 * Makes each of some messages an arrival for those who read on, after whatever has come into its conversation. The
 * conversations are locked meanwhile.
 */
export async function arriveAgain(tx: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.$executeRaw`
    WITH arriving AS (
      SELECT id, conversation_id, row_number() OVER (PARTITION BY conversation_id ORDER BY id)::int AS nth
      FROM messages WHERE id = ANY(${ids}::uuid[])
    ), many AS (
      SELECT conversation_id, max(nth) AS most FROM arriving GROUP BY conversation_id
    ), counted AS (
      UPDATE conversations c SET arrivals = c.arrivals + many.most FROM many WHERE c.id = many.conversation_id
      RETURNING c.id, c.arrivals - many.most AS start
    ), told AS (
      UPDATE participants p SET activity_at = p.activity_at FROM counted WHERE p.conversation_id = counted.id
    )
    UPDATE messages m SET arrival = counted.start + arriving.nth
    FROM arriving JOIN counted ON counted.id = arriving.conversation_id WHERE m.id = arriving.id`;
}

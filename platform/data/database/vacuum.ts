import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';

/** Between two tables, in ms: what waits for the one session goes first. */
const PAUSE_MS = 20;

/**
 * Gives room in the tables of an embedded database back, and counts again what planning goes by, a table at a time. Its
 * columns are named: otherwise the expressions of its indexes are computed for thousands of rows, such as the words of
 * each message, while everybody waits. That is done where half of the rows are others than when it was done last: the
 * search decides by it how common a word is.
 *
 * @param signal between two tables: the rest is left.
 */
export async function vacuumTables(admin: Pick<pg.Pool, 'query'>, signal?: AbortSignal): Promise<void> {
  // What was changed is counted when it is handed in, which is not done at once.
  await admin.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await admin.query<{ name: string; columns: string; others: boolean }>(`
    SELECT format('%I.%I', n.nspname, c.relname) AS name, string_agg(quote_ident(a.attname), ', ') AS columns,
      coalesce(pg_stat_get_mod_since_analyze(c.oid) > greatest(c.reltuples, 0) / 2 + 50, false) AS others
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'm') AND NOT c.relisshared AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped
      AND n.nspname <> 'information_schema'
    GROUP BY n.nspname, c.relname, c.oid ORDER BY c.oid`);
  for (const { name, columns, others } of rows) {
    if (signal?.aborted) return;
    await admin.query(`VACUUM (ANALYZE) ${name}${others ? '' : ` (${columns})`}`).catch(async (error: unknown) => {
      // Gone since it was listed, with what is restored or migrated: nothing is left to be done.
      if ((error as { code?: unknown }).code !== '42P01') throw error;
    });
    await pause(PAUSE_MS, undefined, { ref: false });
  }
}

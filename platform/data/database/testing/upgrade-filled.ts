import type pg from 'pg';
import { migrate, pendingMigrations } from '../migrate.ts';
import { countRows, readShapes } from '../tables.ts';
import { fillTables } from './fill-tables.ts';

/** How many rows a migration took away, by its name and theirs: `{ '2_second': { stars: 5 } }`. */
export type LostRows = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * Applies migrations one by one, each to tables that have rows: every table is filled before each of them, and once
 * more after the last. Then the tables are analysed and their indexes made again, by a session that finds nothing by
 * its search_path, as the server itself does it, and Postgres 17 and later every time.
 *
 * @param client whose search_path is the schema; it is none when this returns.
 * @param directory of the migrations.
 * @throws {Error} naming the migration that cannot be applied, or the table that cannot be filled, analysed or indexed.
 */
export async function upgradeFilled(client: pg.ClientBase, directory: string, schema: string): Promise<LostRows> {
  const lost: Record<string, Record<string, number>> = {};
  const names = await pendingMigrations(client, directory);
  for (const [round, name] of names.entries()) {
    await fillTables(client, schema, round);
    const before = await countAll(client, schema);
    await migrate(client, directory, new Set([name]));
    const after = await countAll(client, schema);
    const fewer = [...before].map(([table, count]) => [table, count - (after.get(table) ?? 0)] as const);
    const losses = fewer.filter(([, count]) => count > 0);
    if (losses.length > 0) lost[name] = Object.fromEntries(losses);
  }
  await fillTables(client, schema, names.length);
  const filled = await countAll(client, schema);
  await client.query("SET search_path = ''");
  for (const table of filled.keys())
    for (const work of ['ANALYZE', 'REINDEX TABLE'])
      await client.query(`${work} "${schema}"."${table}"`).catch((error: unknown) => {
        throw new Error(`${work} ${table} fails: ${(error as Error).message}`, { cause: error });
      });
  for (const [table, count] of await countAll(client, schema))
    if (count === 0 || count !== filled.get(table)) throw new Error(`${table} has ${count} rows`);
  return lost;
}

async function countAll(client: pg.ClientBase, schema: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const table of await readShapes(client, schema)) counts.set(table.name, await countRows(client, schema, table));
  return counts;
}

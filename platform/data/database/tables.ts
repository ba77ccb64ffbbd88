import type pg from 'pg';

/** A table: its name and its columns with their types, in the order in which rows hold them. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly ColumnShape[];
}

export interface ColumnShape {
  readonly name: string;
  /** As SQL writes it. */
  readonly type: string;
}

/** A counter that gives out numbers of rows. */
export interface SequenceState {
  readonly name: string;
  readonly value: string;
  readonly called: boolean;
}

/** The history of migrations, which each database writes itself. */
const HISTORY = '_prisma_migrations';
/** Rows that are read at a time. One may have a megabyte. */
const FETCHED = 100;
/** Characters of rows that are stored by one statement. */
const BATCH_CHARACTERS = 1_000_000;

/** Makes a connection read and write values as text that every other server understands. */
export async function speakPlainly(client: pg.ClientBase): Promise<void> {
  await client.query("SET datestyle = 'ISO'; SET timezone = 'UTC'; SET intervalstyle = 'iso_8601'");
  await client.query('SET bytea_output = hex; SET extra_float_digits = 1');
}

/** Returns the tables of a schema, by name. What a column computes itself is left out. */
export async function readShapes(client: pg.ClientBase, schema: string): Promise<TableShape[]> {
  const { rows } = await client.query<{ table: string; columns: ColumnShape[] }>(
    `SELECT c.relname AS table,
       json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum) AS columns
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND c.relname <> $2
       AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     GROUP BY c.relname ORDER BY c.relname`,
    [quote(schema), HISTORY],
  );
  return rows.map(({ table, columns }) => ({ name: table, columns }));
}

/** Returns the names of the migrations that a schema has had, in their order. */
export async function readMigrationNames(client: pg.ClientBase, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT migration_name AS name FROM ${quote(schema)}.${HISTORY}
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Counts the rows of a table. */
export async function countRows(client: pg.ClientBase, schema: string, { name }: TableShape): Promise<number> {
  const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${quote(schema)}.${quote(name)}`);
  return Number(rows[0]!.count);
}

/**
 * Yields the rows of a table, each as the JSON list of its values, which are texts or null: Postgres reads every value
 * that it has written as text, whatever its type. The connection must be in a transaction.
 */
export async function* readRows(client: pg.ClientBase, schema: string, table: TableShape): AsyncGenerator<string[]> {
  const values = table.columns.map(({ name }) => `${quote(name)}::text`).join(', ');
  const list = table.columns.length > 0 ? `json_build_array(${values})` : "'[]'";
  await client.query(
    `DECLARE copied NO SCROLL CURSOR FOR SELECT ${list}::text AS row FROM ${quote(schema)}.${quote(table.name)}`,
  );
  try {
    for (;;) {
      const { rows } = await client.query<{ row: string }>(`FETCH ${FETCHED} FROM copied`);
      if (rows.length === 0) return;
      yield rows.map(({ row }) => row);
    }
  } finally {
    await client.query('CLOSE copied').catch(() => {});
  }
}

/** Returns where the counters of a schema stand. A counter is ahead of the rows of any moment before. */
export async function readSequences(client: pg.ClientBase, schema: string): Promise<SequenceState[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'S' ORDER BY 1",
    [quote(schema)],
  );
  const states: SequenceState[] = [];
  for (const { name } of rows) {
    const state = await client.query<{ value: string; called: boolean }>(
      `SELECT last_value::text AS value, is_called AS called FROM ${quote(schema)}.${quote(name)}`,
    );
    states.push({ name, ...state.rows[0]! });
  }
  return states;
}

/** Sets a counter of a schema. */
export async function setSequence(client: pg.ClientBase, schema: string, sequence: SequenceState): Promise<void> {
  const { name, value, called } = sequence;
  await client.query('SELECT setval($1::regclass, $2, $3)', [`${quote(schema)}.${quote(name)}`, value, called]);
}

/**
 * Stores rows of a table as `readRows` yields them.
 *
 * @param table the shape that the rows were read with. Its columns are found by name.
 * @returns how many there were.
 */
export async function writeRows(
  client: pg.ClientBase,
  schema: string,
  table: TableShape,
  rows: AsyncIterable<string>,
): Promise<number> {
  const types = await typesOf(client, schema, table);
  const columns = table.columns.map(({ name }) => quote(name)).join(', ');
  const values = types.map((type, i) => `(row->>${i})::${type}`).join(', ');
  const statement = `INSERT INTO ${quote(schema)}.${quote(table.name)} (${columns})
    OVERRIDING SYSTEM VALUE SELECT ${values} FROM json_array_elements($1::json) AS rows(row)`;
  let [batch, size, count]: [string[], number, number] = [[], 0, 0];
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await client.query(statement, [`[${batch.join(',')}]`]);
    [batch, size] = [[], 0];
  };
  for await (const row of rows) {
    batch.push(row);
    size += row.length;
    count++;
    if (size >= BATCH_CHARACTERS) await flush();
  }
  await flush();
  return count;
}

async function typesOf(client: pg.ClientBase, schema: string, { name, columns }: TableShape): Promise<string[]> {
  const here = (await readShapes(client, schema)).find((table) => table.name === name);
  return columns.map((column) => {
    const found = here?.columns.find((one) => one.name === column.name);
    if (found === undefined) throw new Error(`the table ${schema}.${name} has no column ${column.name} here`);
    return found.type;
  });
}

/**
 * Takes the foreign keys of a schema away while its rows are stored in any order.
 *
 * @returns statements that bring them back, and check every row.
 */
export async function dropForeignKeys(client: pg.ClientBase, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(
    `SELECT c.relname AS table, k.conname AS name, pg_get_constraintdef(k.oid) AS definition
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE k.contype = 'f' AND c.relnamespace = $1::regnamespace`,
    [quote(schema)],
  );
  const again: string[] = [];
  for (const { table, name, definition } of rows) {
    const target = `ALTER TABLE ${quote(schema)}.${quote(table)}`;
    await client.query(`${target} DROP CONSTRAINT ${quote(name)}`);
    again.push(`${target} ADD CONSTRAINT ${quote(name)} ${definition}`);
  }
  return again;
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

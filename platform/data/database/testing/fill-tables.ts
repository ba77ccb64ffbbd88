import { createHash } from 'node:crypto';
import type pg from 'pg';

/** A column as the catalogue describes it. */
interface Column {
  readonly table: string;
  readonly name: string;
  /** As SQL writes it. */
  readonly type: string;
  /** Its type's own name; of a list that of its items, of a domain that of what it is made of. */
  readonly kind: string;
  readonly isList: boolean;
  /** The values of an enum. */
  readonly labels: readonly string[] | null;
  readonly isRequired: boolean;
  /** The expression of its default. */
  readonly fallback: string | null;
  /** Whether the database counts it itself. */
  readonly isCounted: boolean;
  readonly isUnique: boolean;
  /** Characters that it may have. */
  readonly length: number | null;
  /** The key that it refers to. */
  readonly parent: { readonly table: string; readonly name: string } | null;
}

/** What rows are like: as little as is required, all of a row twice, much that is the same again, all that is empty. */
const KINDS = ['bare', 'full', 'other', 'again', 'empty'] as const;
type Kind = (typeof KINDS)[number];

const TEXTS: Readonly<Record<Kind, string>> = {
  bare: 'a',
  full: `It's "quoted" \\ and, {broken}\nStraße, naïve café, e\u0301`,
  other: '我用iPhone拍照。서울에서 회의 ภาษาไทย मराठी שלום مرحبا 👩‍👩‍👧 ｶﾞ',
  again: '',
  empty: '',
};

/**
 * Stores five rows in each table of a schema, with what the catalogue allows: nulls and values, defaults, texts of
 * several scripts, the same value twice wherever no index forbids it.
 *
 * @param round a number that is another at each call: it makes the rows others.
 * @throws {Error} naming a column whose type is not known here, or a table that refuses the rows.
 */
export async function fillTables(client: pg.ClientBase, schema: string, round: number): Promise<void> {
  const tables = Map.groupBy(await readColumns(client, schema), ({ table }) => table);
  for (const table of parentsFirst(tables)) {
    const columns = tables.get(table)!;
    const given = columns.filter(({ isCounted }) => !isCounted);
    const bare = given.filter(({ isRequired, fallback }) => isRequired && fallback === null);
    await insert(client, schema, table, bare, round, ['bare']);
    await insert(client, schema, table, given, round, ['full', 'other', 'again', 'empty']);
  }
}

async function insert(
  client: pg.ClientBase,
  schema: string,
  table: string,
  columns: readonly Column[],
  round: number,
  kinds: readonly Kind[],
): Promise<void> {
  const values: (string | null)[] = [];
  const rows = kinds.map((kind) => {
    const row = columns.map((column) => {
      values.push(valueIn(column, round, kind));
      return `$${values.length}::${column.type}`;
    });
    return `(${row.join(', ')})`;
  });
  const names = columns.map(({ name }) => quote(name)).join(', ');
  const into = `INSERT INTO ${quote(schema)}.${quote(table)}`;
  const statement = columns.length === 0 ? `${into} DEFAULT VALUES` : `${into} (${names}) VALUES ${rows.join(', ')}`;
  await client.query(statement, values).catch((error: unknown) => {
    throw new Error(`${schema}.${table} refuses what it is filled with: ${(error as Error).message}`, { cause: error });
  });
}

/** Returns what a column holds in a row, as Postgres reads it. Rows of one kind refer to one another. */
function valueIn(column: Column, round: number, kind: Kind): string | null {
  const { table, name, isUnique, isRequired, parent } = column;
  const of = kind === 'again' && !isUnique ? 'full' : kind;
  if (parent !== null) {
    if (kind === 'empty' && !isRequired) return null;
    return valueIn({ ...column, ...parent, isUnique: true, parent: null }, round, of);
  }
  if (kind === 'empty' && !isUnique && (column.isList || !isRequired)) return column.isList ? '{}' : null;
  const number = round * KINDS.length + KINDS.indexOf(of);
  const seed = `${table}.${name} ${number}`;
  if (!column.isList) return scalar(column, number, seed, of);
  const items = [0, 1].map((i) => scalar(column, number + i, `${seed} ${i}`, of));
  return `{${items.map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

function scalar(
  { table, name, kind, labels, length, fallback }: Column,
  number: number,
  seed: string,
  of: Kind,
): string {
  if (labels !== null) return labels[number % labels.length]!;
  switch (kind) {
    case 'uuid':
      return uuidOf(seed);
    case 'text':
    case 'varchar':
    case 'bpchar': {
      // Ids of other owners are texts in some tables, and hold ids there too.
      const text = /(^|_)id$/.test(name) ? uuidOf(seed) : `${number} ${TEXTS[of]}`;
      return length === null ? text : text.slice(0, length);
    }
    case 'bool':
      return String(number % 2 === 0);
    case 'int2':
    case 'int4':
    case 'int8':
    case 'xid8':
      return String(number);
    case 'numeric':
    case 'float4':
    case 'float8':
      return `${number}.5`;
    case 'timestamptz':
    case 'timestamp':
    case 'date':
      return new Date(Date.UTC(2026, 0, 1 + number)).toISOString();
    case 'json':
    case 'jsonb': {
      const value = { text: TEXTS[of], list: [number, null, { id: uuidOf(seed) }], none: null };
      return JSON.stringify(fallback?.startsWith("'[") ? [value] : value);
    }
    case 'bytea':
      return `\\x00ff${uuidOf(seed).slice(0, 8)}`;
    default:
      throw new Error(`${table}.${name} cannot be filled: what a ${kind} is like is not written here yet`);
  }
}

function uuidOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

/** Returns the tables in an order in which each comes after those that it refers to. */
function parentsFirst(tables: ReadonlyMap<string, readonly Column[]>): string[] {
  const ordered = new Set<string>();
  const visit = (table: string, from: readonly string[]): void => {
    if (ordered.has(table)) return;
    if (from.includes(table)) throw new Error(`tables refer to one another in a circle: ${from.join(', ')}`);
    for (const { parent } of tables.get(table)!)
      if (parent !== null && parent.table !== table) visit(parent.table, [...from, table]);
    ordered.add(table);
  };
  for (const table of tables.keys()) visit(table, []);
  return [...ordered];
}

async function readColumns(client: pg.ClientBase, schema: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       item.typname AS kind, t.typcategory = 'A' AS "isList", a.attnotnull AS "isRequired",
       (SELECT json_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = item.oid) AS labels,
       pg_get_expr(d.adbin, d.adrelid) AS fallback,
       a.attidentity <> '' OR a.attgenerated <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false) AS "isCounted",
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND (a.attnum = ANY(i.indkey) OR EXISTS (
         SELECT FROM pg_depend p WHERE p.classid = 'pg_class'::regclass AND p.objid = i.indexrelid
           AND p.refobjid = c.oid AND p.refobjsubid = a.attnum))) AS "isUnique",
       CASE WHEN item.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS length,
       (SELECT json_build_object('table', p.relname, 'name', o.attname)
         FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid JOIN pg_attribute o ON o.attrelid = p.oid
           AND o.attnum = k.confkey[array_position(k.conkey, a.attnum)]
         WHERE k.contype = 'f' AND k.conrelid = c.oid AND a.attnum = ANY(k.conkey) LIMIT 1) AS parent
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
       JOIN pg_type item ON item.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE coalesce(nullif(t.typbasetype, 0), t.oid) END
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'
       AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY c.relname, a.attnum`,
    [quote(schema)],
  );
  return rows;
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

import type { Sql } from '@prisma/client/runtime/client';
import pg from 'pg';
import type { StatementNames } from './statement-names.ts';

/** The part of a Prisma client that runs a statement. */
interface Client {
  $queryRaw<Rows>(statement: Sql): PromiseLike<Rows>;
}

/** The connections of a Prisma client, with the names of its prepared statements where it has some. */
interface Connections {
  readonly pool: pg.Pool;
  readonly names: StatementNames | undefined;
}

const connectionsOf = new WeakMap<object, Connections>();

/**
 * The types of columns whose values the driver gives as Prisma does: booleans, 16 and 32 bits, texts, JSON, numbers
 * with a floating point, dates with a time zone, ids, and lists of texts, ids and 32 bits.
 */
const READABLE = new Set([16, 21, 23, 25, 114, 700, 701, 1007, 1009, 1043, 1184, 2950, 2951, 3802]);
/** Types from here on were made by migrations: enumerations, which are texts. */
const FIRST_OWN_TYPE = 16_384;

const TYPES = {
  getTypeParser(oid: number, format: 'text' | 'binary' = 'text') {
    if (READABLE.has(oid) || oid >= FIRST_OWN_TYPE) return pg.types.getTypeParser(oid, format as 'text');
    return () => {
      throw new TypeError(`A hot statement has a column of type ${oid}: see READABLE in hot-statements.ts.`);
    };
  },
};

/** Notes the connections of a client, which `hotRows` then uses. */
export function noteConnections(client: object, connections: Connections): void {
  connectionsOf.set(client, connections);
}

/**
 * Runs a statement that every reply needs, outside of transactions: the driver is asked without Prisma, which costs as
 * much CPU as the driver and writes every statement with all its values into a text. Rows are those of `$queryRaw`.
 * Values are texts, numbers, booleans, dates, null and lists of these.
 *
 * @param client a transaction's client, or one that was opened elsewhere, is asked by `$queryRaw`.
 * @throws what the driver throws: an error with Postgres' own `code`, which `outageOf` knows as well as Prisma's.
 * @throws {TypeError} a column has a type that the driver gives differently.
 */
export async function hotRows<Row extends object>(client: Client, statement: Sql): Promise<Row[]> {
  const connections = connectionsOf.get(client);
  if (connections === undefined) return client.$queryRaw<Row[]>(statement);
  const { text, values } = statement;
  const name = connections.names?.of(text, values.length);
  const { rows } = await connections.pool.query<Row>({ ...(name && { name }), text, values, types: TYPES });
  return rows;
}

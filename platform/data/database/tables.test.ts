import path from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openEmbedded } from './embedded.ts';
import {
  dropForeignKeys,
  readRows,
  readSequences,
  readShapes,
  setSequence,
  speakPlainly,
  writeRows,
} from './tables.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const TABLES = `
  CREATE TYPE mood AS ENUM ('calm', 'rough');
  CREATE TABLE ports (
    id BIGSERIAL PRIMARY KEY, beside BIGINT REFERENCES ports, name VARCHAR(40), "Odd Name" TEXT[], seen TIMESTAMPTZ,
    about JSONB NOT NULL, raw JSON, bytes BYTEA, depth DOUBLE PRECISION, price NUMERIC(30, 10), mood mood, wait INTERVAL,
    twice BIGINT GENERATED ALWAYS AS (id * 2) STORED);`;

it('every kind of value is the same after it was read and written, and rows may come in any order', async () => {
  await using embedded = openEmbedded({ root, durable: false, log: pino({ level: 'silent' }) });
  await embedded.opened;
  const client = await embedded.admin.connect();
  await speakPlainly(client);
  for (const schema of ['here', 'there'])
    await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${TABLES}`);
  await client.query('SET search_path = here');
  await client.query(
    `INSERT INTO ports (beside, name, "Odd Name", seen, about, raw, bytes, depth, price, mood, wait) VALUES
     (2, 'quote '' " \\ and, comma', '{"a,b",NULL,"c\\"d",""}', '2026-11-29 12:34:56.123456+02', 'null', '{"b": 1,  "a": 2}',
      '\\x00ff10', 0.1, 12345678901234567890.0123456789, 'rough', '1 mon 2 days 03:04:05.6'),
     (NULL, E'line\\nbreak \\u2028 \\U0001F6A2', '{}', '-infinity', '{"a": [1, null]}', NULL, '', 'NaN', NULL, NULL, NULL)`,
  );
  const [table] = await readShapes(client, 'here');
  expect(table!.columns.map(({ name }) => name)).not.toContain('twice');
  const read = async (schema: string): Promise<string[]> => {
    await client.query('BEGIN');
    const rows: string[] = [];
    for await (const some of readRows(client, schema, table!)) rows.push(...some);
    await client.query('COMMIT');
    return rows;
  };
  const rows = await read('here');
  await client.query('SET search_path = there');
  const again = await dropForeignKeys(client, 'there');
  async function* source() {
    yield* rows;
  }
  expect(await writeRows(client, 'there', table!, source())).toBe(2);
  for (const statement of again) await client.query(statement);
  for (const sequence of await readSequences(client, 'here')) await setSequence(client, 'there', sequence);
  expect(await read('there')).toEqual(rows);
  await client.query("INSERT INTO ports (about) VALUES ('{}')");
  const { rows: last } = await client.query('SELECT max(id)::int AS id, max(twice)::int AS twice FROM ports');
  expect(last).toEqual([{ id: 3, twice: 6 }]);
  client.release();
}, 60_000);

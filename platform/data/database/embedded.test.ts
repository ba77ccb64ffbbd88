import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbedded } from './embedded.ts';
import { vacuumTables } from './vacuum.ts';

const log = pino({ level: 'silent' });
let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'embedded-'));
  await cp('prisma', path.join(root, 'prisma'), {
    recursive: true,
    filter: (source) => path.basename(source) !== 'client',
  });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = () => openEmbedded({ directory: path.join(root, 'data'), root, durable: false, log });

async function openOnce(): Promise<void> {
  await using database = open();
  await database.opened;
}

const addMigration = async (name: string, sql: string) => {
  const folder = path.join(root, 'prisma', 'chat', 'migrations', name);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'migration.sql'), sql);
};

const totalOf = async (metrics: Registry, name: string): Promise<number> => {
  const { values } = await metrics.getSingleMetric(`sextant_embedded_database_${name}_total`)!.get();
  return values[0]!.value;
};

describe('the embedded database', () => {
  it('counts its transactions, and what they make durable', async () => {
    await using database = openEmbedded({ directory: path.join(root, 'data'), root, durable: true, log });
    await database.opened;
    const metrics = new Registry();
    database.observe(metrics);
    const chat = database.pool('chat');
    await chat.query('CREATE TABLE counted (id int)');
    const read = async () => ({
      transactions: await totalOf(metrics, 'transactions'),
      syncs: await totalOf(metrics, 'log_syncs'),
      bytes: await totalOf(metrics, 'log_bytes'),
    });
    const before = await read();
    for (let id = 0; id < 10; id++) await chat.query('INSERT INTO counted VALUES ($1)', [id]);
    const after = await read();
    expect(after.transactions - before.transactions).toBeGreaterThanOrEqual(10);
    expect(after.syncs - before.syncs).toBeGreaterThanOrEqual(1);
    expect(after.bytes).toBeGreaterThan(before.bytes);
  }, 60_000);

  it('is vacuumed without computing what its indexes are made of, unless half of it has changed', async () => {
    await using database = open();
    await database.opened;
    const chat = database.pool('chat');
    const analysed = async () =>
      (
        await database.admin.query<{ tablename: string; attname: string }>(
          "SELECT tablename, attname FROM pg_stats WHERE tablename IN ('long', 'long_words') ORDER BY 1, 2",
        )
      ).rows.map(({ tablename, attname }) => `${tablename}.${attname}`);
    const insert = (from: number, to: number) =>
      chat.query(
        "INSERT INTO long SELECT repeat('word ' || n || ' ', 50), n FROM generate_series($1::int, $2::int) AS n",
        [from, to],
      );
    await chat.query('CREATE TABLE long (a text, b int)');
    await chat.query("CREATE INDEX long_words ON long USING gin (to_tsvector('simple', a))");
    await insert(1, 40);
    await vacuumTables(database.admin);
    expect(await analysed()).toEqual(['long.a', 'long.b']);
    await insert(41, 400);
    await vacuumTables(database.admin);
    expect(await analysed()).toEqual(['long.a', 'long.b', 'long_words.to_tsvector']);
    await insert(401, 420);
    await database.admin.query("DELETE FROM pg_statistic WHERE starelid = 'chat.long_words'::regclass");
    await vacuumTables(database.admin);
    expect(await analysed()).toEqual(['long.a', 'long.b']);
  }, 60_000);

  it('gets the migrations that come with an update, each once', async () => {
    for (const name of [undefined, '29990101000000_one', undefined, '29990102000000_two']) {
      if (name) await addMigration(name, `CREATE TABLE "${name}" (id int)`);
      await using database = open();
      if (name) expect((await database.pool('chat').query(`SELECT * FROM "${name}"`)).rows).toEqual([]);
    }
  }, 60_000);

  it('tells of a migration that fails, has nothing of it, and takes the mended one', async () => {
    await openOnce();
    const sql = 'CREATE TABLE half (id int);\nSELECT 1/0;';
    await addMigration('29990101000000_wrong', sql);
    for (let start = 0; start < 2; start++)
      await expect(openOnce()).rejects.toThrow(/tables of chat .* division by zero .*Nothing of it was applied/);
    await addMigration('29990101000000_wrong', sql.replace('1/0', '1'));
    await using database = open();
    expect((await database.pool('chat').query('SELECT * FROM half')).rows).toEqual([]);
  }, 60_000);
});

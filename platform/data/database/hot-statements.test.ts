import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Config, loadConfig } from '#platform/base/config/config.ts';
import { isAway } from '#platform/base/errors/outage.ts';
import { Prisma, PrismaClient } from '#prisma/chat/client/client.ts';
import { openDatabase } from './database.ts';
import { hotRows } from './hot-statements.ts';
import { migratePostgres } from './migrate-postgres.ts';
import { createTestDatabase, POSTGRES_TEST_URL } from './testing/test-database.ts';

const log = pino({ level: 'silent' });

describe('on the embedded database', () =>
  hotTests(async (lifecycle) => {
    const directory = await mkdtemp(path.join(tmpdir(), 'hot-'));
    lifecycle.defer(() => rm(directory, { recursive: true, force: true }));
    return loadConfig({ SEXTANT_DIR: directory, EMBEDDED_FSYNC: 'false', LOG_LEVEL: 'silent' });
  }));

const skipped = POSTGRES_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';
describe.skipIf(!POSTGRES_TEST_URL)(`on Postgres${skipped}`, () =>
  hotTests(async (lifecycle) => {
    const { url } = lifecycle.use(await createTestDatabase());
    const JWT_SECRET = 'a secret for tests that has more than 32 characters';
    const config = loadConfig({ DATABASE_URL: url, JWT_SECRET, LOG_LEVEL: 'silent' });
    await migratePostgres(config, url);
    return config;
  }),
);

function hotTests(prepare: (lifecycle: AsyncDisposableStack) => Promise<Config>): void {
  const lifecycle = new AsyncDisposableStack();
  let db: PrismaClient;
  beforeAll(async () => {
    const database = lifecycle.use(await openDatabase(await prepare(lifecycle), log));
    db = await database.client('chat', PrismaClient);
  }, 60_000);
  afterAll(() => lifecycle.disposeAsync());

  const AT = new Date('2026-11-30T22:59:58.067Z');
  const COLUMNS = Prisma.sql`
    true AS yes, 7::int2 AS small, ${-5}::int AS number, 0.1::float8 AS precise, 0.5::float4 AS rough,
    ${'a "quoted" \\ text, {with} 🛶 and\nlines'}::text AS text, 'short'::varchar(9) AS short,
    gen_random_uuid() = gen_random_uuid() AS no, '018f6f2c-0000-7000-8000-000000000001'::uuid AS id,
    ${JSON.stringify({ a: [1, null, 'ü'] })}::jsonb AS about, 'null'::json AS nothing, ${AT}::timestamptz AS at,
    '2026-11-30 12:34:56.291+02'::timestamptz AS elsewhere, date_trunc('second', ${AT}::timestamptz) AS whole,
    'STREAMING'::"MessageStatus" AS status, ${['a', 'b,"c"', '']}::text[] AS texts, ARRAY[1, NULL, 3] AS numbers,
    ARRAY['018f6f2c-0000-7000-8000-000000000001'::uuid] AS ids, ${[]}::text[] AS none, NULL::timestamptz AS never,
    NULL::jsonb AS unknown, ${null}::text AS missing`;

  it('gives rows as Prisma does, prepared or not', async () => {
    const statement = Prisma.sql`SELECT place, ${COLUMNS} FROM generate_series(1, 3) AS places (place)`;
    const expected = await db.$queryRaw<object[]>(statement);
    // The first ones are not prepared: see StatementNames.
    for (let times = 0; times < 12; times++) expect(await hotRows(db, statement)).toEqual(expected);
    expect(expected).toMatchObject([{ place: 1, at: AT }, { place: 2 }, { place: 3 }]);
  });

  it('belongs to the transaction whose client it is given', async () => {
    const id = '018f6f2c-0000-7000-8000-00000000000a';
    const rolledBack = db.$transaction(async (tx) => {
      const [made] = await hotRows<{ id: string }>(
        tx,
        Prisma.sql`INSERT INTO conversations (id, owner_id) VALUES (${id}::uuid, ${id}::uuid) RETURNING id`,
      );
      expect(made).toEqual({ id });
      throw new Error('not this time');
    });
    await expect(rolledBack).rejects.toThrow('not this time');
    expect(await db.conversation.count({ where: { id } })).toBe(0);
  });

  it('refuses a column that the driver gives otherwise than Prisma', async () => {
    await expect(hotRows(db, Prisma.sql`SELECT 12345678901234567890.5::numeric AS price`)).rejects.toThrow(
      'A hot statement has a column of type 1700',
    );
    expect(await hotRows(db, Prisma.sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });

  it('throws what Postgres says, with its code', async () => {
    await expect(hotRows(db, Prisma.sql`SELECT 1 / ${0}::int AS none`)).rejects.toMatchObject({ code: '22012' });
    const error = await hotRows(db, Prisma.sql`SELECT gone FROM conversations`).catch((error: unknown) => error);
    expect(isAway(error)).toBe(false);
  });
}

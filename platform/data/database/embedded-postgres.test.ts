import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedPostgres } from './embedded-postgres.ts';
import { buildTemplate, templateDirectory } from './template.ts';

const root = process.cwd();
let folder: string;
let thread: EmbeddedPostgres;

beforeAll(async () => {
  await buildTemplate(root);
  folder = await mkdtemp(path.join(tmpdir(), 'embedded-thread-'));
  thread = new EmbeddedPostgres(
    { directory: path.join(folder, 'data'), template: await templateDirectory(root), durable: true },
    new URL('./testing/dying-thread.ts', import.meta.url),
  );
  await query('postgres', 'CREATE TABLE stars (name text)');
}, 60_000);
afterAll(async () => {
  await thread[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function connect(user: string): Promise<pg.Client> {
  const client = new pg.Client({ stream: () => thread.connect(undefined), user, database: 'postgres' });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function query(user: string, sql: string): Promise<unknown[]> {
  const client = await connect(user);
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

describe("the embedded database's thread", () => {
  it('keeps the session for a connection in a transaction, and the others wait', async () => {
    const [one, two] = [await connect('postgres'), await connect('postgres')];
    await one.query('BEGIN');
    await one.query("INSERT INTO stars VALUES ('Vega')");
    const seen = two.query<{ n: number }>('SELECT count(*)::int AS n FROM stars');
    await one.query("INSERT INTO stars VALUES ('Deneb')");
    await one.query('COMMIT');
    expect((await seen).rows).toEqual([{ n: 2 }]);
    await Promise.all([one.end(), two.end()]);
  });

  it('prepares a statement once for all connections, and each runs it', async () => {
    const named = { name: 'named', text: 'SELECT $1::int + 1 AS n' };
    const [one, two] = [await connect('postgres'), await connect('postgres')];
    const ask = async (client: pg.Client, n: number) => (await client.query<{ n: number }>(named, [n])).rows[0]!.n;
    expect(await ask(one, 1)).toBe(2);
    expect(await ask(two, 2)).toBe(3);
    await one.query('DISCARD PLANS');
    expect(await Promise.all([ask(one, 3), ask(two, 4)])).toEqual([4, 5]);
    const prepared = await two.query("SELECT FROM pg_prepared_statements WHERE name = 'named'");
    expect(prepared.rowCount).toBe(1);
    await Promise.all([one.end(), two.end()]);
  });

  it('knows what it has prepared where notices come before the word', async () => {
    // Of a query without words the database says so while it parses.
    const text = "SELECT (''::tsquery || plainto_tsquery('english', $1))::text AS words";
    for (const client of [await connect('postgres'), await connect('postgres')]) {
      const { rows } = await client.query<{ words: string }>({ name: 'noticed', text }, ['stars']);
      expect(rows).toEqual([{ words: "'star'" }]);
      await client.end();
    }
  });

  it('prepares what could not be prepared at first, and never another text by a name that is taken', async () => {
    const late = { name: 'late', text: 'SELECT count(*)::int AS n FROM comets WHERE name = $1' };
    const [one, two] = [await connect('postgres'), await connect('postgres')];
    await expect(one.query(late, [''])).rejects.toThrow('comets');
    await two.query('CREATE TABLE comets (name text)');
    for (const client of [one, two]) expect((await client.query(late, [''])).rows).toEqual([{ n: 0 }]);
    const three = await connect('postgres');
    await expect(three.query({ name: 'late', text: 'SELECT 1 WHERE $1 = 1' }, [1])).rejects.toThrow('already exists');
    await two.query('BEGIN');
    await expect(two.query('SELECT FROM asteroids')).rejects.toThrow('asteroids');
    await expect(two.query(late, [''])).rejects.toThrow('aborted');
    await two.query('ROLLBACK');
    expect((await two.query(late, [''])).rows).toEqual([{ n: 0 }]);
    await Promise.all([one.end(), two.end(), three.end()]);
  });

  it('rolls back what a connection left open', async () => {
    const one = await connect('postgres');
    await one.query('BEGIN');
    await one.query('DELETE FROM stars');
    const waiting = query('postgres', 'SELECT name FROM stars ORDER BY name');
    // Gone without a word, in the middle of a query.
    one.query('SELECT pg_sleep(0.05)').catch(() => {});
    (one as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect(await waiting).toEqual(['Deneb', 'Vega']);
  });

  it('gives each owner its own role and schema, on interleaved connections', async () => {
    const owners = ['auth', 'chat', 'memory'];
    const seen = await Promise.all(
      owners.flatMap((owner) => [
        query(`sextant_${owner}`, 'SELECT current_schema()'),
        query(`sextant_${owner}`, 'SELECT current_user'),
      ]),
    );
    expect(seen.flat()).toEqual(owners.flatMap((owner) => [owner, `sextant_${owner}`]));
    await expect(query('sextant_chat', 'SELECT * FROM auth.users')).rejects.toThrow(/permission denied/);
  });

  it('carries long questions and long answers', async () => {
    const text = 'a star above the horizon '.repeat(100_000);
    const client = await connect('postgres');
    const { rows } = await client.query<{ text: string }>('SELECT $1::text AS text FROM generate_series(1, 3)', [text]);
    expect(rows.map((row) => row.text === text)).toEqual([true, true, true]);
    await client.end();
  });

  it('holds up no other caller with a long query', async () => {
    let isDone = false;
    const long = query('postgres', 'SELECT pg_sleep(2)').finally(() => {
      isDone = true;
    });
    for (let turn = 0; turn < 10; turn++) await sleep(5);
    expect(isDone).toBe(false);
    await long;
  });

  it('that dies breaks its connections; the next one finds what was acknowledged', async () => {
    const one = await connect('postgres');
    await one.query("INSERT INTO stars VALUES ('Altair')");
    const broken = one.query('SELECT pg_sleep(0.2)');
    const channel = new BroadcastChannel('dying-worker');
    channel.postMessage('die');
    await broken.catch(() => {});
    await expect.poll(() => thread.alive).toBe(false);
    await expect(one.query('SELECT 1')).rejects.toThrow();
    expect(await query('postgres', 'SELECT name FROM stars ORDER BY name')).toEqual(['Altair', 'Deneb', 'Vega']);
    expect(thread.alive).toBe(true);
    channel.close();
  }, 30_000);
});

describe('a folder that cannot be opened', () => {
  it('is told of, and nothing hangs', async () => {
    await using wrong = new EmbeddedPostgres({ directory: path.join(root, 'package.json', 'data'), durable: true });
    await expect(wrong.opened).rejects.toThrow(
      /^SEXTANT_DIR: the database in .*package\.json.* cannot be opened [^\n]*$/,
    );
    expect(wrong.alive).toBe(false);
  });
});

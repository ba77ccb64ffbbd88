import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { DataFilesystem } from './data-filesystem.ts';
import type { Packet } from './embedded-messages.ts';
import { EmbeddedSession } from './embedded-session.ts';
import { LogSync } from './log-sync.ts';

/**
 * What happened, in order: Postgres asks, a sync ends that covers what was asked for until it began, an answer leaves.
 */
type Happening =
  | { readonly asked: number }
  | { readonly durable: number }
  | { readonly answered: number; text: string };

class WatchedLog extends LogSync {
  asked = 0;
  durable = 0;
  readonly happenings: Happening[] = [];

  override ask(descriptor: number): void {
    super.ask(descriptor);
    this.happenings.push({ asked: ++this.asked });
  }
  override now(): void {
    super.now();
    this.#reached(this.asked);
  }
  override async later(): Promise<void> {
    const covered = this.asked;
    await super.later();
    this.#reached(covered);
  }
  #reached(covered: number): void {
    if (covered <= this.durable) return;
    this.durable = covered;
    this.happenings.push({ durable: covered });
  }
}

const count = new Int32Array(1);
const log = new WatchedLog(count);
let folder: string;
let db: PGlite;
let session: EmbeddedSession;
const failures: unknown[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'group-commit-'));
  const startParams = [...PGlite.defaultStartParams.filter((one) => one !== '-F'), '-c', 'wal_sync_method=fsync'];
  db = new PGlite({ fs: new DataFilesystem(path.join(folder, 'data'), log), startParams });
  await db.exec('CREATE TABLE words (id int PRIMARY KEY, word text)');
  const send = (answers: readonly Packet[]): void => {
    for (const [answered, bytes] of answers)
      log.happenings.push({ answered, text: Buffer.from(bytes ?? []).toString('latin1') });
  };
  session = new EmbeddedSession(db, send, (error) => failures.push(error), log);
}, 60_000);
afterAll(async () => {
  await db.close();
  await rm(folder, { recursive: true, force: true });
});

const STARTUP = Buffer.from('\0\x03\0\0user\0postgres\0\0', 'latin1');
const query = (sql: string): Uint8Array => message(Buffer.from(`${sql}\0`), 'Q');

function message(body: Buffer, type = ''): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

const connections = new Set<number>();
function say(connection: number, sql: string): void {
  if (!connections.has(connection)) session.write(connection, message(STARTUP));
  connections.add(connection);
  session.write(connection, query(sql));
}

const answersOf = (connection: number) =>
  log.happenings.filter((one) => 'answered' in one && one.answered === connection && one.text.includes('Z'));

it('an answer leaves when all that had been committed until then is durable, and commits share a sync', async () => {
  let row = 0;
  let connection = 1_000;
  const statement = fc.constantFrom('insert', 'select', 'transaction');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(statement, { minLength: 1, maxLength: 6 }), { maxLength: 6 }), async (turns) => {
      log.happenings.length = 0;
      let durable = log.durable;
      const syncsBefore = count[0]!;
      /** What had been asked for when a connection's batch was done. */
      const needs = new Map<number, number>();
      for (const turn of turns) {
        const those = turn.map((what) => {
          const insert = `INSERT INTO words VALUES (${row++}, 'w')`;
          say(++connection, { insert, select: 'SELECT 1', transaction: `BEGIN; ${insert}; COMMIT` }[what]);
          return connection;
        });
        session.run();
        for (const one of those) needs.set(one, log.asked);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const answered = () => new Set(log.happenings.flatMap((one) => ('answered' in one ? one.answered : []))).size;
      await expect.poll(answered, { interval: 2 }).toBe(needs.size);
      for (const one of log.happenings) {
        if ('durable' in one) durable = one.durable;
        else if ('answered' in one) expect(durable).toBeGreaterThanOrEqual(needs.get(one.answered)!);
      }
      expect(count[0]! - syncsBefore).toBeLessThanOrEqual(2 * turns.length);
      expect(failures).toEqual([]);
    }),
    { numRuns: 30 },
  );
}, 60_000);

it('no other file is written while the log is behind', async () => {
  log.happenings.length = 0;
  say(1, `INSERT INTO words VALUES (-1, 'x')`);
  say(2, 'CHECKPOINT');
  const before = log.durable;
  session.run();
  // The checkpoint has written data within `run`: the log had to be durable first.
  expect(log.durable).toBeGreaterThan(before);
  const [firstAsk, firstDurable] = ['asked', 'durable'].map((key) => log.happenings.findIndex((one) => key in one));
  expect(firstAsk).toBeGreaterThanOrEqual(0);
  expect(firstDurable).toBeGreaterThan(firstAsk!);
  await expect.poll(() => answersOf(2).length).toBeGreaterThan(0);
});

it('within a transaction answers do not wait for the disk', async () => {
  log.happenings.length = 0;
  say(1, 'BEGIN');
  say(1, `INSERT INTO words VALUES (-2, 'y')`);
  session.run();
  expect(answersOf(1)).not.toEqual([]);
  say(1, 'COMMIT');
  session.run();
  expect(log.happenings.filter((one) => 'answered' in one && one.text.includes('COMMIT'))).toEqual([]);
  await expect.poll(() => log.happenings.some((one) => 'answered' in one && one.text.includes('COMMIT'))).toBe(true);
  expect(log.durable).toBe(log.asked);
});

import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FilesInUse, forgetUse, giveSign, keepUse, knownUse, takeUse, usedByAnother } from './file-use.ts';
import { FolderBlobStore } from './folder-blob-store.ts';
import { useFiles } from './used-files.ts';

const POSTGRES_TEST_URL = process.env['POSTGRES_TEST_URL'] || undefined;
const skipped = POSTGRES_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';

describe.skipIf(!POSTGRES_TEST_URL)(`files that an installation uses${skipped}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let folder: string;
  let blobs: FolderBlobStore;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'file-uses-'));
    lifecycle.defer(() => rm(folder, { recursive: true }));
    blobs = await FolderBlobStore.open(folder);
  });
  beforeEach(() => forgetUse(blobs, 'memory'));
  afterAll(() => lifecycle.disposeAsync());

  /** A database: its table is its connection's alone. `of` another one: it is a copy. */
  async function database(of?: pg.Client) {
    const connection = new pg.Client({ connectionString: POSTGRES_TEST_URL });
    await connection.connect();
    lifecycle.defer(() => connection.end());
    await connection.query(
      'CREATE TEMP TABLE file_uses (owner text PRIMARY KEY, signs text[], signed_at timestamptz DEFAULT now(), other_at timestamptz)',
    );
    const rows = of ? (await of.query('SELECT * FROM file_uses')).rows : [];
    await connection.query('INSERT INTO file_uses SELECT * FROM jsonb_populate_recordset(NULL::file_uses, $1)', [
      JSON.stringify(rows),
    ]);
    const client = {
      $queryRawUnsafe: async <Rows>(sql: string, ...values: unknown[]) =>
        (await connection.query(sql, values)).rows as Rows,
    };
    return {
      connection,
      client,
      sign: () => giveSign(client, blobs, 'memory'),
      other: () => usedByAnother(blobs, 'memory', async () => (await knownUse(client, 'memory')).signs),
      /** Lets time pass for what the database says. */
      pass: (time: string) =>
        connection.query(
          `UPDATE file_uses SET signed_at = signed_at - $1::interval, other_at = other_at - $1::interval`,
          [time],
        ),
      start: async (own: AsyncDisposableStack) =>
        useFiles({
          owner: 'memory',
          config: { DATABASE_URL: POSTGRES_TEST_URL, BLOBS_S3_BUCKET: undefined },
          client,
          blobs,
          log: pino({ level: 'silent' }),
          metrics: new Registry(),
          lifecycle: own,
        }),
    };
  }
  /** Lets time pass for what the storage says. */
  const silence = (minutes: number) => {
    const at = Date.now() / 1_000 - 60 * minutes;
    return utimes(path.join(folder, 'uses/memory'), at, at);
  };

  it('are its own for all of its processes, minute after minute, also where a sign is stored late', async () => {
    const mine = await database();
    for (let minute = 0; minute < 5; minute++) {
      await mine.pass('1 minute');
      expect(await mine.sign()).toBe(false);
      expect(await mine.sign()).toBe(false);
    }
    const { signs } = await knownUse(mine.client, 'memory');
    expect(signs).toHaveLength(3);
    for (const late of signs) {
      await blobs.put('uses/memory', Buffer.from(late), { maxBytes: 100 });
      expect(await mine.other()).toBe(undefined);
      expect(await mine.sign()).toBe(false);
    }
  });

  it('are not those of a copy of its database that starts beside it, and are again when it is gone', async () => {
    const production = await database();
    await production.sign();
    const staging = await database(production.connection);
    for (let minute = 0; minute < 4; minute++) {
      await production.pass('1 minute');
      await production.sign();
    }
    await staging.pass('6 minutes');
    expect(await staging.other()).toBeLessThan(60_000);
    await using own = new AsyncDisposableStack();
    await expect(staging.start(own)).rejects.toThrow(FilesInUse);
    await expect(staging.start(own)).rejects.toThrow(/in use.*BLOBS_S3_PREFIX.*sextant reindex --claim-files/);
    expect(await production.sign()).toBe(false);
    await silence(6);
    await staging.start(own);
    await expect.poll(async () => (await knownUse(staging.client, 'memory')).isAlive).toBe(true);
  });

  it('are not deleted by either, where both have begun', async () => {
    const production = await database();
    await production.sign();
    const staging = await database(production.connection);
    await staging.pass('1 minute');
    await staging.sign();
    await blobs.put('memory/1/original', Buffer.from('x'), { maxBytes: 100 });
    await production.pass('1 minute');
    await using own = new AsyncDisposableStack();
    // Its database was alive a minute ago: it goes on, and deletes nothing.
    const used = await production.start(own);
    for (const deletion of [() => used.blobs.delete('memory/1/original'), () => used.blobs.deleteAll('memory/1/')])
      await expect(deletion()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(used.isContested()).toBe(true);
    expect(await staging.sign()).toBe(true);
    expect(await blobs.head('memory/1/original')).toBeDefined();

    // All processes of an installation know for some minutes what one of them saw.
    expect(await production.sign()).toBe(true);
    expect(await production.sign()).toBe(true);
    await production.pass('4 minutes');
    expect(await production.sign()).toBe(false);
    // A person says that the other is gone.
    await takeUse(staging.client, blobs, 'memory');
    expect(await staging.sign()).toBe(false);
  });

  it('are not strange where the storage was read and took no writes for minutes', async () => {
    const mine = await database();
    await mine.sign();
    const writes = vi.spyOn(blobs, 'put').mockRejectedValue(new Error('No writes.'));
    for (let minute = 0; minute < 6; minute++) {
      await mine.pass('1 minute');
      await expect(mine.sign()).rejects.toThrow('No writes.');
    }
    writes.mockRestore();
    expect(await mine.other()).toBe(undefined);
    expect(await mine.sign()).toBe(false);
    expect(await (await database(mine.connection)).other()).toBe(undefined);
    await mine.pass('1 minute');
    const copy = await database(mine.connection);
    await mine.sign();
    expect(await copy.other()).toBeDefined();
  });

  it('are its own again when a person says so, though the other still serves and nothing can be deleted', async () => {
    const production = await database();
    await production.sign();
    const staging = await database(production.connection);
    await production.pass('6 minutes');
    await staging.pass('1 minute');
    await staging.sign();
    await using own = new AsyncDisposableStack();
    await expect(production.start(own)).rejects.toThrow(FilesInUse);
    const deletions = vi.spyOn(blobs, 'delete').mockRejectedValue(new Error('Denied.'));
    await takeUse(production.client, blobs, 'memory');
    deletions.mockRestore();
    expect(await production.other()).toBe(undefined);
    await staging.pass('1 minute');
    expect(await staging.sign()).toBe(false);
    // What a person has begun by that takes longer than another is waited for.
    await production.pass('6 minutes');
    await keepUse(production.client, 'memory');
    const used = await production.start(own);
    await expect(used.blobs.delete('memory/nothing')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(used.isContested()).toBe(true);
  });

  it('of an embedded installation with a bucket are free at once when it has stopped', async () => {
    const mine = await database();
    const embedded = {
      owner: 'memory' as const,
      config: { DATABASE_URL: undefined, BLOBS_S3_BUCKET: 'bucket' },
      client: mine.client,
      blobs,
      log: pino({ level: 'silent' }),
      metrics: new Registry(),
    };
    {
      await using own = new AsyncDisposableStack();
      const used = await useFiles({ ...embedded, lifecycle: own });
      expect(await used.blobs.delete('memory/nothing')).toBe(false);
      expect(await (await database()).other()).toBeDefined();
    }
    expect(await (await database()).other()).toBe(undefined);
  });
});

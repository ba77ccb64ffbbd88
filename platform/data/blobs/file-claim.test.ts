import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { areFilesOfBackup, claimFiles, type FileClaim, FilesOfAnother } from './file-claim.ts';
import { FolderBlobStore } from './folder-blob-store.ts';

const POSTGRES_TEST_URL = process.env['POSTGRES_TEST_URL'] || undefined;
const skipped = POSTGRES_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';

describe.skipIf(!POSTGRES_TEST_URL)(`a storage of files that is claimed${skipped}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let blobs: FolderBlobStore;
  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'file-claims-'));
    lifecycle.defer(() => rm(folder, { recursive: true }));
    blobs = await FolderBlobStore.open(folder);
  });
  afterAll(() => lifecycle.disposeAsync());

  /** A database: its table is its connection's alone. `rows` of another one: it is a copy. */
  async function database(rows: readonly object[] = []) {
    const connection = new pg.Client({ connectionString: POSTGRES_TEST_URL });
    await connection.connect();
    lifecycle.defer(() => connection.end());
    await connection.query(
      'CREATE TEMP TABLE file_claims (owner text PRIMARY KEY, token uuid, previous uuid, claimed_at timestamptz DEFAULT now())',
    );
    await connection.query('INSERT INTO file_claims SELECT * FROM jsonb_populate_recordset(NULL::file_claims, $1)', [
      JSON.stringify(rows),
    ]);
    const claim = (takes?: 'own' | 'all' | 'restored') =>
      claimFiles(
        {
          $queryRawUnsafe: async <Rows>(sql: string, ...values: unknown[]) =>
            (await connection.query(sql, values)).rows as Rows,
        },
        blobs,
        'memory',
        takes,
      );
    return {
      claim,
      rows: async () => (await connection.query('SELECT * FROM file_claims')).rows as object[],
      connection,
    };
  }

  it('belongs to the one that claims it each day, which removes nothing for a week', async () => {
    const mine = await database();
    for (let day = 0; day < 3; day++)
      expect((await mine.claim()).removesFrom.getTime()).toBeGreaterThan(Date.now() + 6 * 86_400_000);
    await mine.connection.query(`UPDATE file_claims SET claimed_at = claimed_at - interval '8 days'`);
    expect((await mine.claim()).removesFrom.getTime()).toBeLessThan(Date.now());
    // Killed between the two sides: the storage has the token of before.
    const stored = (await blobs.get('claims/memory'))!;
    const token = await new Response(stored.stream as BodyInit).text();
    await mine.claim();
    await blobs.put('claims/memory', Buffer.from(token), { maxBytes: 1000 });
    await mine.claim();

    const second = await database();
    await expect(second.claim()).rejects.toThrow(FilesOfAnother);
    // The first finds out as well, and removes nothing of the second.
    await expect(mine.claim()).rejects.toThrow(FilesOfAnother);
    await mine.claim('all');
    await mine.claim();
    await expect(second.claim()).rejects.toThrow('--claim-files');
  });

  it('stays that of its installation though its mark cannot be stored, again and again', async () => {
    const mine = await database();
    await mine.claim('all');
    const put = blobs.put.bind(blobs);
    blobs.put = () => Promise.reject(new Error('the disk is full'));
    try {
      for (let time = 0; time < 3; time++) await expect(mine.claim()).rejects.toThrow('the disk is full');
    } finally {
      blobs.put = put;
    }
    await mine.claim();
    await mine.claim();
  });

  it('is known to any backup of its installation, and to none of another or of two that share it', async () => {
    const knows = async (backup: readonly object[], files: readonly string[] = []) =>
      areFilesOfBackup(blobs, 'memory', backup[0] as FileClaim | undefined, new Set(files));
    await blobs.put('memory/1/original', Buffer.from('x'), { maxBytes: 100 });
    const mine = await database();
    await mine.claim('all');
    const backup = await mine.rows();
    for (let day = 0; day < 5; day++) await mine.claim();
    expect(await knows(backup)).toBe(true);
    const other = [{ token: '6f2b1c9e-6a57-4f7c-8f0e-0f8f0f6d1a01', previous: null }];
    expect(await knows(other, ['memory/1/original'])).toBe(false);
    expect(await knows([])).toBe(false);
    // The new machine goes on with it, and older backups as well.
    const restored = await database(backup);
    await restored.claim('restored');
    expect(await knows(backup)).toBe(true);
    // A new machine that was started before the restore has never had a claim; where both live, both stop.
    await expect((await database()).claim()).rejects.toThrow(FilesOfAnother);
    expect(await knows(backup)).toBe(true);
    expect(await knows(other)).toBe(false);
    await expect(restored.claim()).rejects.toThrow(FilesOfAnother);
    expect(await knows(backup)).toBe(false);

    await blobs.delete('claims/memory');
    expect(await knows(other)).toBe(false);
    expect(await knows(other, ['memory/1/original', 'memory/2/original'])).toBe(true);
  });

  it('is not that of a copy of the database which is older than the last claim', async () => {
    const mine = await database();
    await mine.claim('all');
    const copy = await database(await mine.rows());
    await mine.claim();
    await expect(copy.claim()).rejects.toThrow(FilesOfAnother);
    await expect(mine.claim()).rejects.toThrow(FilesOfAnother);
  });

  it('is taken over by a restored database, which removes nothing for a week: the one that was copied may live on', async () => {
    const mine = await database();
    await mine.claim('all');
    await mine.connection.query(`UPDATE file_claims SET claimed_at = claimed_at - interval '80 days'`);
    const backup = await mine.rows();
    await mine.claim();
    const restored = await database(backup);
    expect((await restored.claim('restored')).removesFrom.getTime()).toBeGreaterThan(Date.now() + 6 * 86_400_000);
    expect((await restored.claim()).removesFrom.getTime()).toBeGreaterThan(Date.now() + 6 * 86_400_000);
    await expect(mine.claim()).rejects.toThrow(FilesOfAnother);
    await expect(restored.claim()).rejects.toThrow(FilesOfAnother);
    // A person says that it is gone.
    await restored.claim('all');
    await restored.connection.query(`UPDATE file_claims SET claimed_at = claimed_at - interval '8 days'`);
    // Its own files, restored once more: nothing is left that might be another's.
    expect((await restored.claim('restored')).removesFrom.getTime()).toBeLessThan(Date.now());
  });
});

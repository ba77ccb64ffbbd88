import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { OWNERS } from '#platform/contracts/owners.ts';
import { FolderBlobStore } from '#platform/data/blobs/folder-blob-store.ts';
import { closeDatabase, noteStep, openAgain } from '#platform/data/database/fence.ts';
import { createTestDatabase, POSTGRES_TEST_URL } from '#platform/data/database/testing/test-database.ts';
import { deleteOtherFiles, openTarget } from './targets.ts';

const { REDIS_TEST_URL } = process.env;
const skipped = POSTGRES_TEST_URL && REDIS_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL and REDIS_TEST_URL]';

describe.skipIf(skipped !== '')(`what a restore would replace on Postgres${skipped}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let url: string;
  let folder: string;
  let blobs: FolderBlobStore;
  let admin: pg.Client;
  beforeAll(async () => {
    url = lifecycle.use(await createTestDatabase()).url;
    admin = new pg.Client({ connectionString: url });
    await admin.connect();
    lifecycle.defer(() => admin.end());
    folder = await mkdtemp(path.join(tmpdir(), 'restore-target-'));
    lifecycle.defer(() => rm(folder, { recursive: true }));
    blobs = await FolderBlobStore.open(path.join(folder, 'blobs'));
  }, 60_000);
  afterAll(() => lifecycle.disposeAsync());

  const found = async () => {
    await using stack = new AsyncDisposableStack();
    const config = loadConfig({
      SEXTANT_DIR: folder,
      DATABASE_URL: url,
      REDIS_URL: REDIS_TEST_URL!,
      JWT_SECRET: 'a secret for tests that has more than 32 characters',
    });
    const { holdsData, foreignFiles } = await openTarget(process.cwd(), config, stack);
    return { holdsData, foreignFiles };
  };
  const put = (key: string, text: string) => blobs.put(key, Buffer.from(text), { maxBytes: 100 });

  it('files that are not those of the database are told, and data that nothing has replaced', async () => {
    expect(await found()).toEqual({ holdsData: false, foreignFiles: [] });
    // A new database at a storage that has files.
    await put('vision/1/original', 'x');
    expect(await found()).toEqual({ holdsData: false, foreignFiles: ['vision'] });

    await admin.query('CREATE TABLE auth.users (); INSERT INTO auth.users DEFAULT VALUES');
    expect(await found()).toEqual({ holdsData: true, foreignFiles: [] });
    const [token, previous] = ['6f2b1c9e-6a57-4f7c-8f0e-0f8f0f6d1a01', '6f2b1c9e-6a57-4f7c-8f0e-0f8f0f6d1a02'];
    await put('claims/vision', token);
    expect(await found()).toEqual({ holdsData: true, foreignFiles: ['vision'] });
    await admin.query('CREATE TABLE vision.file_claims (owner text, token uuid, previous uuid)');
    await admin.query(`INSERT INTO vision.file_claims VALUES ('vision', '${token}', '${previous}')`);
    expect(await found()).toEqual({ holdsData: true, foreignFiles: [] });
    // Killed before the storage had the new one.
    await put('claims/vision', previous);
    expect(await found()).toEqual({ holdsData: true, foreignFiles: [] });
    await put('claims/vision', '6f2b1c9e-6a57-4f7c-8f0e-0f8f0f6d1a03');
    expect(await found()).toEqual({ holdsData: true, foreignFiles: ['vision'] });

    await closeDatabase(admin);
    expect(await found()).toEqual({ holdsData: true, foreignFiles: ['vision'] });
    await noteStep(admin, 'replacing');
    expect(await found()).toEqual({ holdsData: false, foreignFiles: ['vision'] });
    await openAgain(admin);
  }, 60_000);

  it('files that cannot be removed do not break a restore off', async () => {
    await put('vision/1/original', 'x');
    blobs.delete = () => Promise.reject(new Error('access denied'));
    expect((await deleteOtherFiles(blobs, new Set(), OWNERS))?.message).toBe('access denied');
    expect(await deleteOtherFiles(blobs, new Set(['vision/1/original']), OWNERS)).toBeUndefined();
    // They may be those of another installation.
    expect(await deleteOtherFiles(blobs, new Set(), ['memory'])).toBeUndefined();
  });
});

import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '#platform/data/database/testing/test-database.ts';
import { Archive } from '../cli/backup/archive.ts';
import { MANIFEST, type Manifest, manifestSchema, tableOf } from '../cli/backup/contents.ts';
import { closeDatabase } from '../platform/data/database/fence.ts';
import { TestUser } from './testing/client.ts';
import { Load } from './testing/load.ts';
import { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from './testing/postgres.ts';
import { SERVERS_SKIPPED, startRedis } from './testing/servers.ts';
import { freePort, type RunningGraph, runToEnd, startDistributed, startEmbedded } from './testing/sextant.ts';

const S3_TEST_URL = process.env['S3_TEST_URL'] || undefined;
const KILL_SKIPPED = DISTRIBUTED_SKIPPED || SERVERS_SKIPPED;
const JWT_SECRET = 'a secret for tests that has more than 32 characters';
const TEXT = 'The lighthouse of Alexandria stood on the island of Pharos. '.repeat(20);
/** Codes that say: come back later. Nothing else may be said while the product is kept out. */
const LATER = ['SERVICE_UNAVAILABLE', 'SUBGRAPH_UNAVAILABLE'];

interface Installation {
  readonly graph: RunningGraph;
  /** Of commands. */
  readonly env: Record<string, string>;
  /** What has to be done before a restore, and after. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

type Install = (folder: string, lifecycle: AsyncDisposableStack) => Promise<Installation>;

const embedded: Install = async (folder, lifecycle) => {
  const env = { SEXTANT_DIR: path.join(folder, 'data'), ...(S3_TEST_URL && (await makeBucket())) };
  const graph = lifecycle.use(await startEmbedded(env));
  return {
    graph,
    env,
    async stop() {
      await graph.processes.get('sextant')!.stop();
      await runToEnd(['reset', '--yes'], env);
    },
    start: () => graph.restart('sextant'),
  };
};

/** The product goes on while it is restored, and is kept out. */
const onPostgres: Install = async (folder, lifecycle) => {
  const postgres = lifecycle.use(await createTestDatabase());
  const env = {
    SEXTANT_DIR: path.join(folder, 'data'),
    DATABASE_URL: postgres.url,
    REDIS_URL: REDIS_TEST_URL!,
    REDIS_PREFIX: `backup-${await freePort()}:`,
    JWT_SECRET,
  };
  const graph = lifecycle.use(await startDistributed({ postgres, redisUrl: REDIS_TEST_URL! }, env));
  return { graph, env, stop: async () => {}, start: async () => {} };
};

const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };
const openS3 = (): S3Client =>
  new S3Client({ endpoint: S3_TEST_URL!, region: 'us-east-1', credentials, forcePathStyle: true });
/** An object of the bucket that belongs to another program. */
const FOREIGN = 'another-program/object';

async function readObject(bucket: string, key: string): Promise<string> {
  const client = openS3();
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return await Body!.transformToString();
  } finally {
    client.destroy();
  }
}

async function makeBucket() {
  const client = openS3();
  const bucket = `sextant-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: FOREIGN, Body: 'mine' }));
  client.destroy();
  return {
    BLOBS_S3_BUCKET: bucket,
    BLOBS_S3_ENDPOINT: S3_TEST_URL!,
    BLOBS_S3_ACCESS_KEY_ID: credentials.accessKeyId,
    BLOBS_S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

const INSTALLATIONS: readonly [title: string, skipped: boolean, install: Install][] = [
  [
    `in one process, files in ${S3_TEST_URL ? 'a bucket' : 'a folder (set S3_TEST_URL to try a bucket)'}`,
    false,
    embedded,
  ],
  [`on Postgres and Redis, files in a folder${DISTRIBUTED_SKIPPED}`, DISTRIBUTED_SKIPPED !== '', onPostgres],
];

describe.each(INSTALLATIONS)('a backup of everything, %s', (_title, skipped, install) => {
  const lifecycle = new AsyncDisposableStack();
  let folder: string;
  let passphrase: string;
  beforeAll(async () => {
    if (skipped) return;
    folder = await mkdtemp(path.join(tmpdir(), 'sextant-backup-'));
    lifecycle.defer(() => rm(folder, { recursive: true, force: true }));
    passphrase = path.join(folder, 'passphrase');
    await writeFile(passphrase, 'seven lighthouses at the coast\n');
  });
  afterAll(() => lifecycle.disposeAsync());

  it.skipIf(skipped)(
    'is taken under load, and brings back all that was acknowledged and nothing that was forgotten',
    async () => {
      const { graph, env, stop, start } = await install(folder, lifecycle);
      const user = await TestUser.signUp(graph.url);
      const [forgotten] = await remember(user, ['My safe opens with four sevens.']);
      const kept = new Map<string, string>();
      for (const name of ['Argo', 'Beagle', 'Calypso'])
        kept.set((await remember(user, [`My boat is called ${name}.`]))[0]!, name);
      const documentId = await addDocument(user);
      const collectionId = await addVectors(user);
      await user.run('mutation ($input: ForgetInput!) { forget(input: $input) { deletedIds } }', {
        input: { ids: [forgotten] },
      });

      const bucket = env['BLOBS_S3_BUCKET'];
      if (bucket !== undefined)
        // The backup knows the claim, the first of which is made by a job.
        await expect.poll(() => readObject(bucket, 'claims/memory').catch(() => ''), { timeout: 60_000 }).not.toBe('');
      const first = path.join(folder, 'first.backup');
      const lock = ['--passphrase-file', passphrase];
      {
        let n = 0;
        using load = new Load(4, () => remember(user, [`While the copy is made I see gull number ${n++}.`]));
        await expect.poll(() => load.outcomes.length, { timeout: 60_000, interval: 100 }).toBeGreaterThan(3);
        await runToEnd(['backup', first, ...lock], env);
        expect((await load.stop()).filter(({ error }) => error !== undefined)).toEqual([]);
      }
      const [later] = await remember(user, ['My cat came after the copy.']);

      await stop();
      const asked = new Load(5, () => user.send<{ me: { id: string } | null }, object>('{ me { id } }'));
      try {
        await runToEnd(['restore', first, '--replace', ...lock], env);
      } finally {
        await start();
        asked[Symbol.dispose]();
      }
      for (const { answer } of await asked.stop())
        for (const { extensions } of answer?.errors ?? []) expect(LATER).toContain(extensions?.['code']);

      // Who signed in before the copy goes on, with the same token.
      const read = () => user.send<{ me: { id: string } | null }, object>('{ me { id } }');
      await expect.poll(async () => (await read()).data?.me?.id, { timeout: 15_000 }).toBe(user.id);
      for (const [id, name] of kept) expect(await found(user, `boat called ${name}`)).toContain(id);
      expect(await found(user, 'safe opens with four sevens')).not.toContain(forgotten);
      expect(await found(user, 'my cat came after the copy')).not.toContain(later);
      expect(await download(user, documentId)).toBe(TEXT);
      const { searchVectors } = await user.run<{ searchVectors: { hits: { object: { id: string } }[] } }, object>(
        'query ($input: SearchVectorsInput!) { searchVectors(input: $input) { hits { object { id } } } }',
        { input: { collectionId, vector: [1, 0, 0], mode: 'VECTOR', limit: 1 } },
      );
      expect(searchVectors.hits.map(({ object }) => object.id)).toEqual(['north']);

      if (bucket !== undefined) {
        expect(await readObject(bucket, FOREIGN)).toBe('mine');
        // A staging system, made of a fresh backup of what serves: it has the same claims.
        const staging = { ...env, SEXTANT_DIR: path.join(folder, 'staging') };
        await expect(runToEnd(['restore', first, ...lock], staging)).rejects.toThrow(
          /The files of memory and vision in the storage are in use.* Nothing was changed.*BLOBS_S3_PREFIX.* --claim-files/,
        );
        // As if another installation had made its own.
        const client = openS3();
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'claims/memory', Body: randomUUID() }));
        client.destroy();
        const elsewhere = { ...env, SEXTANT_DIR: path.join(folder, 'elsewhere') };
        await expect(runToEnd(['restore', first, ...lock], elsewhere)).rejects.toThrow(
          /The files of memory in the storage are neither .* Nothing was changed.* --claim-files/,
        );
      }

      const second = path.join(folder, 'second.backup');
      await runToEnd(['backup', second, ...lock], env);
      const [before, after] = [await contentOf(first, passphrase), await contentOf(second, passphrase)];
      for (const table of [
        'auth.users',
        'memory.memories',
        'memory.documents',
        'memory.passages',
        'vector.collections',
      ]) {
        expect(after.rows.get(table), table).toEqual(before.rows.get(table));
        expect(after.manifest.rows[table], table).toBe(before.manifest.rows[table]);
      }
      expect(after.manifest.files).toEqual(before.manifest.files);
      expect(before.manifest.files.count).toBeGreaterThan(0);
      // A gull that was remembered while the vectors were copied is found, too: it was compared with the rows.
      expect(after.manifest.vectors.objects).toBeGreaterThanOrEqual(before.manifest.rows['memory.memories']!);
    },
    600_000,
  );
});

describe('a backup that cannot be used', () => {
  let folder: string;
  let env: Record<string, string>;
  let [plain, locked, passphrase, other]: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sextant-backup-'));
    env = { SEXTANT_DIR: path.join(folder, 'data') };
    [plain, locked, passphrase, other] = ['plain', 'locked', 'passphrase', 'other'].map((name) =>
      path.join(folder, name),
    );
    await writeFile(passphrase!, 'seven lighthouses at the coast');
    await writeFile(other!, 'eight lighthouses at the coast');
    await using graph = await startEmbedded(env);
    await TestUser.signUp(graph.url);
    await runToEnd(['backup', plain!], env);
    await runToEnd(['backup', locked!, '--passphrase-file', passphrase!], env);
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const refused = async (file: string, ...options: string[]): Promise<string> => {
    const before = await contentOfFolder(env['SEXTANT_DIR']!);
    const said = await runToEnd(['restore', file, '--replace', ...options], env).then(
      () => 'restored',
      (error: Error) => error.message.slice(error.message.indexOf(': ') + 2),
    );
    expect(await contentOfFolder(env['SEXTANT_DIR']!)).toBe(before);
    return said;
  };

  it('is refused in one line, and nothing that is there is touched', async () => {
    const bytes = await readFile(plain!);
    const damaged = path.join(folder, 'damaged');
    await writeFile(damaged, bytes.with(Math.floor(bytes.length / 2), bytes[Math.floor(bytes.length / 2)]! ^ 1));
    expect(await refused(damaged)).toMatch(/damaged is damaged or was cut off .*Nothing was changed/);

    await writeFile(damaged, bytes);
    await truncate(damaged, bytes.length - 100);
    expect(await refused(damaged)).toMatch(/damaged is damaged or was cut off/);

    const lockedBytes = await readFile(locked!);
    await writeFile(damaged, lockedBytes);
    await truncate(damaged, lockedBytes.length - 100);
    expect(await refused(damaged, '--passphrase-file', passphrase!)).toMatch(/damaged is damaged or was cut off/);

    expect(await refused(locked!)).toMatch(/is encrypted: give --passphrase-file or --identity/);
    expect(await refused(locked!, '--passphrase-file', other!)).toMatch(/is not opened by what .*other holds/);
    expect(await refused(passphrase!)).toMatch(/is not a backup/);
    expect(await refused(path.join(folder, 'nowhere'))).toMatch(/nowhere does not exist/);
  }, 240_000);

  it.skipIf(KILL_SKIPPED)(
    `and a restore that is killed leaves what was there, or can be run again, and says which${KILL_SKIPPED}`,
    async () => {
      await using postgres = await createTestDatabase();
      await using redis = await startRedis();
      const own = {
        SEXTANT_DIR: path.join(folder, 'killed'),
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        JWT_SECRET,
      };
      await runToEnd(['migrate'], own);
      await using connections = new AsyncDisposableStack();
      const connect = async () => {
        const client = new pg.Client({ connectionString: postgres.url });
        await client.connect();
        connections.defer(() => client.end());
        return client;
      };
      const [holder, look] = [await connect(), await connect()];
      // What of before is still there, who may come in, and how far the restore says to be.
      await holder.query('CREATE TABLE auth.of_before ()');
      const state = async () => {
        const { rows } = await look.query<{ old: boolean; open: boolean; step: string | null }>(
          `SELECT to_regclass('auth.of_before') IS NOT NULL AS old,
             has_database_privilege('sextant_auth', current_database(), 'CONNECT')
               AND has_database_privilege('public', current_database(), 'CONNECT') AS open,
             (SELECT obj_description(oid)::jsonb ->> 'step' FROM pg_namespace WHERE nspname = 'sextant_restore') AS step`,
        );
        return rows[0]!;
      };
      const isFree = async () =>
        (await look.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 72707371`)).rowCount === 0;
      const restoreUntil = async (step: string, then: () => Promise<unknown>) => {
        await expect.poll(isFree).toBe(true);
        const killing = new AbortController();
        // Holds the tables that are to be replaced, so that the restore stands right before that.
        await holder.query('BEGIN');
        await holder.query('LOCK TABLE auth.users IN ACCESS SHARE MODE');
        const restoring = runToEnd(['restore', plain!, '--replace'], own, undefined, killing.signal);
        restoring.catch(() => {});
        const waits = `SELECT FROM pg_stat_activity WHERE pg_blocking_pids(pid) <> '{}' AND datname = current_database()`;
        await expect.poll(async () => (await look.query(waits)).rowCount, { timeout: 30_000 }).toBe(1);
        await then();
        await expect.poll(async () => (await state()).step, { timeout: 30_000 }).toBe(step);
        killing.abort();
        await expect(restoring).rejects.toThrow();
        await holder.query('ROLLBACK');
        await expect.poll(isFree).toBe(true);
      };

      await closeDatabase(holder);
      expect(await state()).toEqual({ old: true, open: false, step: 'closed' });
      await runToEnd(['migrate'], own);
      expect(await state()).toEqual({ old: true, open: true, step: null });

      await restoreUntil('replacing', async () => {
        await expect(runToEnd(['migrate'], own)).rejects.toThrow(
          'A restore or a migration of this database is under way',
        );
      });
      expect(await state()).toEqual({ old: true, open: false, step: 'replacing' });
      await expect(runToEnd(['migrate'], own)).rejects.toThrow(
        /broke off. The rows are those of before; .* Run the restore/,
      );

      const client = new Redis(redis.url);
      connections.defer(() => client.disconnect());
      await restoreUntil('swapped', async () => {
        await client.call('CLIENT', 'PAUSE', '60000');
        await holder.query('ROLLBACK');
      });
      await client.call('CLIENT', 'UNPAUSE');
      expect(await state()).toEqual({ old: false, open: false, step: 'swapped' });
      await expect(runToEnd(['migrate'], own)).rejects.toThrow(
        /broke off. Rows, vectors and files are those of the backup/,
      );
      await runToEnd(['migrate', '--open'], own);
      expect(await state()).toEqual({ old: false, open: true, step: null });
      expect((await look.query('SELECT FROM auth.users')).rowCount).toBe(1);
    },
    180_000,
  );

  it('is not brought back over data without --replace; --check says what is in it', async () => {
    await expect(runToEnd(['restore', plain!], env)).rejects.toThrow(/There is data already. With --replace/);
    expect(await runToEnd(['restore', locked!, '--check', '--passphrase-file', passphrase!], env)).toMatch(
      /locked is whole: \d+ rows, 0 objects of the vector store and 0 files/,
    );
  }, 120_000);
});

async function remember(user: TestUser, texts: readonly string[]): Promise<string[]> {
  const { remember: done } = await user.run<{ remember: { memories: { id: string }[] } }, object>(
    'mutation ($input: RememberInput!) { remember(input: $input) { memories { id } } }',
    { input: { memories: texts.map((text) => ({ text })) } },
  );
  return done.memories.map(({ id }) => id);
}

async function found(user: TestUser, query: string): Promise<string[]> {
  const { searchMemories } = await user.run<{ searchMemories: { matches: { memory: { id: string } }[] } }, object>(
    'query ($input: SearchMemoriesInput!) { searchMemories(input: $input) { matches { memory { id } } } }',
    { input: { query, limit: 20 } },
  );
  return searchMemories.matches.map(({ memory }) => memory.id);
}

async function addDocument(user: TestUser): Promise<string> {
  const bytes = new TextEncoder().encode(TEXT);
  const { createDocumentUpload } = await user.run<
    { createDocumentUpload: { document: { id: string }; upload: { url: string; method: string } } },
    object
  >(
    'mutation ($input: CreateDocumentUploadInput!) { createDocumentUpload(input: $input) { document { id } upload { url method } } }',
    { input: { fileName: 'lighthouse.txt', contentType: 'text/plain', size: bytes.byteLength } },
  );
  const { document, upload } = createDocumentUpload;
  await fetch(hereOf(user, upload.url), {
    method: upload.method,
    headers: { 'content-type': 'text/plain' },
    body: bytes,
  });
  await expect.poll(async () => (await readDocument(user, document.id)).status, { timeout: 60_000 }).toBe('READY');
  return document.id;
}

const hereOf = (user: TestUser, url: string): string => user.url + new URL(url).pathname + new URL(url).search;

async function readDocument(user: TestUser, id: string): Promise<{ status: string; originalUrl: string | null }> {
  const { document } = await user.run<{ document: { status: string; originalUrl: string | null } }, object>(
    'query ($id: ID!) { document(id: $id) { status originalUrl } }',
    { id },
  );
  return document;
}

async function download(user: TestUser, id: string): Promise<string> {
  return (await fetch(hereOf(user, (await readDocument(user, id)).originalUrl!))).text();
}

async function addVectors(user: TestUser): Promise<string> {
  const { createVectorCollection } = await user.run<{ createVectorCollection: { collection: { id: string } } }, object>(
    'mutation ($input: CreateVectorCollectionInput!) { createVectorCollection(input: $input) { collection { id } } }',
    { input: { name: 'winds', fields: [], model: 'my-own', dimensions: 3 } },
  );
  const { id } = createVectorCollection.collection;
  await user.run('mutation ($input: UpsertVectorsInput!) { upsertVectors(input: $input) { storedCount } }', {
    input: {
      collectionId: id,
      objects: [
        { id: 'north', text: 'Boreas', vector: [1, 0, 0] },
        { id: 'south', text: 'Notos', vector: [0, 1, 0] },
      ],
    },
  });
  return id;
}

/** The sorted rows of each table, and the manifest. */
async function contentOf(file: string, passphraseFile: string) {
  const archive = await Archive.open(file, { passphraseFile });
  const rows = new Map<string, string[]>();
  for (let entry = await archive.peek(); entry!.name !== MANIFEST; entry = await archive.peek()) {
    const table = tableOf(entry!.name);
    if (table === undefined) for await (const _ of (await archive.next()).body);
    else {
      const name = `${table.owner}.${table.table}`;
      for await (const line of archive.lines(entry!.name)) rows.set(name, [...(rows.get(name) ?? []), line]);
    }
  }
  const manifest: Manifest = await archive.json(MANIFEST, manifestSchema);
  for (const lines of rows.values()) lines.sort();
  return { rows, manifest };
}

async function contentOfFolder(folder: string): Promise<string> {
  const { readdir } = await import('node:fs/promises');
  return (await readdir(folder, { recursive: true })).sort().join('\n');
}

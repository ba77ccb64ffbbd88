import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type pg from 'pg';
import { type Config, loadConfig } from '#platform/base/config/config.ts';
import { OWNERS, type Owner } from '#platform/contracts/owners.ts';
import {
  countRows,
  readMigrationNames,
  readRows,
  readSequences,
  readShapes,
  type TableShape,
} from '#platform/data/database/tables.ts';
import { exportArchive } from '#retrieval/vectors/archive.ts';
import { CommandError } from '../report.ts';
import { Checksum } from './checksum.ts';
import {
  type BackupHeader,
  FILES,
  FORMAT,
  HEADER,
  MANIFEST,
  type Manifest,
  OWNER_HEADER,
  ownFiles,
  PART_BYTES,
  partOf,
  rowsOf,
  SECRET,
  TABLES,
  VECTORS,
} from './contents.ts';
import { encryption, type Lock } from './encryption.ts';
import { Progress } from './progress.ts';
import { openSources, type Sources } from './sources.ts';
import { type TarFile, writeTar } from './tar.ts';

/** Rather fast than small: most of it is vectors and pictures, which do not get smaller. */
const COMPRESSION = { level: 3 };

/**
 * Copies everything that the installation holds into one file, while it serves: all tables as they are at one moment,
 * then vectors, then files. The file appears under its name when it is complete.
 *
 * @param target `-` for the standard output.
 */
export async function backup(root: string, target: string, lock: Lock): Promise<void> {
  const config = loadConfig(process.env, root);
  const toOutput = target === '-';
  if (!toOutput && existsSync(target)) throw new CommandError(`${target} exists already; choose another name.`);
  const encrypt = await encryption(lock);
  const progress = new Progress();
  await using stack = new AsyncDisposableStack();
  const sources = await openSources(root, config, stack);
  const counted: Manifest = { rows: {}, vectors: { spaces: 0, objects: 0 }, files: { count: 0, bytes: 0 }, sha256: '' };
  const files = withManifest(filesOf(root, sources, counted, progress), counted);
  const zipped = createGzip(COMPRESSION);
  const partial = `${target}.partial`;
  const output = toOutput ? process.stdout : createWriteStream(partial, { mode: 0o600 });
  try {
    const archiving = pipeline(Readable.from(writeTar(files), { objectMode: false }), zipped);
    // What fails is told by the stream that is read.
    archiving.catch((error: Error) => zipped.destroy(error));
    await pipeline(encrypt === undefined ? zipped : await encrypt(zipped), output);
    await archiving;
    if (!toOutput) await putInPlace(partial, target);
  } catch (error) {
    if (!toOutput) await rm(partial, { force: true });
    throw withAdvice(error, config);
  } finally {
    progress.clear();
  }
  const { vectors, files: blobs } = counted;
  const what = `${rowsOf(counted)} rows, ${vectors.objects} objects of the vector store and ${blobs.count} files`;
  console.error(`${toOutput ? 'The backup' : target} holds ${what}${encrypt ? ', encrypted' : ''}.`);
}

async function putInPlace(partial: string, target: string): Promise<void> {
  const file = await open(partial, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, target);
}

function withAdvice(error: unknown, { dataDir }: Config): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC')
    return new CommandError(
      `There is no room for the backup: ${message}. The copy of the database in ${dataDir} needs room, too.`,
    );
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EROFS')
    return new CommandError(`The backup cannot be written there: ${message}.`);
  return error;
}

/** Yields the files of a backup but the last, and counts what is in them. */
async function* filesOf(
  root: string,
  sources: Sources,
  counted: Manifest,
  progress: Progress,
): AsyncGenerator<TarFile> {
  const header: BackupHeader = {
    format: FORMAT,
    product: (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version,
    createdAt: new Date().toISOString(),
    from: sources.from,
    secretCheck: sources.secretCheck,
  };
  yield fileOf(HEADER, JSON.stringify(header, null, 2));
  if (sources.secret) yield fileOf(SECRET, sources.secret);
  for (const owner of OWNERS) yield* sources.moment.read(owner, (client) => tablesOf(client, owner, counted, progress));
  yield* vectorsOf(sources, counted, progress);
  yield* blobsOf(sources, counted, progress);
}

async function* tablesOf(
  client: pg.ClientBase,
  owner: Owner,
  counted: Manifest,
  progress: Progress,
): AsyncGenerator<TarFile> {
  const tables = await readShapes(client, owner);
  const header = {
    migrations: await readMigrationNames(client, owner),
    tables,
    sequences: await readSequences(client, owner),
  };
  yield fileOf(`${TABLES}${owner}/${OWNER_HEADER}`, JSON.stringify(header));
  for (const table of tables) {
    const total = await countRows(client, owner, table);
    const name = `${owner}.${table.name}`;
    counted.rows[name] = 0;
    yield* inParts(`${TABLES}${owner}/${table.name}/`, linesOf(client, owner, table), (lines) => {
      counted.rows[name]! += lines;
      progress.show(name, counted.rows[name]!, total, 'rows');
    });
  }
}

async function* linesOf(client: pg.ClientBase, owner: Owner, table: TableShape): AsyncGenerator<string> {
  for await (const rows of readRows(client, owner, table)) for (const row of rows) yield `${row}\n`;
}

async function* vectorsOf({ vectors }: Sources, counted: Manifest, progress: Progress): AsyncGenerator<TarFile> {
  const total = (await vectors.stats()).spaces.reduce((sum, { objects }) => sum + objects, 0);
  let done = 0;
  async function* lines() {
    const { spaces, objects } = yield* exportArchive(vectors);
    counted.vectors = { spaces, objects };
  }
  yield* inParts(VECTORS, lines(), (count) => {
    done += count;
    progress.show('vectors', done, total, 'objects');
  });
}

async function* blobsOf({ blobs }: Sources, counted: Manifest, progress: Progress): AsyncGenerator<TarFile> {
  const keys: string[] = [];
  for await (const key of ownFiles(blobs)) keys.push(key);
  for (const key of keys) {
    // One that was deleted meanwhile is left out.
    const blob = await blobs.get(key);
    if (blob === undefined) continue;
    yield { name: FILES + key, size: blob.size, body: blob.stream };
    counted.files = { count: counted.files.count + 1, bytes: counted.files.bytes + blob.size };
    progress.show('files', counted.files.count, keys.length, `(${Math.round(counted.files.bytes / 1024 ** 2)} MiB)`);
  }
}

/** Yields lines as numbered files of bounded size, and tells how many lines went by. */
async function* inParts(
  folder: string,
  lines: AsyncIterable<string>,
  passed: (lines: number) => void,
): AsyncGenerator<TarFile> {
  let [part, size, number]: [string[], number, number] = [[], 0, 0];
  const file = (): TarFile => {
    const content = part.join('');
    passed(part.length);
    [part, size] = [[], 0];
    return fileOf(partOf(folder, ++number), content);
  };
  for await (const line of lines) {
    part.push(line);
    size += line.length;
    if (size >= PART_BYTES) yield file();
  }
  if (part.length > 0) yield file();
}

function fileOf(name: string, content: string | Buffer): TarFile {
  const bytes = Buffer.from(content as string);
  return { name, size: bytes.byteLength, body: [bytes] };
}

/** Yields the files, and in the end what counts and hashes them. */
async function* withManifest(files: AsyncGenerator<TarFile>, counted: Manifest): AsyncGenerator<TarFile> {
  const checksum = new Checksum();
  for await (const { name, size, body } of files) yield { name, size, body: checksum.file(name, size, body) };
  counted.sha256 = checksum.digest();
  yield fileOf(MANIFEST, JSON.stringify(counted, null, 2));
}

import { createReadStream, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import type { Owner } from '#platform/contracts/owners.ts';
import type { FileClaim } from '#platform/data/blobs/file-claim.ts';
import { CommandError } from '../report.ts';
import { Checksum } from './checksum.ts';
import {
  type BackupHeader,
  FILES,
  FORMAT,
  HEADER,
  headerSchema,
  MANIFEST,
  type Manifest,
  manifestSchema,
  ownerOf,
  ownerSchema,
  tableOf,
  VECTORS,
} from './contents.ts';
import { AGE_MARK, decryption, type Key } from './encryption.ts';
import { readTar, type TarEntry } from './tar.ts';

const GZIP_MARK = Buffer.from([0x1f, 0x8b]);

/** A backup that is read from its beginning to its end. */
export class Archive {
  readonly #file: string;
  readonly #entries: AsyncGenerator<TarEntry>;
  readonly #checksum = new Checksum();
  #next: TarEntry | undefined;
  #bytesRead: () => number;

  private constructor(file: string, entries: AsyncGenerator<TarEntry>, bytesRead: () => number) {
    this.#file = file;
    this.#entries = entries;
    this.#bytesRead = bytesRead;
  }

  /** @throws {CommandError} for a file that is not there, is not a backup, or does not open with the key. */
  static async open(file: string, key: Key): Promise<Archive> {
    if (!existsSync(file)) throw new CommandError(`${file} does not exist.`);
    const begin = await beginOf(file);
    const isLocked = begin.toString('latin1') === AGE_MARK;
    if (!isLocked && !begin.subarray(0, 2).equals(GZIP_MARK))
      throw new CommandError(`${file} is not a backup that \`sextant backup\` wrote.`);
    const raw = createReadStream(file);
    const plain = isLocked ? await (await decryption(key, file))(raw) : raw;
    const unzipped = createGunzip();
    // What fails is told by the stream that is read.
    pipeline(plain, unzipped, (error) => error && unzipped.destroy(error));
    return new Archive(file, readTar(unzipped), () => raw.bytesRead);
  }

  /** Bytes of the file that have been read so far. */
  get bytesRead(): number {
    return this.#bytesRead();
  }

  /** The next file without going on to it; undefined at the end. */
  async peek(): Promise<TarEntry | undefined> {
    if (this.#next === undefined) {
      const { done, value } = await this.#entries.next();
      this.#next = done ? undefined : value;
    }
    return this.#next;
  }

  /** The next file, whose body must be read to the end. It is hashed while it is read. */
  async next(): Promise<TarEntry> {
    const entry = await this.peek();
    if (entry === undefined) throw new Error('it ends before its manifest');
    this.#next = undefined;
    if (entry.name === MANIFEST) return entry;
    return { ...entry, body: this.#checksum.file(entry.name, entry.size, entry.body) };
  }

  /** The next file, which must have this name. */
  async json<Schema extends z.ZodType>(name: string, schema: Schema): Promise<z.infer<Schema>> {
    const entry = await this.next();
    if (entry.name !== name) throw new Error(`${name} is missing`);
    return schema.parse(JSON.parse(await text(Readable.from(entry.body))));
  }

  /** What the backup says of itself, its first file. @throws {CommandError} for one of another version. */
  async header(): Promise<BackupHeader> {
    if ((await this.peek())?.name !== HEADER)
      throw new CommandError(
        `${this.#file} is not a backup of this version. One of before is unpacked with \`tar -xzf\` into an empty SEXTANT_DIR.`,
      );
    const entry = await this.next();
    const header = JSON.parse(await text(Readable.from(entry.body))) as { format?: unknown };
    if (header.format !== FORMAT)
      throw new CommandError(
        `${this.#file} has format ${header.format}, and this release reads ${FORMAT}: restore it with a newer one.`,
      );
    return headerSchema.parse(header);
  }

  /** The lines of all files that follow whose names begin so. `passed` is called with each file. */
  async *lines(prefix: string, passed?: () => void): AsyncGenerator<string> {
    while ((await this.peek())?.name.startsWith(prefix)) {
      const { body } = await this.next();
      yield* linesOf(body);
      passed?.();
    }
  }

  /** The last file: what was counted, and the checksum. @throws {Error} where what was read has another one. */
  async manifest(): Promise<Manifest> {
    const manifest = await this.json(MANIFEST, manifestSchema);
    if (manifest.sha256 !== this.#checksum.digest()) throw new Error('its checksum differs');
    if ((await this.peek()) !== undefined) throw new Error('something follows its manifest');
    return manifest;
  }
}

/** The things that a whole backup says of itself. */
export interface Checked {
  readonly header: BackupHeader;
  readonly manifest: Manifest;
  /** The claims of its installation on files. */
  readonly claims: ReadonlyMap<Owner, FileClaim>;
  /** Keys of its files. */
  readonly files: ReadonlySet<string>;
}

/** The table of each owner with its claim. */
const CLAIMS = 'file_claims';
const claimSchema = z.object({ token: z.string(), previous: z.string().nullable() });

/**
 * Reads a backup from its beginning to its end, and compares what is in it with what it says of itself.
 *
 * @throws {CommandError} in one line, for a file that is damaged, cut off, or not a backup.
 */
export async function checkArchive(file: string, key: Key, passed: (bytesRead: number) => void): Promise<Checked> {
  return readingArchive(file, async () => {
    const archive = await Archive.open(file, key);
    const header = await archive.header();
    const rows: Record<string, number> = {};
    const claims = new Map<Owner, FileClaim>();
    const columns = new Map<Owner, readonly string[]>();
    const files = new Set<string>();
    let objects = 0;
    for (let entry = await archive.peek(); entry && entry.name !== MANIFEST; entry = await archive.peek()) {
      const owner = ownerOf(entry.name);
      if (owner !== undefined) {
        const { tables } = await archive.json(entry.name, ownerSchema);
        columns.set(owner, tables.find(({ name }) => name === CLAIMS)?.columns.map(({ name }) => name) ?? []);
        continue;
      }
      const { name, body } = await archive.next();
      const table = tableOf(name);
      let lines = 0;
      if (table?.table === CLAIMS)
        for await (const line of linesOf(body)) {
          lines++;
          const values = JSON.parse(line) as unknown[];
          const row = Object.fromEntries((columns.get(table.owner) ?? []).map((column, i) => [column, values[i]]));
          claims.set(table.owner, claimSchema.parse(row));
        }
      else for await (const piece of body) for (const byte of piece) if (byte === 10) lines++;
      if (table) rows[`${table.owner}.${table.table}`] = (rows[`${table.owner}.${table.table}`] ?? 0) + lines;
      else if (name.startsWith(VECTORS)) objects += lines;
      else if (name.startsWith(FILES)) files.add(name.slice(FILES.length));
      passed(archive.bytesRead);
    }
    const manifest = await archive.manifest();
    for (const [table, count] of Object.entries(manifest.rows))
      if ((rows[table] ?? 0) !== count) throw new Error(`it has ${rows[table] ?? 0} rows of ${table}, not ${count}`);
    // Each space has a line of its own, and the last line counts them.
    const expected = manifest.vectors.objects + manifest.vectors.spaces + 1;
    if (objects !== expected) throw new Error(`its vectors have ${objects} lines, not ${expected}`);
    if (files.size !== manifest.files.count) throw new Error(`it has ${files.size} files, not ${manifest.files.count}`);
    return { header, manifest, claims, files };
  });
}

/** Says in one line what is wrong with a file, where something is. */
export async function readingArchive<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      `${file} is damaged or was cut off (${(error as Error).message}). Nothing was changed; take another backup.`,
      { cause: error },
    );
  }
}

async function beginOf(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(AGE_MARK.length), 0, AGE_MARK.length, 0);
  return buffer.subarray(0, bytesRead);
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const piece of body) {
    let from = 0;
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, from)) {
      yield Buffer.concat([...rest, piece.subarray(from, at)]).toString('utf8');
      [rest, from] = [[], at + 1];
    }
    if (from < piece.length) rest.push(piece.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString('utf8');
}

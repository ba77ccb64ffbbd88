import type { BlobInfo, BlobStore } from './blob-store.ts';

/** The rows of an owner to which its files belong. */
export interface FileRows {
  /** Begins the keys of the owner's files, ends in `/`. */
  readonly prefix: string;
  /**
   * Returns those of the keys that belong to no row, and to no work that is still to be done. A key whose form is not
   * known belongs to one: another version may have stored it.
   */
  strangers(keys: readonly string[]): Promise<readonly string[]>;
  /**
   * The files that rows cannot do without, of at most `limit` rows behind `after`.
   *
   * @returns `next` the place of the last of these rows, undefined where no more follow.
   */
  needed(
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly keys: readonly string[]; readonly next: string | undefined }>;
}

/** The find of a comparison. */
export interface FileComparison {
  /** Files of the owner, before any was removed. */
  readonly files: number;
  /** Files without a row. */
  readonly strangers: number;
  /** Those of them that were removed. */
  readonly removed: number;
  readonly removedBytes: number;
  /** Files that rows need. */
  readonly needed: number;
  /** Those of them that are not there. */
  readonly missing: number;
  /** Keys of the first of these. */
  readonly examples: readonly string[];
}

export interface CompareFilesOptions {
  /** Age below which a file is left alone: its row may be on its way. Default: a day; the longest upload takes 12 h. */
  readonly graceMs?: number | undefined;
  /** Whether files without a row are removed, also where these are the most (`all`), or counted. Default `some`. */
  readonly removes?: 'none' | 'some' | 'all' | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The error of a comparison that would have removed most files. */
export class MostFilesHaveNoRow extends Error {
  override name = 'MostFilesHaveNoRow';
}

export const GRACE_MS = 24 * 3_600_000;
/** Keys that are looked up at a time. */
const PAGE = 500;
/** Files that are removed at a time. Their rows are looked for once more right before. */
const REMOVED_AT_ONCE = 50;
/** Keys of files without a row that are held in memory; where there are more, the files are listed again. */
const MAX_HELD = 10_000;
/** Rows whose files are looked for at a time, and requests at a time. */
const ROWS = 200;
const LOOKS_AT_ONCE = 8;
const MAX_EXAMPLES = 10;
/** So many files without a row do not stop it, whatever their share is. */
const ALWAYS_REMOVED = 100;

/**
 * Makes the files of an owner agree with its rows. A file without a row is removed when it is old enough: a process was
 * killed between the two, or a deletion could not reach the storage. What rows need and is gone is counted. Both sides
 * are read in pages, and repeating it changes nothing.
 *
 * @throws {MostFilesHaveNoRow} more than half of the files, and more than a hundred, have no row. That is rather the
 * wrong database, or a bucket that two installations share, than rubbish: nothing is removed.
 * @throws what store and database throw when they are away.
 */
export async function compareFiles(
  blobs: BlobStore,
  rows: FileRows,
  options: CompareFilesOptions = {},
): Promise<FileComparison> {
  const { removes = 'some' } = options;
  const removed = { count: 0, bytes: 0 };
  let first: Strangers | undefined;
  for (;;) {
    const found = await findStrangers(blobs, rows, options);
    first ??= found;
    if (removes === 'none') break;
    const isMost = found.count > ALWAYS_REMOVED && found.count * 2 > found.files;
    if (first === found && isMost && removes !== 'all')
      throw new MostFilesHaveNoRow(
        `${found.count} of ${found.files} files in ${rows.prefix} belong to no row. Nothing was removed: does another installation use this storage, or was the database replaced? If they may go: sextant reindex --remove-files.`,
      );
    const before = removed.count;
    for (let at = 0; at < found.held.length; at += REMOVED_AT_ONCE)
      await remove(blobs, rows, found.held.slice(at, at + REMOVED_AT_ONCE), removed, options);
    if (found.count === found.held.length || removed.count === before) break;
  }
  return {
    files: first.files,
    strangers: first.count,
    removed: removed.count,
    removedBytes: removed.bytes,
    ...(await findMissing(blobs, rows, options.signal)),
  };
}

interface Strangers {
  /** All files of the owner. */
  readonly files: number;
  /** Those without a row. */
  readonly count: number;
  /** The first of them. */
  readonly held: readonly string[];
}

async function findStrangers(
  blobs: BlobStore,
  rows: FileRows,
  { graceMs = GRACE_MS, signal }: CompareFilesOptions,
): Promise<Strangers> {
  const held: string[] = [];
  let [files, count]: [number, number] = [0, 0];
  let page: string[] = [];
  const look = async (): Promise<void> => {
    signal?.throwIfAborted();
    const found = await rows.strangers(page);
    page = [];
    count += found.length;
    held.push(...found.slice(0, MAX_HELD - held.length));
  };
  for await (const blob of blobs.list(rows.prefix)) {
    files++;
    if (!isOld(blob, graceMs)) continue;
    if (page.push(blob.key) === PAGE) await look();
  }
  if (page.length > 0) await look();
  return { files, count, held };
}

const isOld = ({ modifiedAt }: BlobInfo, graceMs: number): boolean => Date.now() - modifiedAt.getTime() >= graceMs;

/** Removes files that still have no row and were not stored again since they were listed, as by a restore. */
async function remove(
  blobs: BlobStore,
  rows: FileRows,
  keys: readonly string[],
  removed: { count: number; bytes: number },
  { graceMs = GRACE_MS, signal }: CompareFilesOptions,
): Promise<void> {
  for (const key of await rows.strangers(keys)) {
    signal?.throwIfAborted();
    const blob = await blobs.head(key);
    if (blob === undefined || !isOld(blob, graceMs) || !(await blobs.delete(key))) continue;
    removed.count++;
    removed.bytes += blob.size;
  }
}

async function findMissing(
  blobs: BlobStore,
  rows: FileRows,
  signal: AbortSignal | undefined,
): Promise<Pick<FileComparison, 'needed' | 'missing' | 'examples'>> {
  const examples: string[] = [];
  let [needed, missing]: [number, number] = [0, 0];
  let after: string | undefined;
  do {
    const { keys, next } = await rows.needed(after, ROWS);
    const gone: string[] = [];
    for (let at = 0; at < keys.length; at += LOOKS_AT_ONCE) {
      signal?.throwIfAborted();
      const some = keys.slice(at, at + LOOKS_AT_ONCE);
      const found = await Promise.all(some.map((key) => blobs.head(key)));
      gone.push(...some.filter((_, index) => found[index] === undefined));
    }
    needed += keys.length;
    if (gone.length > 0) {
      // What was deleted meanwhile lacks nothing.
      const deleted = new Set(await rows.strangers(gone));
      const lost = gone.filter((key) => !deleted.has(key));
      missing += lost.length;
      examples.push(...lost.slice(0, MAX_EXAMPLES - examples.length));
    }
    after = next;
  } while (after !== undefined);
  return { needed, missing, examples };
}

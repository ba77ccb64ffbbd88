import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, opendir, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { badInput } from '../../base/errors/errors.ts';
import { lackOfRoom } from '../../base/files/disk-room.ts';
import { makeDataFolder } from '../../base/files/make-folder.ts';
import {
  type BlobBody,
  type BlobInfo,
  type BlobStore,
  checkKey,
  type GetOptions,
  type PutOptions,
  type StoredBlob,
} from './blob-store.ts';
import { measured } from './measured.ts';

/** Uploads in progress; parts of a key never begin with a dot, so no blob can be in here. */
const INCOMING = '.incoming';

/** Age at which an unfinished upload was surely left behind by a killed process. */
const ABANDONED_MS = 24 * 3_600_000;

/**
 * A store of blobs as files below one folder: a key is a path. Several processes may share the folder (a volume that
 * all replicas mount): a blob is written beside and renamed into place.
 */
export class FolderBlobStore implements BlobStore {
  readonly kind = 'folder';
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<FolderBlobStore> {
    makeDataFolder(path.join(folder, INCOMING));
    const store = new FolderBlobStore(folder);
    await store.endAbandoned();
    return store;
  }

  async put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    { maxBytes, signal }: PutOptions,
  ): Promise<StoredBlob> {
    const target = this.#path(key);
    const partial = path.join(this.#folder, INCOMING, randomUUID());
    const source = measured(body, maxBytes, signal);
    try {
      const file = await open(partial, 'wx', 0o600);
      try {
        for await (const chunk of source.chunks) await writeAll(file, chunk);
        await file.sync();
      } finally {
        await file.close();
      }
      await moveInto(partial, target);
      await syncFolder(path.dirname(target));
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
    return { key, size: source.size, sha256: source.digest() };
  }

  async head(key: string): Promise<BlobInfo | undefined> {
    const info = await statOf(this.#path(key));
    return info?.isFile() ? { key, size: info.size, modifiedAt: info.mtime } : undefined;
  }

  async get(key: string, { start, end, signal }: GetOptions = {}): Promise<BlobBody | undefined> {
    const file = await open(this.#path(key), 'r').catch(ignoreMissing);
    if (file === undefined) return undefined;
    const info = await file.stat();
    if (!info.isFile()) {
      await file.close();
      return undefined;
    }
    const stream = createReadStream('', { fd: file, start, end, signal });
    return {
      key,
      size: info.size,
      modifiedAt: info.mtime,
      stream: Readable.toWeb(stream) as ReadableStream<Uint8Array>,
    };
  }

  async delete(key: string): Promise<boolean> {
    const target = this.#path(key);
    if (!(await statOf(target))?.isFile()) return false;
    await rm(target, { force: true });
    await removeIfEmpty(path.dirname(target));
    return true;
  }

  async deleteAll(prefix: string): Promise<number> {
    if (!prefix.endsWith('/')) throw badInput('prefix', 'must end in /');
    let count = 0;
    for await (const _ of this.list(prefix)) count++;
    await rm(this.#path(prefix.slice(0, -1)), { recursive: true, force: true });
    return count;
  }

  async *list(prefix: string): AsyncGenerator<BlobInfo> {
    const folder = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
    const root = folder === '' ? this.#folder : this.#path(folder);
    for await (const file of filesOf(root)) {
      const key = path.relative(this.#folder, file).split(path.sep).join('/');
      if (!key.startsWith(prefix) || key.startsWith(`${INCOMING}/`)) continue;
      const info = await statOf(file);
      if (info) yield { key, size: info.size, modifiedAt: info.mtime };
    }
  }

  async endAbandoned(olderThanMs = ABANDONED_MS): Promise<number> {
    let ended = 0;
    for await (const file of filesOf(path.join(this.#folder, INCOMING))) {
      const info = await statOf(file);
      if (!info || Date.now() - info.mtimeMs < olderThanMs) continue;
      await rm(file, { force: true });
      ended++;
    }
    return ended;
  }

  async downloadUrl(): Promise<undefined> {}

  async health(): Promise<{ status: 'up' | 'down'; detail?: string }> {
    const probe = path.join(this.#folder, INCOMING, randomUUID());
    try {
      await (await open(probe, 'wx')).close();
      await rm(probe);
      const lack = await lackOfRoom(this.#folder);
      return lack === undefined ? { status: 'up' } : { status: 'down', detail: lack };
    } catch (error) {
      return { status: 'down', detail: `the blob folder takes no writes (${(error as NodeJS.ErrnoException).code})` };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #path(key: string): string {
    checkKey(key);
    return path.join(this.#folder, ...key.split('/'));
  }
}

/**
 * Yields the files below a folder. A folder that is deleted meanwhile has none: Node's own recursive reading would fail
 * as a whole.
 */
async function* filesOf(folder: string): AsyncGenerator<string> {
  const entries = await opendir(folder).catch(ignoreMissing);
  if (entries === undefined) return;
  for await (const entry of entries) {
    const found = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(found);
    else if (entry.isFile()) yield found;
  }
}

/** Tries to put a file in its place, whose folder others may remove because it is empty. */
const MAX_MOVES = 10;

async function moveInto(file: string, target: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await mkdir(path.dirname(target), { recursive: true });
      return await rename(file, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries >= MAX_MOVES) throw error;
    }
  }
}

/** Removes a folder that holds nothing: each upload has one of its own. */
const removeIfEmpty = (folder: string): Promise<void> => rmdir(folder).catch(() => {});

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.byteLength) written += (await file.write(chunk, written)).bytesWritten;
}

/**
 * Makes a rename survive a power cut. Not every file system lets a folder be synced; those that do not need no help.
 */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync().catch(() => {});
  } finally {
    await handle?.close();
  }
}

const ignoreMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
};

const statOf = (file: string) => stat(file).catch(ignoreMissing);

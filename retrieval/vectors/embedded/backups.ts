import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CodedError, notFound } from '#platform/base/errors/errors.ts';
import { checkBackupId } from '../validate.ts';
import type { Backup, StoreBackups } from '../vector-store.ts';
import type { CopiedFile } from './copy.ts';

interface Manifest {
  readonly id: string;
  readonly status: Backup['status'];
  readonly spaces: readonly string[];
  readonly startedAt: string;
  readonly completedAt?: string;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly error?: string;
  /** The process that makes it, to tell a slow backup from one whose process died. */
  readonly pid: number;
}

/** The work itself, done in a thread. */
export interface Copier {
  copy(file: string): Promise<CopiedFile>;
  /** Rejects with CONFLICT if the file's hash is another. */
  restore(file: string, sha256: string): Promise<void>;
}

/** The backups of the embedded store: a folder each, with a copy of the database and a manifest beside it. */
export class EmbeddedBackups implements StoreBackups {
  readonly #folder: string;
  readonly #copier: Copier;
  readonly #running = new Map<string, Promise<void>>();

  constructor(folder: string, copier: Copier) {
    this.#folder = folder;
    this.#copier = copier;
  }

  /** @throws {CodedError} CONFLICT if there is one of that name. */
  async create(id: string): Promise<Backup> {
    checkBackupId(id);
    await mkdir(this.#folder, { recursive: true });
    try {
      await mkdir(path.join(this.#folder, id));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new CodedError('CONFLICT', `A backup named ${id} exists.`);
    }
    const manifest: Manifest = {
      id,
      status: 'RUNNING',
      spaces: [],
      startedAt: new Date().toISOString(),
      pid: process.pid,
    };
    await this.#write(manifest);
    const run = this.#run(manifest).finally(() => this.#running.delete(id));
    this.#running.set(id, run);
    return toBackup(manifest);
  }

  async get(id: string): Promise<Backup | undefined> {
    const manifest = await this.#read(id);
    return manifest && toBackup(manifest);
  }

  async list(): Promise<Backup[]> {
    const names = await readdir(this.#folder).catch(() => [] as string[]);
    const found = await Promise.all(names.map((name) => this.get(name)));
    return found.filter((backup) => backup !== undefined).sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
  }

  /** @throws {CodedError} NOT_FOUND; CONFLICT if it did not succeed or its file has been changed. */
  async restore(id: string): Promise<Backup> {
    const manifest = await this.#read(id);
    if (manifest === undefined) throw notFound(`The backup ${id}`);
    if (manifest.status !== 'SUCCEEDED')
      throw new CodedError('CONFLICT', `The backup ${id} is ${manifest.status}: it cannot be restored.`);
    await this.#copier.restore(this.#file(id), manifest.sha256 ?? '');
    return toBackup(manifest);
  }

  /** Resolves when no backup is being made any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #run(manifest: Manifest): Promise<void> {
    try {
      const copied = await this.#copier.copy(this.#file(manifest.id));
      await this.#write({ ...manifest, ...copied, status: 'SUCCEEDED', completedAt: new Date().toISOString() });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      await this.#write({ ...manifest, status: 'FAILED', error: message, completedAt: new Date().toISOString() }).catch(
        () => {},
      );
    }
  }

  async #read(id: string): Promise<Manifest | undefined> {
    // The id is part of a path.
    if (!/^[a-z0-9_-]+$/.test(id)) return undefined;
    const text = await readFile(path.join(this.#folder, id, 'manifest.json'), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const manifest = JSON.parse(text) as Manifest;
    const abandoned =
      manifest.status === 'RUNNING' && !this.#running.has(id) && !(manifest.pid !== process.pid && alive(manifest.pid));
    return abandoned
      ? { ...manifest, status: 'FAILED', error: 'The process that made it stopped before it was complete.' }
      : manifest;
  }

  /** Replaced in one step, so that a reader never sees half a manifest. */
  async #write(manifest: Manifest): Promise<void> {
    const file = path.join(this.#folder, manifest.id, 'manifest.json');
    await writeFile(`${file}.new`, JSON.stringify(manifest, null, 2), { flush: true });
    await rename(`${file}.new`, file);
  }

  #file(id: string): string {
    return path.join(this.#folder, id, 'vectors.db');
  }
}

const toBackup = ({ pid: _, sha256: __, startedAt, completedAt, ...rest }: Manifest): Backup => ({
  ...rest,
  startedAt: new Date(startedAt),
  ...(completedAt !== undefined && { completedAt: new Date(completedAt) }),
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

import type { Backend, WeaviateClient } from 'weaviate-client';
import { CodedError, notFound } from '#platform/base/errors/errors.ts';
import { checkBackupId } from '../validate.ts';
import type { Backup, StoreBackups } from '../vector-store.ts';
import { describeError, guard } from './connection.ts';
import type { Spaces } from './spaces.ts';

const BACKENDS: readonly Backend[] = ['filesystem', 's3', 'gcs', 'azure'];
const GIBIBYTE = 1024 ** 3;

/** The backups by Weaviate's own means, to the first backup module that the server has. */
export class WeaviateBackups implements StoreBackups {
  readonly #client: () => Promise<WeaviateClient>;
  readonly #spaces: Spaces;

  constructor(client: () => Promise<WeaviateClient>, spaces: Spaces) {
    this.#client = client;
    this.#spaces = spaces;
  }

  async create(id: string): Promise<Backup> {
    checkBackupId(id);
    if ((await this.get(id)) !== undefined) throw new CodedError('CONFLICT', `A backup named ${id} exists.`);
    const spaces = (await this.#spaces.list()).map((space) => space.name);
    if (spaces.length === 0) throw new CodedError('CONFLICT', 'There is nothing to back up: no vector space exists.');
    const client = await this.#client();
    const backend = await this.#backend();
    try {
      await guard(() =>
        client.backup.create({
          backupId: id,
          backend,
          includeCollections: spaces.map((space) => this.#spaces.collectionOf(space)),
          waitForCompletion: false,
        }),
      );
    } catch (error) {
      if (!/already in progress/i.test(describeError(error))) throw error;
      throw new CodedError('CONFLICT', 'Another backup is being made; try again when it is complete.');
    }
    return { id, status: 'RUNNING', spaces, startedAt: new Date() };
  }

  async get(id: string): Promise<Backup | undefined> {
    return (await this.list()).find((backup) => backup.id === id);
  }

  async list(): Promise<Backup[]> {
    const client = await this.#client();
    const backend = await this.#backend();
    const found = await guard(() => client.backup.list(backend));
    const backups = found.map((entry): Backup => {
      const { id, status, startedAt, completedAt, size, error } = entry;
      const state =
        status === 'SUCCESS' ? 'SUCCEEDED' : status === 'FAILED' || status === 'CANCELED' ? 'FAILED' : 'RUNNING';
      // Client 3.14 promises `collections` here and passes on the server's `classes`.
      const collections = (entry as { classes?: string[] }).classes ?? entry.collections ?? [];
      return {
        id,
        status: state,
        spaces: collections.flatMap((name) => this.#spaces.nameOf(name) ?? []),
        startedAt: new Date(startedAt ?? 0),
        completedAt: completedAt && new Date(completedAt),
        bytes: size === undefined ? undefined : Math.round(size * GIBIBYTE),
        error,
      };
    });
    return backups.sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
  }

  /**
   * Weaviate restores only what is not there: the backup's spaces are deleted first, once it is known to be complete.
   */
  async restore(id: string): Promise<Backup> {
    const backup = await this.get(id);
    if (backup === undefined) throw notFound(`The backup ${id}`);
    if (backup.status !== 'SUCCEEDED')
      throw new CodedError('CONFLICT', `The backup ${id} is ${backup.status}: it cannot be restored.`);
    const client = await this.#client();
    const backend = await this.#backend();
    for (const space of backup.spaces) await this.#spaces.delete(space);
    try {
      await client.backup.restore({
        backupId: id,
        backend,
        includeCollections: backup.spaces.map((space) => this.#spaces.collectionOf(space)),
        waitForCompletion: true,
      });
    } catch (error) {
      throw new CodedError(
        'SERVICE_UNAVAILABLE',
        `Weaviate could not restore the backup ${id}; run the restore again. ${describeError(error)}`,
      );
    } finally {
      this.#spaces.forget();
    }
    return backup;
  }

  async #backend(): Promise<Backend> {
    const client = await this.#client();
    const modules = Object.keys(
      ((await guard(() => client.getMeta())).modules as Record<string, unknown> | undefined) ?? {},
    );
    const backend = BACKENDS.find((name) => modules.includes(`backup-${name}`));
    if (backend !== undefined) return backend;
    throw new CodedError(
      'NOT_CONFIGURED',
      'Weaviate has no backup module: enable one, such as backup-filesystem with BACKUP_FILESYSTEM_PATH.',
    );
  }
}

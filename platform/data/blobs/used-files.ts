import type { Registry } from 'prom-client';
import type { Config } from '../../base/config/config.ts';
import { CodedError } from '../../base/errors/errors.ts';
import { every } from '../../base/faults/every.ts';
import type { Logger } from '../../base/log/log.ts';
import { storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { Owner } from '../../contracts/owners.ts';
import type { SqlTransaction } from '../outbox/outbox.ts';
import type { BlobInfo, BlobStore } from './blob-store.ts';
import { FilesInUse, forgetUse, giveSign, knownUse, SIGN_MS, saysInUse, usedByAnother } from './file-use.ts';

/** How long a start waits for the storage, in ms: `/health` says whether it answers. */
const START_MS = 3_000;

export interface UsedFilesOptions {
  readonly owner: Owner;
  readonly config: Pick<Config, 'DATABASE_URL' | 'BLOBS_S3_BUCKET'>;
  readonly client: Pick<SqlTransaction, '$queryRawUnsafe'>;
  readonly blobs: BlobStore;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly lifecycle: AsyncDisposableStack;
}

/** The files of an owner, of which this installation says that it uses them. */
export interface UsedFiles {
  /** The storage, which deletes nothing while another installation uses the files. */
  readonly blobs: BlobStore;
  /** Whether another installation was seen. */
  isContested(): boolean;
}

/**
 * Gives a sign once a minute that this installation uses the files of an owner, and looks for those of another one:
 * both have the same keys where a staging system is made of a backup, and each would delete what the other needs. A
 * folder inside that of the embedded database needs none of it: it is copied with it, and locked.
 *
 * @throws {FilesInUse} another installation uses them, and no process of this one has done so lately: one that serves
 * goes on and deletes nothing, since a mistake made elsewhere must not stop it.
 */
export async function useFiles(options: UsedFilesOptions): Promise<UsedFiles> {
  const { owner, config, client, blobs, log, metrics, lifecycle } = options;
  const isEmbedded = config.DATABASE_URL === undefined;
  if (isEmbedded && config.BLOBS_S3_BUCKET === undefined) return { blobs, isContested: () => false };
  const known = await knownUse(client, owner);
  const ago = known.isAlive
    ? undefined
    : // Read again: another process may have started meanwhile.
      await usedByAnother(
        blobs,
        owner,
        async () => (await knownUse(client, owner)).signs,
        AbortSignal.timeout(START_MS),
      ).catch(() => undefined);
  if (ago !== undefined) throw new FilesInUse(saysInUse([owner], ago, 'sextant reindex --claim-files'));

  let isWithheld: boolean | undefined;
  const look = async (): Promise<boolean> => {
    const before = isWithheld;
    isWithheld = await giveSign(client, blobs, owner);
    storeMetrics(metrics).filesContested.set({ owner }, isWithheld ? 1 : 0);
    if (isWithheld)
      log.error(
        { owner },
        'another installation uses the same files, or another copy of this database: none is deleted',
      );
    else if (before) log.info({ owner }, 'no other installation uses the files any more');
    return isWithheld;
  };
  const first: Promise<unknown> = look().catch((error: unknown) =>
    log.warn({ err: error, owner }, 'the storage of files does not say yet whether another installation uses it'),
  );
  lifecycle.defer(async () => {
    // The one process of its installation: what comes next need not wait. Of several none is known to be the last.
    if (isEmbedded && isWithheld === false) await forgetUse(blobs, owner).catch(() => {});
  });
  lifecycle.defer(every(SIGN_MS, { where: 'use of files', log }, look));
  const mayDelete = async (): Promise<void> => {
    await first;
    if (!(isWithheld ?? (await look()))) return;
    throw new CodedError(
      'SERVICE_UNAVAILABLE',
      'Files cannot be deleted at the moment: another installation uses the same storage. Try again later.',
    );
  };
  return { blobs: new UsedBlobs(blobs, mayDelete), isContested: () => isWithheld === true };
}

/** A storage that asks before it deletes. */
class UsedBlobs implements BlobStore {
  readonly #blobs: BlobStore;
  readonly #mayDelete: () => Promise<void>;

  constructor(blobs: BlobStore, mayDelete: () => Promise<void>) {
    this.#blobs = blobs;
    this.#mayDelete = mayDelete;
  }

  get kind() {
    return this.#blobs.kind;
  }

  async delete(key: string): Promise<boolean> {
    await this.#mayDelete();
    return this.#blobs.delete(key);
  }

  async deleteAll(prefix: string): Promise<number> {
    await this.#mayDelete();
    return this.#blobs.deleteAll(prefix);
  }

  put = (...given: Parameters<BlobStore['put']>) => this.#blobs.put(...given);
  head = (key: string) => this.#blobs.head(key);
  get = (...given: Parameters<BlobStore['get']>) => this.#blobs.get(...given);
  list = (prefix: string): AsyncGenerator<BlobInfo> => this.#blobs.list(prefix);
  endAbandoned = (olderThanMs?: number) => this.#blobs.endAbandoned(olderThanMs);
  downloadUrl = (...given: Parameters<BlobStore['downloadUrl']>) => this.#blobs.downloadUrl(...given);
  health = (signal?: AbortSignal) => this.#blobs.health(signal);

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#blobs[Symbol.asyncDispose]());
  }
}

import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Config, loadConfig } from '#platform/base/config/config.ts';
import { OWNERS, type Owner } from '#platform/contracts/owners.ts';
import type { BlobStore } from '#platform/data/blobs/blob-store.ts';
import { areFilesOfBackup } from '#platform/data/blobs/file-claim.ts';
import { forgetUse, saysInUse } from '#platform/data/blobs/file-use.ts';
import type { Staging } from '#platform/data/database/staging.ts';
import { importArchive } from '#retrieval/vectors/archive.ts';
import { reindex } from '../commands/reindex.ts';
import { CommandError } from '../report.ts';
import { Archive, checkArchive, readingArchive } from './archive.ts';
import {
  type BackupHeader,
  FILES,
  type Manifest,
  ownerOf,
  ownerSchema,
  rowsOf,
  SECRET,
  TABLES,
  tableOf,
  VECTORS,
} from './contents.ts';
import type { Key } from './encryption.ts';
import { Progress } from './progress.ts';
import { secretCheckOf } from './sources.ts';
import { deleteOtherFiles, emptyVectors, openTarget, type Target } from './targets.ts';

export interface RestoreOptions extends Key {
  /** Whether data that is there may be replaced. */
  readonly replace?: boolean | undefined;
  /** Whether the files in the storage may be taken over although they may be those of another installation. */
  readonly claimFiles?: boolean | undefined;
  /** Whether the backup is only read and checked. */
  readonly check?: boolean | undefined;
}

/** A file of the archive is as large as what was stored. */
const MAX_FILE_BYTES = Number.MAX_SAFE_INTEGER;

/**
 * Brings everything back that a backup holds. The whole backup is read and checked first. Then its tables are made
 * beside those that are there; processes are kept out while vectors and files are replaced and the tables change
 * places, all at one moment. In the end the indexes of memory are compared with the rows.
 */
export async function restore(root: string, source: string, options: RestoreOptions): Promise<void> {
  const config = loadConfig(process.env, root);
  const progress = new Progress();
  const { size } = await stat(source).catch(() => ({ size: 0 }));
  const { header, manifest, claims, files } = await checkArchive(source, options, (bytes) =>
    progress.show('checking', bytes, size, 'bytes'),
  );
  progress.clear();
  const what = `${rowsOf(manifest)} rows, ${manifest.vectors.objects} objects of the vector store and ${manifest.files.count} files of ${header.createdAt}`;
  if (options.check) return console.log(`${source} is whole: ${what}.`);
  {
    await using stack = new AsyncDisposableStack();
    stack.defer(() => progress.clear());
    const target = await openTarget(root, config, stack);
    if (target.holdsData && !options.replace)
      throw new CommandError(
        'There is data already. With --replace it is deleted and replaced by what the backup holds; `sextant backup` saves it before.',
      );
    const strange: Owner[] = [];
    for (const owner of options.claimFiles ? [] : target.foreignFiles)
      if (!(await areFilesOfBackup(target.blobs, owner, claims.get(owner), files))) strange.push(owner);
    if (strange.length > 0)
      throw new CommandError(
        `The files of ${strange.join(' and ')} in the storage are neither those of the database that is replaced nor of the installation that the backup is of. Nothing was changed: another installation may use them, so give each a storage of its own, by BLOBS_S3_PREFIX for instance. Where there is no other, --claim-files.`,
      );
    if (target.otherUse && !options.claimFiles)
      throw new CommandError(saysInUse(target.otherUse.owners, target.otherUse.agoMs, '--claim-files'));
    if (target.foreignFiles.length > 0)
      console.error(
        `Files of ${target.foreignFiles.join(' and ')} that the storage has and the backup has not are left. They are removed in a week where no other installation claims them.`,
      );
    const archive = await Archive.open(source, options);
    await archive.header();
    await new Restore(source, archive, target, manifest, progress).run(header, config);
  }
  console.log(`Restored: ${what}.`);
  await reindex(root, { restored: true, claimsFiles: options.claimFiles });
}

class Restore {
  readonly #source: string;
  readonly #archive: Archive;
  readonly #target: Target;
  readonly #manifest: Manifest;
  readonly #progress: Progress;

  constructor(source: string, archive: Archive, target: Target, manifest: Manifest, progress: Progress) {
    this.#source = source;
    this.#archive = archive;
    this.#target = target;
    this.#manifest = manifest;
    this.#progress = progress;
  }

  async run(header: BackupHeader, config: Config): Promise<void> {
    await this.#beforeAnything(async () => {
      await this.#secret(header, config);
      await this.#tables();
    });
    try {
      const { vectors, blobs } = await this.#target.close();
      await this.#target.replacing();
      // The signs of its own processes, which are kept out, are not known to the database that comes.
      for (const owner of OWNERS) await forgetUse(blobs, owner);
      await emptyVectors(vectors);
      await importArchive(
        vectors,
        this.#archive.lines(VECTORS, () => this.#show('vectors')),
      );
      const files = await this.#files(blobs);
      // Again, because the file may have been changed since it was checked.
      await readingArchive(this.#source, () => this.#archive.manifest());
      await this.#target.swap();
      // Not before: until here the rows of before may be needed again, and they name these.
      const replaced = OWNERS.filter((owner) => !this.#target.foreignFiles.includes(owner));
      const refusal = await deleteOtherFiles(blobs, files, replaced);
      if (refusal)
        console.error(
          `Files that the backup does not hold are left (${refusal.message}). They are removed when files are compared with rows, a week from now or later.`,
        );
      await this.#target.finish();
    } catch (error) {
      throw new CommandError(`The restore broke off: ${(error as Error).message} ${await this.#target.advice()}`, {
        cause: error,
      });
    }
  }

  async #beforeAnything(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof CommandError) throw error;
      throw new CommandError(`The restore broke off: ${(error as Error).message}. Nothing was changed.`, {
        cause: error,
      });
    }
  }

  async #secret(header: BackupHeader, config: Config): Promise<void> {
    const kept =
      (await this.#archive.peek())?.name === SECRET &&
      (await this.#target.keepSecret(await buffer(Readable.from((await this.#archive.next()).body))));
    if (!kept && header.secretCheck !== secretCheckOf(config))
      console.error(
        'The backup was made with another JWT_SECRET: everybody has to sign in again. To prevent that, stop here and restore with the one of before.',
      );
  }

  async #tables(): Promise<void> {
    const { staging } = this.#target;
    let begun: Owner | undefined;
    for (;;) {
      const entry = await this.#archive.peek();
      if (!entry?.name.startsWith(TABLES)) break;
      const owner = ownerOf(entry.name);
      if (owner !== undefined) {
        if (begun !== undefined) await staging.finish(begun);
        await this.#begin(staging, owner);
        begun = owner;
        continue;
      }
      const place = tableOf(entry.name);
      if (place === undefined) throw new CommandError(`${this.#source} holds ${entry.name}, which is not known.`);
      const prefix = `${TABLES}${place.owner}/${place.table}/`;
      await staging.fill(
        place.owner,
        place.table,
        this.#archive.lines(prefix, () => this.#show(`${place.owner}.${place.table}`)),
      );
    }
    if (begun !== undefined) await staging.finish(begun);
    const missing = OWNERS.filter(
      (owner) => !Object.keys(this.#manifest.rows).some((name) => name.startsWith(`${owner}.`)),
    );
    if (missing.length > 0) throw new CommandError(`${this.#source} holds no tables of ${missing.join(', ')}.`);
  }

  async #begin(staging: Staging, owner: Owner): Promise<void> {
    const name = (await this.#archive.peek())!.name;
    const header = await this.#archive.json(name, ownerSchema);
    const unknown = await staging.unknownMigrations(owner, header.migrations);
    if (unknown.length > 0)
      throw new CommandError(
        `${this.#source} was made by a newer release (migration ${unknown[0]} of ${owner}): restore it with that one.`,
      );
    await staging.begin(owner, header);
  }

  /** Stores the files beside those that are there. Returns their keys. */
  async #files(blobs: BlobStore): Promise<Set<string>> {
    const kept = new Set<string>();
    while ((await this.#archive.peek())?.name.startsWith(FILES)) {
      const { name, body } = await this.#archive.next();
      const key = name.slice(FILES.length);
      await blobs.put(key, body, { maxBytes: MAX_FILE_BYTES });
      kept.add(key);
      this.#progress.show('files', kept.size, this.#manifest.files.count);
    }
    return kept;
  }

  #show(what: string): void {
    this.#progress.show(what, Math.round(this.#archive.bytesRead / 1024 ** 2), undefined, 'MiB of the backup');
  }
}

import { randomUUID } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { cp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import type { Config } from '#platform/base/config/config.ts';
import { loadSecrets } from '#platform/base/secrets/secrets.ts';
import type { BlobStore } from '#platform/data/blobs/blob-store.ts';
import { openBlobs } from '#platform/data/blobs/open-blobs.ts';
import { DirectoryInUseError, lockDirectory } from '#platform/data/database/directory-lock.ts';
import { type Moment, openEmbeddedMoment, openPostgresMoment } from '#platform/data/database/moment.ts';
import { openVectorStore } from '#retrieval/vectors/open.ts';
import type { VectorStore } from '#retrieval/vectors/vector-store.ts';
import { CommandError } from '../report.ts';
import { askSnapshot } from '../serving/control.ts';
import { snapshotFolder } from '../serving/snapshots.ts';

/** The whole of what an installation holds, open to be copied while others may write to it. */
export interface Sources {
  readonly from: 'embedded' | 'postgres';
  readonly moment: Moment;
  readonly vectors: VectorStore;
  readonly blobs: BlobStore;
  /** The secret that the embedded product has made itself. */
  readonly secret: Buffer | undefined;
  readonly secretCheck: string;
}

/** Opens the tables first: what the stores hold more than these is made good by what compares them. */
export async function openSources(root: string, config: Config, stack: AsyncDisposableStack): Promise<Sources> {
  const moment = stack.use(
    config.DATABASE_URL === undefined
      ? await openEmbeddedMoment(root, await embeddedFolder(config, stack))
      : await openPostgresMoment(config, config.DATABASE_URL),
  );
  return {
    from: config.DATABASE_URL === undefined ? 'embedded' : 'postgres',
    moment,
    vectors: stack.use(await openVectorStore(config)),
    blobs: stack.use(await openBlobs(config, pino({ level: 'silent' }))),
    secret: config.DATABASE_URL === undefined ? await keptSecret(config) : undefined,
    secretCheck: secretCheckOf(config),
  };
}

/** Returns what two installations with the same secret have in common, and nothing else tells. */
export const secretCheckOf = (config: Config): string =>
  loadSecrets(config).derive('backup check').toString('base64url').slice(0, 16);

/** A copy of the database's folder: made here while the product is stopped, by the product while it runs. */
async function embeddedFolder({ dataDir }: Config, stack: AsyncDisposableStack): Promise<string> {
  const folder = path.join(dataDir, 'postgres');
  if (!existsSync(folder)) throw new CommandError(`${dataDir} holds no data: there is nothing to back up.`);
  try {
    stack.use(lockDirectory(dataDir));
  } catch (error) {
    if (!(error instanceof DirectoryInUseError)) throw error;
    return stack.use(await askSnapshot(dataDir)).folder;
  }
  const copy = snapshotFolder(dataDir, randomUUID());
  stack.defer(() => rm(copy, { recursive: true, force: true }));
  await cp(folder, copy, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return copy;
}

async function keptSecret({ JWT_SECRET, dataDir }: Config): Promise<Buffer | undefined> {
  return JWT_SECRET === undefined ? readFile(path.join(dataDir, 'secret')) : undefined;
}

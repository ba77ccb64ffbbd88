import { randomUUID } from 'node:crypto';
import type { Owner } from '../../contracts/owners.ts';
import type { SqlTransaction } from '../outbox/outbox.ts';
import { type BlobStore, readBlob } from './blob-store.ts';

/** The error of an installation that finds the claim of another one on the files. */
export class FilesOfAnother extends Error {
  override name = 'FilesOfAnother';
}

/** Time in which another installation on the same storage makes its claim, in ms: until then no file is removed. */
const NOTICE_MS = 7 * 24 * 3_600_000;

const markOf = (owner: Owner): string => `claims/${owner}`;

/**
 * Claims the files of an owner for this installation. Its database and the storage have one token, which changes each
 * time: a second installation, or a copy of the database that was made before the last change, does not have it. It
 * finds the claim of the other and leaves one that the other finds, so that neither removes files.
 *
 * @param isForced whether it is claimed whatever the storage says.
 * @returns whether files without a row may be removed: not in the first week.
 * @throws {FilesOfAnother} the storage has another claim.
 */
export async function claimFiles(
  client: Pick<SqlTransaction, '$queryRawUnsafe' | '$executeRawUnsafe'>,
  blobs: BlobStore,
  owner: Owner,
  isForced = false,
): Promise<{ readonly removesFrom: Date }> {
  const [known] = await client.$queryRawUnsafe<{ token: string; previous: string | null; claimedAt: Date }[]>(
    'SELECT token::text, previous::text, claimed_at AS "claimedAt" FROM file_claims WHERE owner = $1',
    owner,
  );
  const bytes = await readBlob(blobs, markOf(owner));
  const stored = bytes && new TextDecoder().decode(bytes);
  const isOurs = stored === undefined || (known && (stored === known.token || stored === known.previous));
  const next = randomUUID();
  const mark = () => blobs.put(markOf(owner), new TextEncoder().encode(next), { maxBytes: 100 });
  if (!isOurs && !isForced) {
    await mark();
    throw new FilesOfAnother(
      `The files of ${owner} are claimed by another installation, or by another copy of this database. Nothing was removed: give each storage of its own, by BLOBS_S3_PREFIX for instance. Where there is no other: sextant reindex --remove-files.`,
    );
  }
  await client.$executeRawUnsafe(
    `INSERT INTO file_claims (owner, token) VALUES ($1, $2::uuid)
     ON CONFLICT (owner) DO UPDATE SET previous = file_claims.token, token = EXCLUDED.token`,
    owner,
    next,
  );
  await mark();
  const since = known ? new Date(known.claimedAt).getTime() : Date.now();
  return { removesFrom: new Date(since + NOTICE_MS) };
}

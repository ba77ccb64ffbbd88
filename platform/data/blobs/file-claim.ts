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

/** Claims that the storage remembers, one a day and a start: of copies that old it is known whose they are. */
const REMEMBERED = 400;
const MARK_BYTES = 64 * REMEMBERED;

const markOf = (owner: Owner): string => `claims/${owner}`;

/** The claim that a database has: its token, and the one before, which the storage has until it has the new one. */
export interface FileClaim {
  readonly token: string;
  readonly previous: string | null;
}

/** Returns what is claimed in the storage, and was by the same installation, the last first; empty without a claim. */
async function storedClaims(blobs: BlobStore, owner: Owner): Promise<string[]> {
  const bytes = await readBlob(blobs, markOf(owner));
  return bytes ? new TextDecoder().decode(bytes).split('\n') : [];
}

const isOf = (known: FileClaim | undefined, stored: string): boolean =>
  stored === known?.token || stored === known?.previous;

/**
 * Returns whether the storage has files of an owner that may be those of another installation: their claim is not that
 * of the database. Nothing is changed.
 *
 * @param known the claim of the database; undefined where it has none.
 * @param isEmpty whether the database is new: files without any claim are not its own then.
 */
export async function hasFilesOfAnother(
  blobs: BlobStore,
  owner: Owner,
  known: FileClaim | undefined,
  isEmpty: boolean,
): Promise<boolean> {
  const [stored] = await storedClaims(blobs, owner);
  if (stored === undefined ? !isEmpty : isOf(known, stored)) return false;
  for await (const _ of blobs.list(`${owner}/`)) return true;
  return false;
}

/**
 * Returns whether the files of an owner in the storage are those of the installation that a backup is of: its claim is
 * one that the storage has or had; without a claim, whether the backup holds all of them.
 */
export async function areFilesOfBackup(
  blobs: BlobStore,
  owner: Owner,
  claim: FileClaim | undefined,
  files: ReadonlySet<string>,
): Promise<boolean> {
  const stored = await storedClaims(blobs, owner);
  if (stored.length > 0) return stored.some((token) => isOf(claim, token));
  for await (const { key } of blobs.list(`${owner}/`)) if (!files.has(key)) return false;
  return true;
}

/**
 * Claims the files of an owner for this installation. Its database and the storage have one token, which changes each
 * time: a second installation, or a copy of the database that was made before the last change, does not have it. It
 * finds the claim of the other and leaves one that the other finds, so that neither removes files.
 *
 * @param takes what is claimed: `own` files; `all`, since a person says that no other installation uses them; or all
 * because they were just `restored`. Unless those were its own, the week begins again: the installation that the
 * backup is of may live on, and makes its claim meanwhile.
 * @returns whether files without a row may be removed: not in the first week.
 * @throws {FilesOfAnother} the storage has another claim.
 */
export async function claimFiles(
  client: Pick<SqlTransaction, '$queryRawUnsafe'>,
  blobs: BlobStore,
  owner: Owner,
  takes: 'own' | 'all' | 'restored' = 'own',
): Promise<{ readonly removesFrom: Date }> {
  const [known] = await client.$queryRawUnsafe<FileClaim[]>(
    'SELECT token::text, previous::text FROM file_claims WHERE owner = $1',
    owner,
  );
  const claims = await storedClaims(blobs, owner);
  const [stored] = claims;
  const isOurs = stored === undefined || isOf(known, stored);
  const mark = (token: string, before: readonly string[]) => {
    const tokens = [token, ...before.filter((one) => one !== token)].slice(0, REMEMBERED);
    return blobs.put(markOf(owner), new TextEncoder().encode(tokens.join('\n')), { maxBytes: MARK_BYTES });
  };
  // The mark of the last time was not stored. With another token the database would forget the one that it finds here.
  if (known && stored !== undefined && stored !== known.token && isOurs) await mark(known.token, claims);
  const next = randomUUID();
  if (!isOurs && takes === 'own') {
    // Nothing of before: of copies it is no longer known which of the two they are of. A database that never had a
    // claim has no copies with one: what is remembered is the other's alone.
    await mark(next, known ? [] : claims);
    throw new FilesOfAnother(
      `The files of ${owner} are claimed by another installation, or by another copy of this database. Nothing was removed: give each storage of its own, by BLOBS_S3_PREFIX for instance. Where there is no other: sextant reindex --claim-files.`,
    );
  }
  const beginsAgain = takes === 'restored' && (stored === undefined || !isOurs);
  const [claimed] = await client.$queryRawUnsafe<{ claimedAt: Date }[]>(
    `INSERT INTO file_claims (owner, token) VALUES ($1, $2::uuid)
     ON CONFLICT (owner) DO UPDATE SET previous = file_claims.token, token = EXCLUDED.token,
       claimed_at = CASE WHEN $3::boolean THEN EXCLUDED.claimed_at ELSE file_claims.claimed_at END
     RETURNING claimed_at AS "claimedAt"`,
    owner,
    next,
    beginsAgain,
  );
  // An older copy of this installation has taken over; of another one nothing is remembered.
  const isSame = isOurs || claims.some((token) => isOf(known, token));
  await mark(next, [...(known ? [known.token] : []), ...(isSame ? claims : [])]);
  return { removesFrom: new Date(new Date(claimed!.claimedAt).getTime() + NOTICE_MS) };
}

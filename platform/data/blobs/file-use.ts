import { randomUUID } from 'node:crypto';
import type { Owner } from '../../contracts/owners.ts';
import type { SqlTransaction } from '../outbox/outbox.ts';
import type { BlobStore } from './blob-store.ts';

/** The error of an installation whose files another one uses just now. */
export class FilesInUse extends Error {
  override name = 'FilesInUse';
}

/** How often an installation gives a sign that it uses its files, in ms. */
export const SIGN_MS = 60_000;
/** An installation without a sign for so long is gone, in ms. */
const ALIVE_MS = 5 * SIGN_MS;
/** How long deletions wait after a sign of another installation was seen, in ms. Each process looks once a minute. */
const WITHHELD_MS = 3 * SIGN_MS;
/** Signs that a database remembers: a process that was held may store one late. */
const REMEMBERED = 3;
const MAX_BYTES = 1_000;

type Client = Pick<SqlTransaction, '$queryRawUnsafe'>;
const signOf = (owner: Owner): string => `uses/${owner}`;

/** The knowledge that a database has of the use of an owner's files: the signs of its processes, the last first. */
export interface FileUse {
  readonly signs: readonly string[];
  /** Whether one of its own processes gave a sign in the last minutes. */
  readonly isAlive: boolean;
}

const UNUSED: FileUse = { signs: [], isAlive: false };

/**
 * Returns for how many ms there was no sign of another installation that uses the files of an owner; undefined where
 * there is none, or it is gone.
 *
 * @param known the signs of the database, which are read behind that of the storage: a sign is in the database first.
 */
export async function usedByAnother(
  blobs: BlobStore,
  owner: Owner,
  known: () => Promise<readonly string[]>,
  signal?: AbortSignal,
): Promise<number | undefined> {
  return ageOfStrange(blobs, owner, await storedSign(blobs, owner, signal), await known());
}

/** Says which files another installation uses, and what to do. */
export const saysInUse = (owners: readonly Owner[], agoMs: number, flag: string): string =>
  `The files of ${owners.join(' and ')} in the storage are in use: another installation, or another copy of this database, gave a sign of life ${Math.round(agoMs / 1_000)} s ago. Nothing was changed, because each would delete what the other needs: give each a storage of its own, by BLOBS_S3_PREFIX for instance. Where the other is gone: wait until it has been silent for ${ALIVE_MS / 60_000} minutes, or ${flag}.`;

/**
 * Forgets who used the files of an owner: a person says that it is gone, or all its processes are kept out. By an empty
 * text, since there are storages that delete nothing.
 */
export async function forgetUse(blobs: BlobStore, owner: Owner): Promise<void> {
  await blobs.put(signOf(owner), new Uint8Array(), { maxBytes: MAX_BYTES });
}

/**
 * Forgets that another installation used the files of an owner: a person says that it is gone. This one counts as alive
 * from now on: where the other gives a sign all the same, its processes start, and delete nothing.
 */
export async function takeUse(client: Client, blobs: BlobStore, owner: Owner): Promise<void> {
  await client.$queryRawUnsafe(
    `INSERT INTO file_uses (owner, signs) VALUES ($1, ARRAY[$2::text])
     ON CONFLICT (owner) DO UPDATE SET signed_at = now(), other_at = NULL RETURNING owner`,
    owner,
    randomUUID(),
  );
  await forgetUse(blobs, owner);
}

/** Says that this installation is still at work on the files that it took, while none of its processes may serve. */
export async function keepUse(client: Client, owner: Owner): Promise<void> {
  await client.$queryRawUnsafe('UPDATE file_uses SET signed_at = now() WHERE owner = $1 RETURNING owner', owner);
}

/** Returns what the database knows of the use of an owner's files. */
export async function knownUse(client: Client, owner: Owner): Promise<FileUse> {
  const [row] = await client.$queryRawUnsafe<FileUse[]>(
    `SELECT signs, signed_at > now() - $2::int * interval '1 ms' AS "isAlive" FROM file_uses WHERE owner = $1`,
    owner,
    ALIVE_MS,
  );
  return row ?? UNUSED;
}

/**
 * Gives a sign that this installation uses the files of an owner, and looks for that of another one. A sign is a word
 * that the database knew first: a copy of the database, as a staging system has that is made of a backup, does not have
 * what came after it, so each of the two finds what is not its own. While one of the own signs before the last is
 * stored, none is made: a storage that can be read and takes no writes would make it strange, in as many minutes as are
 * remembered.
 *
 * @returns whether files must not be deleted: another installation was seen within minutes, by any process of this one.
 */
export async function giveSign(client: Client, blobs: BlobStore, owner: Owner): Promise<boolean> {
  const stored = await storedSign(blobs, owner);
  const { signs } = await knownUse(client, owner);
  const isStrange = (await ageOfStrange(blobs, owner, stored, signs)) !== undefined;
  const isLate = stored !== undefined && signs.indexOf(stored.sign) > 0;
  const [row] = await client.$queryRawUnsafe<{ signs: string[]; isWithheld: boolean }[]>(
    `INSERT INTO file_uses (owner, signs, other_at) VALUES ($1, ARRAY[$2::text], CASE WHEN $3::boolean THEN now() END)
     ON CONFLICT (owner) DO UPDATE SET
       signs = CASE WHEN file_uses.signed_at > now() - $4::int * interval '1 ms' OR $6::boolean THEN file_uses.signs
         ELSE (ARRAY[$2::text] || file_uses.signs)[1:${REMEMBERED}] END,
       signed_at = CASE WHEN file_uses.signed_at > now() - $4::int * interval '1 ms' THEN file_uses.signed_at
         ELSE now() END,
       other_at = CASE WHEN $3::boolean THEN now() ELSE file_uses.other_at END
     RETURNING signs, COALESCE(other_at > now() - $5::int * interval '1 ms', false) AS "isWithheld"`,
    owner,
    randomUUID(),
    isStrange,
    // Of several processes one gives it, and not each of them later than a minute.
    SIGN_MS * 0.75,
    WITHHELD_MS,
    isLate,
  );
  const { signs: own, isWithheld } = row!;
  if (stored?.sign !== own[0])
    await blobs.put(signOf(owner), new TextEncoder().encode(own[0]), { maxBytes: MAX_BYTES });
  return isWithheld;
}

interface StoredSign {
  readonly sign: string;
  readonly storedAt: number;
}

async function storedSign(blobs: BlobStore, owner: Owner, signal?: AbortSignal): Promise<StoredSign | undefined> {
  const blob = await blobs.get(signOf(owner), { signal });
  if (blob === undefined) return undefined;
  const sign = await new Response(blob.stream as BodyInit).text();
  return sign === '' ? undefined : { sign, storedAt: blob.modifiedAt.getTime() };
}

/** Returns the age of a sign that is not of this installation, in ms; undefined for its own and for an old one. */
async function ageOfStrange(
  blobs: BlobStore,
  owner: Owner,
  stored: StoredSign | undefined,
  known: readonly string[],
): Promise<number | undefined> {
  if (stored === undefined || known.includes(stored.sign)) return undefined;
  // By the clock of the storage: that of this machine may differ.
  const key = `${signOf(owner)}-looked-at`;
  await blobs.put(key, new Uint8Array(1), { maxBytes: MAX_BYTES });
  const looked = await blobs.head(key);
  const age = Math.max(0, (looked?.modifiedAt.getTime() ?? Date.now()) - stored.storedAt);
  return age < ALIVE_MS ? age : undefined;
}

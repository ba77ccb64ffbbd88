import { z } from 'zod';
import { OWNERS, type Owner } from '#platform/contracts/owners.ts';
import type { BlobStore } from '#platform/data/blobs/blob-store.ts';

/**
 * What lies in a backup, in this order. It is a compressed archive of `tar`, encrypted on request; rows and vectors are
 * lines of JSON, so that a person can read it with any tool.
 */
export const HEADER = 'sextant-backup.json';
/** The secret of an embedded installation. */
export const SECRET = 'secret';
/** `postgres/<owner>/owner.json`, then `postgres/<owner>/<table>/<number>.jsonl`. */
export const TABLES = 'postgres/';
export const OWNER_HEADER = 'owner.json';
/** `vectors/<number>.jsonl`: the archive of retrieval/vectors/archive.ts in parts. */
export const VECTORS = 'vectors/';
/** `files/<key>`. */
export const FILES = 'files/';
/** Counts everything before it, and has its checksum. */
export const MANIFEST = 'manifest.json';

export const FORMAT = 1;
/** Bytes of lines in one file of the archive, about. */
export const PART_BYTES = 4 * 1024 * 1024;

export const headerSchema = z.object({
  format: z.literal(FORMAT),
  product: z.string(),
  createdAt: z.string(),
  from: z.enum(['embedded', 'postgres']),
  /** Says whether another installation has the same secret, and nothing more of it. */
  secretCheck: z.string(),
});
export type BackupHeader = z.infer<typeof headerSchema>;

export const ownerSchema = z.object({
  migrations: z.array(z.string()),
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.object({ name: z.string(), type: z.string() })) })),
  sequences: z.array(z.object({ name: z.string(), value: z.string(), called: z.boolean() })),
});

export const manifestSchema = z.object({
  /** By `<owner>.<table>`. */
  rows: z.record(z.string(), z.number()),
  vectors: z.object({ spaces: z.number(), objects: z.number() }),
  files: z.object({ count: z.number(), bytes: z.number() }),
  /** Of the names, sizes and bytes of all files before. */
  sha256: z.string(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Returns the owner and the table that a file holds rows of; undefined for other files. */
export function tableOf(name: string) {
  const [, owner, table, part] = name.split('/');
  const known = OWNERS.find((one) => one === owner);
  return known === undefined || part === undefined || !name.startsWith(TABLES)
    ? undefined
    : { owner: known, table: table! };
}

/** Returns the owner whose header a file is; undefined for other files. */
export const ownerOf = (name: string) => OWNERS.find((owner) => name === `${TABLES}${owner}/${OWNER_HEADER}`);

/** Returns the name of a numbered part. */
export const partOf = (folder: string, number: number): string => `${folder}${String(number).padStart(6, '0')}.jsonl`;

/** Returns all rows of a manifest together. */
export const rowsOf = ({ rows }: Manifest): number => Object.values(rows).reduce((sum, count) => sum + count, 0);

/** Yields the files of the product: a bucket without a prefix may hold the objects of other programs. */
export async function* ownFiles(blobs: BlobStore, owners: readonly Owner[] = OWNERS): AsyncGenerator<string> {
  for (const owner of owners) for await (const { key } of blobs.list(`${owner}/`)) yield key;
}

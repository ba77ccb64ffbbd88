import { type BlobStore, readBlob } from '#platform/data/blobs/blob-store.ts';
import { folderOf } from './places.ts';

/** The pages of a document that are pictures, and what was read in them so far, by their number. */
export interface Recognised {
  readonly pages: readonly number[];
  readonly texts: Readonly<Record<number, string>>;
  /** Those of the pages that have a text of their own. */
  readonly stamped?: readonly number[];
}

/** Returns what a document is read with where its pictures cannot be; undefined where a page is a picture alone. */
export function withoutPictures({ pages, texts, stamped = [] }: Recognised): Recognised | undefined {
  const own = new Set(stamped);
  const known = pages.filter((page) => texts[page] !== undefined);
  if (pages.some((page) => texts[page] === undefined && !own.has(page))) return undefined;
  return { pages: known, texts };
}

const MAX_BYTES = 100 * 1024 ** 2;
const keyOf = (documentId: string): string => `${folderOf(documentId)}recognised`;

/** Returns what was read in the pictures of a document, or undefined where none was asked for. */
export async function readRecognised(
  blobs: BlobStore,
  documentId: string,
  signal?: AbortSignal,
): Promise<Recognised | undefined> {
  const bytes = await readBlob(blobs, keyOf(documentId), signal);
  if (bytes === undefined) return undefined;
  return (JSON.parse(Buffer.from(bytes).toString()) as Recognised | null) ?? undefined;
}

/** Stores what was read in the pictures of a document: a killed process goes on behind it. */
export async function storeRecognised(blobs: BlobStore, documentId: string, recognised: Recognised): Promise<void> {
  await blobs.put(keyOf(documentId), Buffer.from(JSON.stringify(recognised)), { maxBytes: MAX_BYTES });
}

/** Forgets it: the document is read from its beginning. Nothing is deleted, which a storage may refuse for now. */
export async function forgetRecognised(blobs: BlobStore, documentId: string): Promise<void> {
  const key = keyOf(documentId);
  if ((await blobs.head(key)) !== undefined) await blobs.put(key, Buffer.from('null'), { maxBytes: MAX_BYTES });
}

import { type BlobStore, readBlob } from '#platform/data/blobs/blob-store.ts';
import { folderOf } from './places.ts';

/** The pages of a document that are pictures, and what was read in them so far, by their number. */
export interface Recognised {
  readonly pages: readonly number[];
  readonly texts: Readonly<Record<number, string>>;
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
  return bytes && (JSON.parse(Buffer.from(bytes).toString()) as Recognised);
}

/** Stores what was read in the pictures of a document: a killed process goes on behind it. */
export async function storeRecognised(blobs: BlobStore, documentId: string, recognised: Recognised): Promise<void> {
  await blobs.put(keyOf(documentId), Buffer.from(JSON.stringify(recognised)), { maxBytes: MAX_BYTES });
}

/** Forgets it: the document is read from its beginning. */
export const forgetRecognised = (blobs: BlobStore, documentId: string): Promise<boolean> =>
  blobs.delete(keyOf(documentId));

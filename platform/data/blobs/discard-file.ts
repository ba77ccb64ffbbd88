import { isOutage } from '../../base/errors/outage.ts';
import type { BlobStore } from './blob-store.ts';

/**
 * Deletes a file that no row names: its row was not written, or it is stored under another key by now. Where the
 * database was away meanwhile, the row may be there all the same: its commit was not answered. Then the file stays, as
 * it does where it cannot be deleted; the comparison of files with rows removes what has no row. Never rejects, so that
 * the caller tells why there is no row.
 *
 * @param failure of the transaction; undefined where it was committed, and did not take the file.
 */
export async function discardFile(blobs: BlobStore, key: string, failure?: unknown): Promise<void> {
  if (isOutage(failure)) return;
  await blobs.delete(key).catch(() => {});
}

import { OWN_UUID } from '#platform/base/uuid.ts';
import type { FileRows } from '#platform/data/blobs/compare-files.ts';
import type { Database } from '../parts.ts';
import { FOLDER, textBlobOf } from './places.ts';

/** Returns which files of documents belong to no row, and which ones the rows need. */
export const documentFiles = (db: Database): FileRows => ({
  prefix: FOLDER,
  async strangers(keys) {
    const ids = [...new Set(keys.map(documentOf).filter((id) => id !== undefined))];
    const found = await db.document.findMany({ where: { id: { in: ids } }, select: { id: true, original: true } });
    const originals = new Map(found.map(({ id, original }) => [id, original]));
    return keys.filter((key) => {
      const id = documentOf(key);
      if (id === undefined) return false;
      const original = originals.get(id);
      // An upload may have come second, or its process was killed before the row heard of it.
      return original === undefined || (isUpload(key) && original !== null && original !== key);
    });
  },
  async needed(after, take) {
    const found = await db.document.findMany({
      where: { original: { not: null }, ...(after !== undefined && { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take,
      select: { id: true, original: true, status: true },
    });
    return {
      keys: found.flatMap(({ id, original, status }) => [original!, ...(status === 'READY' ? [textBlobOf(id)] : [])]),
      next: found.length === take ? found.at(-1)!.id : undefined,
    };
  },
});

/** Returns the document whose folder a key lies in; undefined for a key of another form. */
function documentOf(key: string): string | undefined {
  const [id = '', ...names] = key.slice(FOLDER.length).split('/');
  return names.length > 0 && OWN_UUID.test(id) ? id : undefined;
}

const isUpload = (key: string): boolean => key.split('/').at(-1)!.startsWith('incoming-');

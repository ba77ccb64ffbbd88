import { OWN_UUID } from '#platform/base/uuid.ts';
import type { FileRows } from '#platform/data/blobs/compare-files.ts';
import type { PrismaClient } from '#prisma/vision/client/client.ts';
import { FOLDER, originalOf, pictureOf } from './images.ts';

/** Returns which files of pictures belong to no row, and which ones the rows need. */
export const imageFiles = (db: PrismaClient): FileRows => ({
  prefix: FOLDER,
  async strangers(keys) {
    const ids = [...new Set(keys.map(imageOf).filter((id) => id !== undefined))];
    const found = await db.image.findMany({ where: { id: { in: ids } }, select: { id: true, status: true } });
    const states = new Map(found.map(({ id, status }) => [id, status]));
    return keys.filter((key) => {
      const id = imageOf(key);
      if (id === undefined) return false;
      const status = states.get(id);
      // The upload that became the picture is deleted before it is ready: what is left came second.
      return status === undefined || (status === 'READY' && key.startsWith(`${FOLDER}${id}/uploads/`));
    });
  },
  async needed(after, take) {
    const found = await db.image.findMany({
      where: { status: 'READY', ...(after !== undefined && { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take,
      select: { id: true, contentType: true },
    });
    return {
      keys: found.flatMap((image) => [...new Set([originalOf(image.id), pictureOf(image)])]),
      next: found.length === take ? found.at(-1)!.id : undefined,
    };
  },
});

/** Returns the picture whose folder a key lies in; undefined for a key of another form. */
function imageOf(key: string): string | undefined {
  const [id = '', ...names] = key.slice(FOLDER.length).split('/');
  return names.length > 0 && OWN_UUID.test(id) ? id : undefined;
}

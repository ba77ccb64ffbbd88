import DataLoader from 'dataloader';
import type { RequestContext } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { DescriptionRow } from './descriptions.ts';
import type { ImageRow } from './images/images.ts';
import type { ReadPage } from './ocr/recognise.ts';
import type { VisionParts } from './parts.ts';

export interface Loaders {
  readonly images: DataLoader<string, ImageRow | null>;
  readonly descriptions: DataLoader<string, DescriptionRow[]>;
  /** The pages whose text was read, by the picture's id. */
  readonly pages: DataLoader<string, NumberedPage[]>;
}

export type NumberedPage = ReadPage & { readonly number: number };

/** Creates the loaders of one operation. */
export function createLoaders({ db, images }: VisionParts, { identity }: RequestContext): Loaders {
  return {
    images: new DataLoader(async (ids) => {
      const rows = await images.byIds(requireScope(identity, 'vision:read').userId, ids);
      return ids.map((id) => rows.get(id) ?? null);
    }),
    descriptions: new DataLoader(async (ids) => {
      const rows = await db.imageDescription.findMany({
        where: { imageId: { in: [...ids] } },
        orderBy: { id: 'desc' },
      });
      const byImage = Map.groupBy(rows, (row) => row.imageId);
      return ids.map((id) => byImage.get(id) ?? []);
    }),
    pages: new DataLoader(async (ids) => {
      const rows = await db.imagePage.findMany({ where: { imageId: { in: [...ids] } }, orderBy: { number: 'asc' } });
      const byImage = Map.groupBy(rows, (row) => row.imageId);
      return ids.map((id) =>
        (byImage.get(id) ?? []).map(({ number, read }) => ({ ...(read as unknown as ReadPage), number })),
      );
    }),
  };
}

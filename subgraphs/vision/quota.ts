import type { Config } from '#platform/base/config/config.ts';
import { checkQuota, holdToQuotas, type Quota, type QuotaUse, quotaUse } from '#platform/data/quotas.ts';
import type { Prisma, PrismaClient } from '#prisma/vision/client/client.ts';

type Reader = Pick<PrismaClient, 'image'>;

/** The quotas of one user: pictures and their bytes. An upload takes its declared size from its begin on. */
export class ImageQuotas {
  readonly #images: Quota;
  readonly #bytes: Quota;

  constructor(config: Pick<Config, 'QUOTA_IMAGES' | 'QUOTA_IMAGE_BYTES'>) {
    const remedy = 'delete some with deleteImage';
    this.#images = { name: 'IMAGES', limit: config.QUOTA_IMAGES, things: 'images', remedy };
    this.#bytes = { name: 'IMAGE_BYTES', limit: config.QUOTA_IMAGE_BYTES, things: 'bytes of images', remedy };
  }

  /** Holds a user to both in the transaction that adds a picture, or its bytes. @throws {CodedError} QUOTA_EXCEEDED. */
  hold(tx: Prisma.TransactionClient, ownerId: string, adding: { images: number; bytes: number }): Promise<void> {
    return holdToQuotas(tx, ownerId, [
      { quota: this.#images, adding: adding.images, used: () => countOf(tx, ownerId) },
      { quota: this.#bytes, adding: adding.bytes, used: () => bytesOf(tx, ownerId) },
    ]);
  }

  /** Looks whether there is room, before something is paid for. @throws {CodedError} QUOTA_EXCEEDED. */
  async check(db: Reader, ownerId: string, images: number): Promise<void> {
    checkQuota(this.#images, await countOf(db, ownerId), images);
    checkQuota(this.#bytes, await bytesOf(db, ownerId), images);
  }

  async use(db: Reader, ownerId: string): Promise<QuotaUse[]> {
    return [quotaUse(this.#images, await countOf(db, ownerId)), quotaUse(this.#bytes, await bytesOf(db, ownerId))];
  }
}

const countOf = (db: Reader, ownerId: string): Promise<number> => db.image.count({ where: { ownerId } });

const bytesOf = async (db: Reader, ownerId: string): Promise<number> =>
  Number((await db.image.aggregate({ where: { ownerId }, _sum: { byteSize: true } }))._sum.byteSize ?? 0);

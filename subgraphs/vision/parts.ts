import type { HeavyWork } from '#platform/base/thread/heavy-work.ts';
import type { BlobStore } from '#platform/data/blobs/blob-store.ts';
import type { UrlSigner } from '#platform/identity/signed-urls/url-signer.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import type { PrismaClient } from '#prisma/vision/client/client.ts';
import type { Pictures } from './descriptions.ts';
import type { Gallery } from './images/gallery.ts';
import type { Images } from './images/images.ts';
import type { ImageQuotas } from './quota.ts';

/** The parts that vision works with. */
export interface VisionParts {
  readonly db: PrismaClient;
  readonly images: Images;
  readonly quotas: ImageQuotas;
  readonly gallery: Gallery;
  readonly pictures: Pictures;
  readonly urls: UrlSigner;
  readonly blobs: BlobStore;
  readonly topics: Topics;
  readonly heavy: HeavyWork;
}

import { setTimeout as sleep } from 'node:timers/promises';
import DataLoader from 'dataloader';
import { forbidden } from '#platform/base/errors/errors.ts';
import type { RequestContext, ResolverMap } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { SignedUrl, UrlSigner } from '#platform/identity/signed-urls/url-signer.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import type { PrismaClient } from '#prisma/vision/client/client.ts';
import type { Analysis } from './analysis.ts';
import type { DescriptionRow, Pictures } from './descriptions.ts';
import type { Gallery } from './gallery.ts';
import { type ImageRow, type Images, topicOf } from './images.ts';
import type { ReadText } from './ocr/recognise.ts';
import type { ImageQuotas } from './quota.ts';
import { linkTo, type VariantRequest } from './variants.ts';

interface Loaders {
  readonly images: DataLoader<string, ImageRow | null>;
  readonly descriptions: DataLoader<string, DescriptionRow[]>;
}
type Context = RequestContext<Loaders>;

export interface VisionParts {
  readonly db: PrismaClient;
  readonly images: Images;
  readonly quotas: ImageQuotas;
  readonly gallery: Gallery;
  readonly pictures: Pictures;
  readonly urls: UrlSigner;
  readonly topics: Topics;
}

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
  };
}

const readerId = ({ identity }: Context): string => requireScope(identity, 'vision:read').userId;
const writer = ({ identity }: Context) => requireScope(identity, 'vision:write');
const callOf = (context: Context) => ({
  identity: writer(context),
  signal: context.signal,
  requestId: context.requestId,
});

/** Creates the resolvers: GraphQL to domain. */
export function createResolvers(parts: VisionParts): ResolverMap {
  const { images, gallery, pictures, urls } = parts;
  return {
    Query: {
      image: (_: unknown, { id }: { id: string }, context: Context) => images.get(readerId(context), id),
      images: (_: unknown, args: { first: number; after?: string | null; search?: string | null }, context: Context) =>
        gallery.list(readerId(context), args),
      similarImages: (_: unknown, args: { id: string; first: number; maxDistance: number }, context: Context) =>
        gallery.similar(readerId(context), args.id, args.first, args.maxDistance),
    },
    Mutation: {
      createImageUpload: async (
        _: unknown,
        { input }: { input: { fileName: string; contentType: string; size: number; recognizeText: boolean } },
        context: Context,
      ) => {
        const { image, upload } = await images.beginUpload(writer(context).userId, input);
        return { image, upload: signedUpload(upload, input.size) };
      },
      recognizeText: async (_: unknown, { input }: { input: { id: string; again: boolean } }, context: Context) => ({
        image: await images.requestText(writer(context).userId, input.id, input.again),
      }),
      describeImage: (
        _: unknown,
        { input }: { input: { id: string; question?: string | null; model?: string | null } },
        context: Context,
      ) => pictures.describe(input, callOf(context)),
      generateImages: async (
        _: unknown,
        { input }: { input: { prompt: string; count: number; size?: string | null; model?: string | null } },
        context: Context,
      ) => ({ images: await pictures.generate(input, callOf(context)) }),
      deleteImage: async (_: unknown, { input }: { input: { id: string } }, context: Context) => {
        await images.delete(writer(context).userId, input.id);
        return { deletedId: input.id };
      },
    },
    Subscription: {
      imageProgress: {
        subscribe: (_: unknown, { id }: { id: string }, context: Context) =>
          watch(parts, readerId(context), id, context.signal),
        resolve: (image: ImageRow) => image,
      },
    },
    User: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      imageQuotas: ({ id }: { id: string }, _: unknown, context: Context) => {
        if (readerId(context) !== id) throw forbidden('Only the user may read this.');
        return parts.quotas.use(parts.db, id);
      },
    },
    Image: {
      byteSize: ({ status, byteSize }: ImageRow) => (status === 'AWAITING_UPLOAD' ? null : byteSize),
      __resolveReference: ({ id }: { id: string }, { loaders }: Context) => loaders.images.load(id),
      owner: (image: ImageRow) => ({ __typename: 'User', id: image.ownerId }),
      ocr: (image: ImageRow) =>
        image.ocrStatus && {
          language: 'eng',
          text: '',
          confidence: 0,
          rotation: 0,
          lines: [],
          ...(image.ocr as unknown as ReadText | null),
          status: image.ocrStatus,
          problem: image.ocrProblem,
        },
      descriptions: (image: ImageRow, _: unknown, { loaders }: Context) => loaders.descriptions.load(image.id),
      url: (image: ImageRow, args: VariantRequest) => (image.status === 'READY' ? linkTo(urls, image, args) : null),
    },
    ImageAnalysis: {
      exif: ({ exif, location }: Analysis, { includeLocation }: { includeLocation: boolean }) =>
        includeLocation && location ? { ...exif, location } : exif,
    },
  };
}

const signedUpload = ({ url, headers, expiresAt }: SignedUrl, maxBytes: number) => ({
  url,
  method: 'PUT',
  headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
  maxBytes,
  expiresAt,
});

const isSettled = (image: ImageRow): boolean =>
  image.status === 'REFUSED' || (image.status === 'READY' && image.ocrStatus !== 'RUNNING');

/** A message of a topic may get lost, as when Redis restarts: a watcher looks by itself this often, in milliseconds. */
const LOOK_AGAIN_MS = 5_000;

/** The picture as it is, then at each change; ends when nothing more will change by itself. */
async function* watch(
  { images, topics }: VisionParts,
  ownerId: string,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<ImageRow> {
  const changed = topics.events(topicOf(id), { signal })[Symbol.asyncIterator]();
  try {
    // Listening begins before the first look, so that nothing falls between them.
    let next = changed.next();
    let shown: string | undefined;
    for (let image: ImageRow | null = await images.require(ownerId, id); image; image = await images.get(ownerId, id)) {
      const state = [image.status, image.ocrStatus, image.ocrProblem].join();
      if (state !== shown) yield image;
      shown = state;
      if (isSettled(image)) return;
      const woken = await Promise.race([next, sleep(LOOK_AGAIN_MS, undefined, { ref: false })]);
      if (woken?.done) return;
      if (woken) next = changed.next();
    }
  } finally {
    await changed.return?.();
  }
}

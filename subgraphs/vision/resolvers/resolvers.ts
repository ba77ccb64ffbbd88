import { forbidden } from '#platform/base/errors/errors.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { SignedUrl } from '#platform/identity/signed-urls/url-signer.ts';
import type { Analysis } from '../analysis/analysis.ts';
import { shownExif } from '../analysis/exif.ts';
import { type ImageRow, pageCount } from '../images/images.ts';
import { linkTo, type VariantRequest } from '../images/variants.ts';
import type { NumberedPage } from '../loaders.ts';
import type { VisionParts } from '../parts.ts';
import { followImage } from '../progress.ts';
import type { Context } from './context.ts';

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
        {
          input,
        }: {
          input: { fileName: string; contentType: string; size: number; recognizeText: boolean; forDocument: boolean };
        },
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
          followImage(parts, readerId(context), id, context.signal),
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
      ocr: (image: ImageRow) => image.ocrStatus && { image, status: image.ocrStatus, problem: image.ocrProblem },
      descriptions: (image: ImageRow, _: unknown, { loaders }: Context) => loaders.descriptions.load(image.id),
      url: (image: ImageRow, args: VariantRequest) => (image.status === 'READY' ? linkTo(urls, image, args) : null),
    },
    ImageConnection: COUNTED,
    ImageText: {
      pages: ({ image }: TextOf, _: unknown, { loaders }: Context) => loaders.pages.load(image.id),
      pageCount: ({ image }: TextOf) => pageCount(image),
      pagesRead: ({ image }: TextOf) => image.pagesRead,
      ...ofPages({
        language: (pages) => pages[0]?.language ?? 'eng',
        text: (pages) => pages.map((page) => page.text).join('\n\n'),
        confidence: meanOfPages,
        rotation: (pages) => pages[0]?.rotation ?? 0,
        lines: (pages) => pages.flatMap(({ number, lines }) => lines.map((line) => ({ ...line, page: number }))),
      }),
    },
    ImageTextPage: {
      lines: ({ number, lines }: NumberedPage) => lines.map((line) => ({ ...line, page: number })),
    },
    ImageAnalysis: {
      exif: (analysis: Analysis, args: { includeLocation: boolean; includePersonal: boolean }) =>
        shownExif(analysis, args),
    },
  };
}

interface TextOf {
  readonly image: ImageRow;
}

/** Fields of a text that follow from its pages, which are loaded when one of them is asked for. */
const ofPages = (fields: Record<string, (pages: readonly NumberedPage[]) => unknown>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, of]) => [
      name,
      async ({ image }: TextOf, _: unknown, { loaders }: Context) => of(await loaders.pages.load(image.id)),
    ]),
  );

const meanOfPages = (pages: readonly NumberedPage[]): number => {
  const letters = pages.reduce((sum, { text }) => sum + text.length, 0);
  return letters === 0 ? 0 : pages.reduce((sum, { text, confidence }) => sum + text.length * confidence, 0) / letters;
};

const signedUpload = ({ url, headers, expiresAt }: SignedUrl, maxBytes: number) => ({
  url,
  method: 'PUT',
  headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
  maxBytes,
  expiresAt,
});

import { v7 as uuid } from 'uuid';
import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';
import type { BlobStore } from '#platform/data/blobs/blob-store.ts';
import { discardFile } from '#platform/data/blobs/discard-file.ts';
import type { Jobs } from '#platform/data/jobs/jobs.ts';
import { receiveUpload } from '#platform/identity/signed-urls/receive-upload.ts';
import type { SignedUrl, UrlSigner } from '#platform/identity/signed-urls/url-signer.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import type { Prisma, PrismaClient } from '#prisma/vision/client/client.ts';
import type { AnalysedImage, Analysis } from '../analysis/analysis.ts';
import { ACCEPTED_TYPES, declaredType, HEIC, MEDIA_TYPES } from '../formats/media-types.ts';
import type { ImageQuotas } from '../quota.ts';

export type ImageRow = Prisma.ImageGetPayload<object>;

export interface ImageParts {
  readonly db: PrismaClient;
  readonly blobs: BlobStore;
  readonly urls: UrlSigner;
  readonly topics: Topics;
  readonly quotas: ImageQuotas;
  readonly jobs: Jobs<Prisma.TransactionClient>;
  /** Reads texts. */
  readonly slowJobs: Jobs<Prisma.TransactionClient>;
}

export const MAX_BYTES = 25 * 1024 * 1024;
const UPLOAD_LIFE_S = 3600;
/** How long it can be read why a picture was refused. */
const REFUSED_LIFE_S = 7 * 86_400;
/** Pages of documents are deleted by who uploads them; those of a killed process are forgotten. */
const DOCUMENT_LIFE_S = 86_400;
const DELETED_A_JOB = 500;

/** The folder of the blobs of all pictures. */
export const FOLDER = 'vision/';
/** Returns the folder of a picture's blobs. */
export const folderOf = (id: string): string => `${FOLDER}${id}/`;
/**
 * Returns where the bytes of one attempt at an upload wait until they are taken: two attempts never write to one place.
 */
export const uploadOf = (id: string, attempt: string): string => `${folderOf(id)}uploads/${attempt}`;
/** Returns the key of a picture as it was uploaded. */
export const originalOf = (id: string): string => `${folderOf(id)}original`;
/** Returns the key of a picture whose format few programs show, in one that all do. */
export const convertedOf = (id: string): string => `${folderOf(id)}converted`;
/** Returns the key of the bytes that variants and readers begin with. */
export const pictureOf = ({ id, contentType }: Pick<ImageRow, 'id' | 'contentType'>): string =>
  contentType === HEIC ? convertedOf(id) : originalOf(id);
/** Returns how many pages with text of their own a picture has; frames of an animation are none. */
export const pageCount = ({ contentType, analysis }: Pick<ImageRow, 'contentType' | 'analysis'>): number =>
  contentType === MEDIA_TYPES['tiff'] ? ((analysis as unknown as Analysis | null)?.frames ?? 1) : 1;
/** Returns the folder of a picture's variants. */
export const variantsOf = (id: string): string => `${folderOf(id)}variants/`;
/** Returns the topic on which changes of a picture are told. */
export const topicOf = (id: string): string => `image:${id}`;

/** The pictures of all users: each is its owner's alone. */
export class Images {
  readonly #parts: ImageParts;

  constructor(parts: ImageParts) {
    this.#parts = parts;
  }

  /** A picture of the owner; another user's reads as one that does not exist. */
  async get(ownerId: string, id: string): Promise<ImageRow | null> {
    return isUuid(id) ? this.#parts.db.image.findFirst({ where: { id, ownerId } }) : null;
  }

  async require(ownerId: string, id: string): Promise<ImageRow> {
    const image = await this.get(ownerId, id);
    if (image === null) throw notFound('The image');
    return image;
  }

  /** A picture that can be used. @throws {CodedError} NOT_FOUND; CONFLICT while it cannot, saying why. */
  async requireReady(ownerId: string, id: string): Promise<ImageRow> {
    const image = await this.require(ownerId, id);
    if (image.status === 'READY') return image;
    if (image.status === 'ANALYSING') throw new CodedError('CONFLICT', 'The image is still being analysed.');
    throw unusable(image);
  }

  async byIds(ownerId: string, ids: readonly string[]): Promise<Map<string, ImageRow>> {
    const rows = await this.#parts.db.image.findMany({
      where: { ownerId, id: { in: ids.filter(isUuid) } },
    });
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Begins an upload. @throws {CodedError} BAD_USER_INPUT, PAYLOAD_TOO_LARGE, QUOTA_EXCEEDED. */
  async beginUpload(
    ownerId: string,
    input: { fileName: string; contentType: string; size: number; recognizeText: boolean; forDocument: boolean },
  ): Promise<{ image: ImageRow; upload: SignedUrl }> {
    const fileName = input.fileName.trim();
    if (/\p{Cc}/u.test(fileName)) throw badInput('input.fileName', 'holds a control character.');
    if (fileName === '' || fileName.length > 255)
      throw badInput('input.fileName', `has ${fileName.length} characters; 1 to 255 are possible.`);
    const contentType = declaredType(input.contentType);
    if (contentType === undefined)
      throw badInput('input.contentType', `is ${input.contentType}; accepted are ${ACCEPTED_TYPES.join(', ')}.`);
    if (input.size < 1) throw badInput('input.size', 'is less than 1 byte.');
    if (input.size > MAX_BYTES)
      throw new CodedError(
        'PAYLOAD_TOO_LARGE',
        `input.size is ${input.size} bytes; at most ${MAX_BYTES} are accepted.`,
        { argument: 'input.size' },
      );
    const image = await this.#parts.db.$transaction(async (tx) => {
      await this.#parts.quotas.hold(tx, ownerId, { images: 1, bytes: input.size });
      return tx.image.create({
        data: {
          id: uuid(),
          ownerId,
          status: 'AWAITING_UPLOAD',
          source: input.forDocument ? 'DOCUMENT' : 'UPLOAD',
          fileName,
          contentType,
          byteSize: input.size,
          readOnArrival: input.recognizeText,
        },
      });
    });
    const upload = this.#parts.urls.sign({
      subgraph: 'vision',
      method: 'PUT',
      path: `/uploads/${image.id}`,
      expiresInS: UPLOAD_LIFE_S,
      maxBytes: input.size,
      contentType,
    });
    return { image, upload };
  }

  /** Takes the bytes of an upload. Of several to the same link the first that is complete is taken. */
  async receive(id: string, request: Request): Promise<void> {
    const grant = this.#parts.urls.verify('vision', request);
    const image = await this.#parts.db.image.findUnique({ where: { id } });
    if (image === null) throw notFound('The image');
    if (image.status !== 'AWAITING_UPLOAD') throw alreadyUploaded();
    const key = uploadOf(id, uuid());
    const stored = await receiveUpload(request, grant, this.#parts.blobs, key);
    await this.#arrived(image.id, key, stored.size);
  }

  /** Looks whether a user has room for pictures, before they are paid for. @throws {CodedError} QUOTA_EXCEEDED. */
  checkRoom(ownerId: string, images: number): Promise<void> {
    return this.#parts.quotas.check(this.#parts.db, ownerId, images);
  }

  /** Keeps a picture that a model made, as if it had been uploaded. @throws {CodedError} QUOTA_EXCEEDED. */
  async keepGenerated(
    ownerId: string,
    prompt: string,
    bytes: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<ImageRow> {
    const id = uuid();
    await this.#parts.db.$transaction(async (tx) => {
      await this.#parts.quotas.hold(tx, ownerId, { images: 1, bytes: 0 });
      await tx.image.create({
        data: {
          id,
          ownerId,
          status: 'AWAITING_UPLOAD',
          source: 'GENERATION',
          fileName: `generated-${id.slice(-8)}`,
          contentType: 'image/png',
          prompt,
        },
      });
    });
    const key = uploadOf(id, uuid());
    const stored = await this.#parts.blobs.put(key, bytes, { maxBytes: MAX_BYTES });
    return this.#arrived(id, key, stored.size, ownerId);
  }

  /**
   * Asks for the text of a picture to be read; nothing is done twice unless it is asked for again. A picture that is
   * still being analysed is read when that is over.
   */
  async requestText(ownerId: string, id: string, again: boolean): Promise<ImageRow> {
    const image = await this.require(ownerId, id);
    if (image.ocrStatus === 'RUNNING' || (image.ocrStatus === 'DONE' && !again)) return image;
    if (image.status !== 'READY' && image.status !== 'ANALYSING') throw unusable(image);
    const { db, slowJobs } = this.#parts;
    const updated = await db.$transaction(async (tx) => {
      const data = { ocrStatus: 'RUNNING', ocrProblem: null, readOnArrival: true, pagesRead: 0 };
      // Locks the row: the end of the analysis either sees the wish or has been seen here.
      const { count } = await tx.image.updateMany({ where: { id, ownerId }, data });
      if (count === 0) throw notFound('The image');
      const now = await tx.image.findUniqueOrThrow({ where: { id } });
      if (now.status === 'REFUSED') throw unusable(now);
      await tx.imagePage.deleteMany({ where: { imageId: id } });
      if (now.status === 'READY')
        await slowJobs.enqueue(tx, 'read-text', { imageId: id }, { key: id, userId: ownerId });
      return now;
    });
    await this.announce(id);
    return updated;
  }

  /** Deletes a picture; its bytes follow, whatever happens to this process. */
  async delete(ownerId: string, id: string): Promise<void> {
    const { db } = this.#parts;
    const count = isUuid(id) ? await db.$transaction((tx) => this.deleteWhere(tx, { id, ownerId })) : 0;
    if (count === 0) throw notFound('The image');
    await this.announce(id);
  }

  /**
   * Deletes pictures in a running transaction, and has their bytes deleted once it has committed. @returns how many.
   */
  async deleteWhere(tx: Prisma.TransactionClient, where: Prisma.ImageWhereInput): Promise<number> {
    const gone = await tx.image.findMany({ where, select: { id: true } });
    for (let i = 0; i < gone.length; i += DELETED_A_JOB) {
      const ids = gone.slice(i, i + DELETED_A_JOB).map(({ id }) => id);
      await tx.image.deleteMany({ where: { id: { in: ids } } });
      await this.#parts.jobs.enqueue(tx, 'delete-bytes', { imageIds: ids });
    }
    return gone.length;
  }

  /**
   * Deletes pictures whose upload was begun and never came, when the link has ended long ago, and those that were
   * refused, a week later, and pages of documents, a day later. What of their bytes had arrived goes with them.
   */
  async forgetAbandoned(): Promise<number> {
    const before = (seconds: number) => ({ lt: new Date(Date.now() - seconds * 1000) });
    const where = {
      OR: [
        { status: 'AWAITING_UPLOAD', createdAt: before(2 * UPLOAD_LIFE_S) },
        { status: 'REFUSED', createdAt: before(REFUSED_LIFE_S) },
        { source: 'DOCUMENT', createdAt: before(DOCUMENT_LIFE_S) },
      ],
    };
    return this.#parts.db.$transaction((tx) => this.deleteWhere(tx, where));
  }

  /** Tells watchers, in every process, to look again. */
  announce(id: string): Promise<void> {
    return this.#parts.topics.publish(topicOf(id), null);
  }

  /**
   * The bytes are here: takes them, unless others came first or the picture is gone.
   *
   * @param unreserved the owner, where the size was not known when the picture was begun.
   */
  async #arrived(id: string, upload: string, byteSize: number, unreserved?: string): Promise<ImageRow> {
    const { db, jobs, blobs } = this.#parts;
    const taken = db.$transaction(async (tx) => {
      if (unreserved !== undefined) await this.#parts.quotas.hold(tx, unreserved, { images: 0, bytes: byteSize });
      const { count } = await tx.image.updateMany({
        where: { id, status: 'AWAITING_UPLOAD' },
        data: { status: 'ANALYSING', byteSize },
      });
      if (count === 0) return undefined;
      const row = await tx.image.findUniqueOrThrow({ where: { id } });
      await jobs.enqueue(tx, 'analyse', { imageId: id, upload }, { key: id, userId: row.ownerId });
      return row.readOnArrival ? tx.image.update({ where: { id }, data: { ocrStatus: 'RUNNING' } }) : row;
    });
    const image = await taken.catch(async (error: unknown) => {
      await discardFile(blobs, upload, error);
      throw error;
    });
    if (image === undefined) {
      await discardFile(blobs, upload);
      throw alreadyUploaded();
    }
    await this.announce(id);
    return image;
  }
}

const alreadyUploaded = (): CodedError => new CodedError('CONFLICT', 'This image has been uploaded already.');

const unusable = ({ status, problem }: ImageRow): CodedError =>
  new CodedError(
    'CONFLICT',
    status === 'REFUSED' ? `The image cannot be used: ${problem}` : 'The image has not been uploaded yet.',
  );

/** Returns what the row gets when a picture has been analysed. */
export const analysedData = ({ contentType, width, height, analysis }: AnalysedImage): Prisma.ImageUpdateInput => ({
  status: 'READY',
  contentType,
  width,
  height,
  analysis: JSON.parse(JSON.stringify(analysis)) as Prisma.InputJsonValue,
  hash: BigInt.asIntN(64, BigInt(`0x${analysis.perceptualHash}`)),
});

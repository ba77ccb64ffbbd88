import { validate as isUuid, v7 as uuid } from 'uuid';
import type { BlobStore } from '#platform/blobs/blob-store.ts';
import { badInput, CodedError, notFound } from '#platform/errors/errors.ts';
import type { Jobs } from '#platform/jobs/jobs.ts';
import { receiveUpload } from '#platform/signed-urls/receive-upload.ts';
import type { SignedUrl, UrlSigner } from '#platform/signed-urls/url-signer.ts';
import type { Topics } from '#platform/topics/topics.ts';
import type { Prisma, PrismaClient } from '#prisma/vision/client/client.ts';
import { type AnalysedImage, MEDIA_TYPES } from './analysis.ts';
import { hashDistance } from './perceptual-hash.ts';

export type ImageRow = Prisma.ImageGetPayload<object>;

export interface ImagePage {
  readonly edges: { cursor: string; node: ImageRow }[];
  readonly nodes: ImageRow[];
  readonly pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

export interface ImageParts {
  readonly db: PrismaClient;
  readonly blobs: BlobStore;
  readonly urls: UrlSigner;
  readonly topics: Topics;
  readonly jobs: Jobs<Prisma.TransactionClient>;
}

export const MOST_BYTES = 25 * 1024 * 1024;
const UPLOAD_LIFE_S = 3600;
/** How many of an owner's latest images are compared with one: each costs a few hundred nanoseconds. */
const MOST_COMPARED = 50_000;

const folderOf = (id: string): string => `vision/${id}/`;
export const originalOf = (id: string): string => `${folderOf(id)}original`;
export const variantsOf = (id: string): string => `${folderOf(id)}variants/`;
export const topicOf = (id: string): string => `image:${id}`;

/** The pictures of all users: each is its owner's alone. */
export class Images {
  readonly #parts: ImageParts;

  constructor(parts: ImageParts) {
    this.#parts = parts;
  }

  /** A picture of the owner; somebody else's reads as one that does not exist. */
  async get(ownerId: string, id: string): Promise<ImageRow | null> {
    return isUuid(id) ? this.#parts.db.image.findFirst({ where: { id, ownerId } }) : null;
  }

  async require(ownerId: string, id: string): Promise<ImageRow> {
    const image = await this.get(ownerId, id);
    if (image === null) throw notFound('The image');
    return image;
  }

  /** A picture that has arrived, with its bytes. @throws {CodedError} NOT_FOUND, CONFLICT while it has not. */
  async requireReady(ownerId: string, id: string): Promise<ImageRow> {
    const image = await this.require(ownerId, id);
    if (image.status === 'AWAITING_UPLOAD') throw new CodedError('CONFLICT', 'The image has not been uploaded yet.');
    if (image.status === 'REFUSED') throw new CodedError('CONFLICT', `The image cannot be used: ${image.problem}`);
    return image;
  }

  async byIds(ownerId: string, ids: readonly string[]): Promise<Map<string, ImageRow>> {
    const rows = await this.#parts.db.image.findMany({
      where: { ownerId, id: { in: ids.filter((id) => isUuid(id)) } },
    });
    return new Map(rows.map((row) => [row.id, row]));
  }

  async list(ownerId: string, first: number, after?: string | null, search?: string | null): Promise<ImagePage> {
    if (first < 1 || first > 100) throw badInput('first', `is ${first}; 1 to 100 are possible.`);
    const before = after == null ? undefined : parseCursor(after);
    const found = search?.trim() ? await this.#search(ownerId, search) : undefined;
    const rows = await this.#parts.db.image.findMany({
      where: { ownerId, id: { ...(before && { lt: before }), ...(found && { in: found }) } },
      orderBy: { id: 'desc' },
      take: first + 1,
    });
    const edges = rows.slice(0, first).map((node) => ({ cursor: cursorOf(node), node }));
    return {
      edges,
      nodes: edges.map(({ node }) => node),
      pageInfo: {
        hasNextPage: rows.length > first,
        hasPreviousPage: before !== undefined,
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      },
    };
  }

  /** Pictures of the owner whose perceptual hash differs in few bits, nearest first. */
  async similar(
    ownerId: string,
    id: string,
    first: number,
    maxDistance: number,
  ): Promise<{ image: ImageRow; distance: number }[]> {
    if (first < 1 || first > 50) throw badInput('first', `is ${first}; 1 to 50 are possible.`);
    if (maxDistance < 0 || maxDistance > 32) throw badInput('maxDistance', `is ${maxDistance}; 0 to 32 are possible.`);
    const { hash } = await this.requireReady(ownerId, id);
    if (hash === null) throw new CodedError('CONFLICT', 'The image is still being analysed.');
    const others = await this.#parts.db.image.findMany({
      where: { ownerId, id: { not: id }, hash: { not: null } },
      select: { id: true, hash: true },
      orderBy: { id: 'desc' },
      take: MOST_COMPARED,
    });
    const near = others
      .map((other) => ({ id: other.id, distance: hashDistance(hash, other.hash!) }))
      .filter(({ distance }) => distance <= maxDistance)
      .sort((a, b) => a.distance - b.distance || b.id.localeCompare(a.id))
      .slice(0, first);
    const rows = await this.byIds(
      ownerId,
      near.map((one) => one.id),
    );
    return near.flatMap(({ id: found, distance }) => (rows.has(found) ? [{ image: rows.get(found)!, distance }] : []));
  }

  /** Begins an upload. @throws {CodedError} BAD_USER_INPUT, PAYLOAD_TOO_LARGE. */
  async beginUpload(
    ownerId: string,
    input: { fileName: string; contentType: string; size: number; recognizeText: boolean },
  ): Promise<{ image: ImageRow; upload: SignedUrl }> {
    const fileName = input.fileName.trim();
    if (fileName === '' || fileName.length > 255)
      throw badInput('input.fileName', `has ${fileName.length} characters; 1 to 255 are possible.`);
    const accepted = Object.values(MEDIA_TYPES);
    const contentType = input.contentType.trim().toLowerCase();
    if (!accepted.includes(contentType))
      throw badInput('input.contentType', `is ${input.contentType}; accepted are ${accepted.join(', ')}.`);
    if (input.size < 1) throw badInput('input.size', 'is less than 1 byte.');
    if (input.size > MOST_BYTES)
      throw new CodedError(
        'PAYLOAD_TOO_LARGE',
        `input.size is ${input.size} bytes; at most ${MOST_BYTES} are accepted.`,
        { argument: 'input.size' },
      );
    const image = await this.#parts.db.image.create({
      data: {
        id: uuid(),
        ownerId,
        status: 'AWAITING_UPLOAD',
        source: 'UPLOAD',
        fileName,
        contentType,
        readOnArrival: input.recognizeText,
      },
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

  /** Takes the bytes of an upload. A second upload to the same link is refused once the first was taken. */
  async receive(id: string, request: Request): Promise<void> {
    const grant = this.#parts.urls.verify('vision', request);
    const image = await this.#parts.db.image.findUnique({ where: { id } });
    if (image === null) throw notFound('The image');
    if (image.status !== 'AWAITING_UPLOAD') throw new CodedError('CONFLICT', 'This image has been uploaded already.');
    const stored = await receiveUpload(request, grant, this.#parts.blobs, originalOf(id));
    await this.#arrived(image, stored.size);
  }

  /** Keeps a picture that a model made, as if it had been uploaded. */
  async keepGenerated(ownerId: string, prompt: string, bytes: Uint8Array): Promise<ImageRow> {
    const id = uuid();
    const stored = await this.#parts.blobs.put(originalOf(id), bytes, { maxBytes: MOST_BYTES });
    const image = await this.#parts.db.image.create({
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
    return this.#arrived(image, stored.size);
  }

  /** Asks for the text of a picture to be read; nothing is done twice unless it is asked for again. */
  async requestText(ownerId: string, id: string, again: boolean): Promise<ImageRow> {
    const image = await this.requireReady(ownerId, id);
    if (image.ocrStatus === 'RUNNING' || (image.ocrStatus === 'DONE' && !again)) return image;
    const { db, jobs } = this.#parts;
    const updated = await db.$transaction(async (tx) => {
      await jobs.enqueue(tx, 'read-text', { imageId: id }, { key: id });
      return tx.image.update({ where: { id }, data: { ocrStatus: 'RUNNING', ocrProblem: null } });
    });
    jobs.wake();
    await this.announce(id);
    return updated;
  }

  /** Deletes a picture, its rows first: what remains of the blobs after a crash belongs to nobody and is found by nobody. */
  async delete(ownerId: string, id: string): Promise<void> {
    const { count } = isUuid(id) ? await this.#parts.db.image.deleteMany({ where: { id, ownerId } }) : { count: 0 };
    if (count === 0) throw notFound('The image');
    await this.#parts.blobs.deleteAll(folderOf(id));
    await this.announce(id);
  }

  /** Deletes the bytes of pictures whose rows are gone. */
  async deleteBlobs(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#parts.blobs.deleteAll(folderOf(id));
  }

  /** Tells watchers, in every process, to look again. */
  announce(id: string): Promise<void> {
    return this.#parts.topics.publish(topicOf(id), null);
  }

  async #arrived(image: ImageRow, byteSize: number): Promise<ImageRow> {
    const { db, jobs } = this.#parts;
    const updated = await db.$transaction(async (tx) => {
      await jobs.enqueue(tx, 'analyse', { imageId: image.id }, { key: image.id });
      if (image.readOnArrival) await jobs.enqueue(tx, 'read-text', { imageId: image.id }, { key: image.id });
      return tx.image.update({
        where: { id: image.id },
        data: { status: 'ANALYSING', byteSize, ...(image.readOnArrival && { ocrStatus: 'RUNNING' }) },
      });
    });
    jobs.wake();
    await this.announce(image.id);
    return updated;
  }

  async #search(ownerId: string, search: string): Promise<string[]> {
    const rows = await this.#parts.db.$queryRaw<{ id: string }[]>`
      SELECT id::text AS id FROM images
      WHERE owner_id = ${ownerId} AND to_tsvector('simple', words) @@ plainto_tsquery('simple', ${search.slice(0, 200)})
      ORDER BY id DESC LIMIT 1000`;
    return rows.map((row) => row.id);
  }
}

/** What the row gets when a picture has been analysed. */
export const analysedData = ({ contentType, width, height, analysis }: AnalysedImage): Prisma.ImageUpdateInput => ({
  status: 'READY',
  contentType,
  width,
  height,
  analysis: JSON.parse(JSON.stringify(analysis)) as Prisma.InputJsonValue,
  hash: BigInt.asIntN(64, BigInt(`0x${analysis.perceptualHash}`)),
});

const cursorOf = (image: ImageRow): string => Buffer.from(image.id).toString('base64url');

function parseCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (!isUuid(id)) throw badInput('after', 'is not a cursor of this list; use endCursor of a page.');
  return id;
}

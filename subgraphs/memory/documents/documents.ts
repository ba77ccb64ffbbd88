import { v7 as uuidv7 } from 'uuid';
import { badInput, CodedError, forbidden, notFound } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';
import { discardFile } from '#platform/data/blobs/discard-file.ts';
import { idConnection, keyConnection, keyPage, type PageArguments } from '#platform/data/paging/key-paging.ts';
import { type CountedConnection, MAX_COUNT } from '#platform/data/paging/paging.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { receiveUpload } from '#platform/identity/signed-urls/receive-upload.ts';
import type { SignedUrl } from '#platform/identity/signed-urls/url-signer.ts';
import type { Document, Passage, Prisma } from '#prisma/memory/client/client.ts';
import { awaitIndex } from '../indexing/await-index.ts';
import { textInput } from '../input.ts';
import { PAGES } from '../pages.ts';
import type { MemoryParts, Transaction } from '../parts.ts';

import { DOCUMENT_TYPES, type DocumentType, documentType } from '../reader/file-kind.ts';
import { INGEST_DOCUMENT, REMOVE_DOCUMENT } from './ingest.ts';
import { announce, folderOf, originalOf } from './places.ts';
import { forgetRecognised } from './recognised.ts';

export type Access = 'PRIVATE' | 'SHARED';

const UPLOAD_S = 3_600;
/** How long a document that could not be read may be tried again. */
const FAILED_LIFE_S = 30 * 86_400;
const MAX_FORGOTTEN = 500;
const DOWNLOAD_S = 600;
const MAX_TITLE = 300;
const MAX_INLINE = 1_048_576;
/** Unfinished uploads and waiting documents of one user: no user fills the disk or the queue alone. */
const MAX_UNFINISHED = 1_000;

const FORMATS = { TEXT: 'text/plain', MARKDOWN: 'text/markdown', HTML: 'text/html' } as const;

/** The audience of a document: who may read it, and the conversation that it is attached to, if any. */
interface Audience {
  readonly access: Access;
  readonly conversationId?: string | null;
}

/** Checks what a document is attached to. It is its owner's alone there: others who take part do not read it. */
function checkAttached({ access, conversationId }: Audience): string | null {
  if (conversationId == null) return null;
  if (!isUuid(conversationId)) throw badInput('input.conversationId', 'is not the id of a conversation.');
  if (access !== 'PRIVATE')
    throw badInput('input.access', 'is PRIVATE for a document that is attached to a conversation.');
  return conversationId.toLowerCase();
}

/** The knowledge base: documents, whose they are and who may read them. */
export class Documents {
  readonly #memory: MemoryParts;

  constructor(memory: MemoryParts) {
    this.#memory = memory;
  }

  /** What the user may read: their own, and what is shared. */
  static readable(userId: string): Prisma.DocumentWhereInput {
    return { OR: [{ ownerId: userId }, { access: 'SHARED' }] };
  }

  async get(userId: string, id: string): Promise<Document | null> {
    return isUuid(id) ? this.#memory.db.document.findFirst({ where: { id, ...Documents.readable(userId) } }) : null;
  }

  async list(
    userId: string,
    filter: {
      readonly access?: Access | null;
      readonly status?: string | null;
      readonly own?: boolean;
      readonly conversationId?: string | null;
    },
    args: PageArguments,
  ): Promise<CountedConnection<Document>> {
    const page = keyPage('documents', args, PAGES);
    const where: Prisma.DocumentWhereInput = {
      ...(filter.own ? { ownerId: userId } : Documents.readable(userId)),
      ...(filter.access != null && { access: filter.access }),
      ...(filter.status != null && { status: filter.status }),
      ...(filter.conversationId != null && { conversationId: filter.conversationId }),
    };
    const found = await this.#memory.db.document.findMany({
      where: page.after === undefined ? where : { AND: [where, { id: { lt: page.after } }] },
      orderBy: { id: 'desc' },
      take: page.take + 1,
    });
    return {
      ...idConnection(found, page),
      totalCount: () => this.#memory.db.document.count({ where, take: MAX_COUNT }),
    };
  }

  /** @param documentId of a document that the caller may read. */
  async passages(documentId: string, args: PageArguments): Promise<CountedConnection<Passage>> {
    const page = keyPage('passages', args, { key: 'number', ...PAGES });
    const found = await this.#memory.db.passage.findMany({
      where: { documentId, ...(page.after !== undefined && { position: { gt: Number(page.after) } }) },
      orderBy: { position: 'asc' },
      take: page.take + 1,
    });
    return {
      ...keyConnection(found, page, (row) => String(row.position)),
      totalCount: () => this.#memory.db.passage.count({ where: { documentId }, take: MAX_COUNT }),
    };
  }

  /** A place to upload a file to. */
  async createUpload(
    user: UserIdentity,
    input: { fileName: string; contentType: string; size: number; title?: string | null } & Audience,
  ): Promise<{ document: Document; upload: SignedUrl; maxBytes: number }> {
    const fileName = textInput('input.fileName', input.fileName, 255);
    const declaredType = textInput('input.contentType', input.contentType, 200);
    if (documentType(declaredType, fileName) === undefined)
      throw badInput(
        'input.contentType',
        `is ${declaredType}; ${Object.keys(DOCUMENT_TYPES).join(', ')} and source code are accepted.`,
      );
    const most = this.#memory.maxDocumentBytes;
    if (input.size < 1) throw badInput('input.size', 'must be at least 1 byte.');
    if (input.size > most)
      throw new CodedError('PAYLOAD_TOO_LARGE', `The file has ${input.size} bytes; at most ${most} are accepted.`, {
        argument: 'input.size',
        limit: most,
      });
    const conversationId = checkAttached(input);
    await this.#checkAllowed(user, input.access);
    const data = {
      id: uuidv7(),
      ownerId: user.userId,
      access: input.access,
      conversationId,
      title: input.title == null ? fileName : textInput('input.title', input.title, MAX_TITLE),
      fileName,
      declaredType,
      size: input.size,
      status: 'AWAITING_UPLOAD',
    };
    const document = await this.#memory.db.$transaction(async (tx) => {
      await this.#memory.quotas.holdDocument(tx, user.userId, input.size);
      return tx.document.create({ data });
    });
    const upload = this.#memory.urls.sign({
      subgraph: 'memory',
      method: 'PUT',
      path: uploadPath(document.id),
      expiresInS: UPLOAD_S,
      maxBytes: input.size,
      contentType: declaredType,
    });
    return { document, upload, maxBytes: input.size };
  }

  /** Takes the bytes of an upload and queues the document. Sending them a second time is refused: CONFLICT. */
  async receive(id: string, request: Request): Promise<Document> {
    const grant = this.#memory.urls.verify('memory', request);
    const { db, blobs } = this.#memory;
    const awaiting = async () => {
      const document = isUuid(id) ? await db.document.findUnique({ where: { id } }) : null;
      if (!document) throw notFound('The document');
      if (document.status !== 'AWAITING_UPLOAD')
        throw new CodedError('CONFLICT', 'This file has been uploaded already: create another upload for another one.');
    };
    await awaiting();
    // Two uploads at once have a place each; the first that is complete wins.
    const place = `${folderOf(id)}incoming-${uuidv7()}`;
    const blob = await receiveUpload(request, grant, blobs, place);
    const document = await db.$transaction(async (tx) => {
      const { count } = await tx.document.updateMany({
        where: { id, status: 'AWAITING_UPLOAD' },
        data: { status: 'QUEUED', original: place, size: blob.size, sha256: blob.sha256, updatedAt: new Date() },
      });
      if (count === 0) return null;
      const row = await tx.document.findUnique({ where: { id } });
      if (row) await this.#enqueueIngest(tx, row);
      return row;
    });
    if (!document) {
      await discardFile(blobs, place);
      await awaiting();
      throw notFound('The document');
    }
    await announce(this.#memory, document);
    return document;
  }

  /** Adds a text that is at hand. */
  async add(
    user: UserIdentity,
    input: { title: string; text: string; format: keyof typeof FORMATS } & Audience,
  ): Promise<Document> {
    const title = textInput('input.title', input.title, MAX_TITLE);
    const bytes = new TextEncoder().encode(input.text);
    if (bytes.byteLength > MAX_INLINE)
      throw badInput('input.text', `is ${bytes.byteLength} bytes long; at most ${MAX_INLINE} are accepted: upload it.`);
    if (input.text.trim() === '') throw badInput('input.text', 'is empty.');
    const conversationId = checkAttached(input);
    await this.#checkAllowed(user, input.access);
    const { db, blobs } = this.#memory;
    const id = uuidv7();
    const type: DocumentType = FORMATS[input.format];
    const blob = await blobs.put(originalOf(id), bytes, { maxBytes: MAX_INLINE });
    const added = db.$transaction(async (tx) => {
      await this.#memory.quotas.holdDocument(tx, user.userId, blob.size);
      const row = await tx.document.create({
        data: {
          id,
          ownerId: user.userId,
          access: input.access,
          conversationId,
          title,
          declaredType: `${type}; charset=utf-8`,
          original: blob.key,
          size: blob.size,
          sha256: blob.sha256,
          status: 'QUEUED',
        },
      });
      await this.#enqueueIngest(tx, row);
      return row;
    });
    const document = await added.catch(async (error: unknown) => {
      await discardFile(blobs, blob.key, error);
      throw error;
    });
    return document;
  }

  async update(
    user: UserIdentity,
    input: { id: string; title?: string | null; access?: Access | null },
  ): Promise<Document> {
    const title = input.title == null ? undefined : textInput('input.title', input.title, MAX_TITLE);
    const before = await this.#own(user, input.id);
    if (before.conversationId !== null)
      checkAttached({ access: input.access ?? 'PRIVATE', conversationId: before.conversationId });
    if (input.access != null && input.access !== before.access) await this.#checkAllowed(user, input.access, false);
    const moves = input.access != null && input.access !== before.access;
    const renamed = title !== undefined && title !== before.title;
    const document = await this.#memory.db.$transaction(async (tx) => {
      const row = await tx.document.update({
        where: { id: before.id },
        data: {
          ...(renamed && { title }),
          ...(moves && { access: input.access! }),
          updatedAt: new Date(),
        },
      });
      if (!moves && !renamed) return row;
      // Title and place are part of the index: all passages are put again, under the same ids, those too that were put
      // before an interruption.
      await tx.document.updateMany({ where: { id: row.id, status: 'PROCESSING' }, data: { done: 0 } });
      if (['READY', 'PROCESSING', 'QUEUED'].includes(row.status)) await this.#enqueueIngest(tx, row);
      return row;
    });
    await announce(this.#memory, document);
    return document;
  }

  /** @throws {CodedError} CONFLICT unless it has failed. */
  async retry(user: UserIdentity, id: string): Promise<Document> {
    const before = await this.#own(user, id);
    // Vision may be there now.
    await forgetRecognised(this.#memory.blobs, before.id);
    const document = await this.#memory.db.$transaction(async (tx) => {
      const { count } = await tx.document.updateMany({
        where: { id: before.id, status: 'FAILED' },
        data: {
          status: 'QUEUED',
          problem: null,
          problemCode: null,
          done: 0,
          total: 0,
          pagesRead: 0,
          pagesToRead: 0,
          updatedAt: new Date(),
        },
      });
      if (count === 1) await this.#enqueueIngest(tx, before);
      return count === 1 ? tx.document.findUnique({ where: { id: before.id } }) : null;
    });
    if (!document) throw new CodedError('CONFLICT', 'Only a document that failed can be tried again.');
    return document;
  }

  /**
   * Deletes a document: it is found no more when this returns; bytes and index follow within moments, come what may.
   *
   * @returns whether they have still to follow.
   */
  async delete(user: UserIdentity, id: string): Promise<{ readonly pending: boolean }> {
    const document = await this.#own(user, id);
    const job = await this.#memory.db.$transaction(async (tx) => {
      await tx.document.deleteMany({ where: { id: document.id } });
      const { id: documentId, ownerId } = document;
      return this.#memory.quick.enqueue(tx, REMOVE_DOCUMENT, { documentId, ownerId }, { userId: ownerId });
    });
    return { pending: !(await awaitIndex(this.#memory.quick, job)) };
  }

  /**
   * Deletes documents whose upload was begun and never came, when the link has ended long ago, and those that could not
   * be read, a month later. What of their bytes had arrived goes with them.
   */
  async forgetAbandoned(): Promise<number> {
    const before = (seconds: number) => ({ lt: new Date(Date.now() - seconds * 1000) });
    const where = {
      OR: [
        { status: 'AWAITING_UPLOAD', createdAt: before(2 * UPLOAD_S) },
        { status: 'FAILED', updatedAt: before(FAILED_LIFE_S) },
      ],
    };
    const { db, quick } = this.#memory;
    const gone = await db.$transaction(async (tx) => {
      const found = await tx.document.findMany({ where, select: { id: true, ownerId: true }, take: MAX_FORGOTTEN });
      await tx.document.deleteMany({ where: { id: { in: found.map(({ id }) => id) } } });
      for (const { id: documentId, ownerId } of found)
        await quick.enqueue(tx, REMOVE_DOCUMENT, { documentId, ownerId }, { userId: ownerId });
      return found.length;
    });
    return gone;
  }

  /** A link to the file as it was uploaded. */
  originalUrl(document: Document): SignedUrl | undefined {
    if (document.original === null) return undefined;
    return this.#memory.urls.sign({
      subgraph: 'memory',
      method: 'GET',
      path: `/documents/${document.id}/original`,
      expiresInS: DOWNLOAD_S,
      contentType: document.contentType ?? document.declaredType,
      fileName: document.fileName ?? `${document.title}.txt`,
    });
  }

  /** A link to the text that the offsets of citations point into. */
  textUrl(document: Document): SignedUrl | undefined {
    if (document.total === 0) return undefined;
    return this.#memory.urls.sign({
      subgraph: 'memory',
      method: 'GET',
      path: `/documents/${document.id}/text`,
      expiresInS: DOWNLOAD_S,
      contentType: 'text/plain; charset=utf-8',
      fileName: `${document.title}.txt`,
    });
  }

  async #own(user: UserIdentity, id: string): Promise<Document> {
    const document = await this.get(user.userId, id);
    if (!document) throw notFound('The document');
    const admin = user.scopes.includes('admin');
    if (document.ownerId !== user.userId && !admin)
      throw forbidden('Only who added a document, or an administrator, may change it.');
    return document;
  }

  /** What everybody reads finds its way into everybody's prompts, so administrators decide on it. */
  async #checkAllowed(user: UserIdentity, access: Access, another = true): Promise<void> {
    if (access === 'SHARED' && !user.scopes.includes('admin'))
      throw forbidden('Only administrators share documents with everybody: use access PRIVATE.');
    if (!another) return;
    const unfinished = await this.#memory.db.document.count({
      where: { ownerId: user.userId, status: { in: ['AWAITING_UPLOAD', 'QUEUED', 'PROCESSING'] } },
    });
    if (unfinished >= MAX_UNFINISHED)
      throw new CodedError(
        'CONFLICT',
        `${unfinished} documents of yours are unfinished; at most ${MAX_UNFINISHED} may be.`,
      );
  }

  #enqueueIngest(tx: Transaction, { id: documentId, ownerId }: Pick<Document, 'id' | 'ownerId'>): Promise<string> {
    return this.#memory.slow.enqueue(
      tx,
      INGEST_DOCUMENT,
      { documentId, ownerId },
      { key: documentId, userId: ownerId },
    );
  }
}

const uploadPath = (id: string): string => `/uploads/${id}`;

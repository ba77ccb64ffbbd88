import { v5 as uuidv5 } from 'uuid';
import { guarded } from '#platform/base/faults/guarded.ts';
import { readBlob } from '#platform/data/blobs/blob-store.ts';
import type { JobContext, JobHandler } from '#platform/data/jobs/jobs.ts';
import type { Document } from '#prisma/memory/client/client.ts';
import { SHARED_TENANT, tenantOf } from '../indexes.ts';
import type { MemoryParts, Transaction } from '../parts.ts';
import type { Passage } from '../reader/passages.ts';
import { DocumentProblem } from '../reader/problem.ts';
import { announce, folderOf, tenantOfDocument, textBlobOf } from './places.ts';
import { type Recognised, readRecognised, storeRecognised } from './recognised.ts';

export const INGEST_DOCUMENT = 'ingest-document';
export const REMOVE_DOCUMENT = 'remove-document';
export const RECOGNISE_PAGES = 'recognise-pages';

/** Passages that are embedded and stored at a time: a killed process repeats so many at most. */
const BATCH = 32;
/** Of a document, written at a time: what others ask the embedded database for comes between. */
const ROWS_AT_ONCE = 100;
/** Makes the ids of passages: the same document, the same ids, however many times it is ingested. */
const NAMESPACE = '0a9d5c1e-6f5b-5d0e-9a53-3b1c8a6f2d47';

/** A document that is to be read. Jobs of an earlier version name no owner. */
export type IngestPayload = { readonly documentId: string; readonly ownerId?: string };

/**
 * Reads a document, cuts it, embeds its passages. Each step can be repeated: the ids of passages follow from document
 * and position, and what is stored already is stored again as the same.
 */
export function ingestDocument(memory: MemoryParts): JobHandler<Transaction> {
  return {
    async run(payload, context) {
      const { documentId, ownerId } = payload as IngestPayload;
      const document = await memory.db.document.findUnique({ where: { id: documentId } });
      // Deleted while an earlier attempt was at it: what that one stored last may lie where the deletion had been.
      if (!document) return removeEverywhere(memory, documentId, ownerId);
      if (document.original === null) return;
      try {
        if (document.total === 0) {
          const pictures = await readAndCut(memory, document, context.signal);
          if (pictures) return await recogniseFirst(memory, document, pictures);
        }
        return await embedAll(memory, document, context);
      } catch (error) {
        if (!(error instanceof DocumentProblem)) throw error;
        return async (tx) => markFailed(memory, tx, documentId, error.code, error.message);
      }
    },
    async parked(payload, _problem, tx) {
      const { documentId } = payload as IngestPayload;
      // What failed goes to the log; users learn what they can do about it.
      await markFailed(memory, tx, documentId, 'FAILED', 'Reading it failed again and again. Try again later.');
    },
  };
}

/** Pages that are pictures, and those of them that have a text of their own. */
type Pictures = Pick<Recognised, 'pages' | 'stamped'>;

/** Reads a document and stores its passages. @returns the pages that have to be recognised before, if any. */
async function readAndCut(memory: MemoryParts, document: Document, signal: AbortSignal): Promise<Pictures | undefined> {
  const { db, blobs, reader, heavy } = memory;
  await db.document.updateMany({ where: { id: document.id }, data: { status: 'PROCESSING', updatedAt: new Date() } });
  const found = await heavy.run(reader, signal, async () => {
    const bytes = await readBlob(blobs, document.original!, signal);
    if (bytes === undefined) throw new DocumentProblem('FAILED', 'The uploaded file is gone: upload it again.');
    const recognised = await readRecognised(blobs, document.id, signal);
    // Renamed or shared while its pages are read: none of them is left out.
    if (recognised?.pages.some((page) => recognised.texts[page] === undefined)) return recognised;
    const file = {
      contentType: document.declaredType,
      fileName: document.fileName ?? undefined,
      userId: document.ownerId,
      recognised: recognised?.texts,
    };
    const read = await reader.read(bytes, file, signal);
    return !recognised && read.unreadPages.length > 0 ? { pages: read.unreadPages, stamped: read.stampedPages } : read;
  });
  if ('pages' in found) return found;
  const { text, passages, contentType } = found;
  if (passages.length === 0)
    throw new DocumentProblem('NO_TEXT', 'The PDF holds no text, and none can be read in its pictures.');
  await blobs.put(textBlobOf(document.id), Buffer.from(text), { maxBytes: Number.POSITIVE_INFINITY, signal });
  // Not one transaction: the embedded database has a single session, and no other query is to wait for ten thousand
  // rows. The total is written last; without it a later attempt begins again.
  await db.passage.deleteMany({ where: { documentId: document.id } });
  for (let at = 0; at < passages.length; at += ROWS_AT_ONCE) {
    signal.throwIfAborted();
    // Deleted meanwhile: embedAll finds that out too, and cleans up.
    if ((await db.document.count({ where: { id: document.id } })) === 0) return undefined;
    await db.passage.createMany({
      data: passages.slice(at, at + ROWS_AT_ONCE).map((passage, i) => rowOf(document.id, at + i, passage)),
    });
  }
  await db.document.updateMany({
    where: { id: document.id },
    data: { contentType, done: 0, total: passages.length, updatedAt: new Date() },
  });
  return undefined;
}

/** Has the pages that are pictures read; the document is read again with what they say. */
async function recogniseFirst(memory: MemoryParts, { id, ownerId }: Document, { pages, stamped }: Pictures) {
  const known = await readRecognised(memory.blobs, id);
  if (!known) await storeRecognised(memory.blobs, id, { pages, stamped, texts: {} });
  const pagesRead = Object.keys(known?.texts ?? {}).length;
  return async (tx: Transaction) => {
    await tx.document.updateMany({ where: { id }, data: { pagesToRead: pages.length, pagesRead } });
    await memory.slow.enqueue(tx, RECOGNISE_PAGES, { documentId: id, ownerId }, { key: id, userId: ownerId });
  };
}

const rowOf = (documentId: string, position: number, { text, section, page, line, cells, start, end }: Passage) => ({
  id: uuidv5(`${documentId}:${position}`, NAMESPACE),
  documentId,
  position,
  // Postgres stores no NUL; readers refuse it in texts, but a PDF may have one.
  text: text.replaceAll('\0', ' '),
  section: section?.replaceAll('\0', ' ') ?? null,
  page: page ?? null,
  line: line ?? null,
  cells: cells ?? null,
  start,
  end,
});

/**
 * Puts all passages into the index as the document is. Where its title or its place changes meanwhile, this ends: the
 * change has queued the document again, from its first passage on.
 */
async function embedAll(memory: MemoryParts, { id: documentId, ownerId }: Document, { progress, signal }: JobContext) {
  const { db, indexes } = memory;
  const index = await indexes.get('knowledge');
  const document = await db.document.findUnique({ where: { id: documentId } });
  if (!document) return removeEverywhere(memory, documentId, ownerId);
  const tenant = tenantOfDocument(document);
  const asItIs = { id: documentId, title: document.title, access: document.access };
  // Begins again unless it was interrupted: a new title or a new place concerns every passage.
  let done = document.status === 'PROCESSING' ? document.done : 0;
  while (done < document.total) {
    signal.throwIfAborted();
    const passages = await db.passage.findMany({
      where: { documentId, position: { gte: done } },
      orderBy: { position: 'asc' },
      take: BATCH,
    });
    if (passages.length === 0) break;
    const results = await index.put(
      tenant,
      passages.map(({ id, section, text }) => ({
        id,
        text: indexedText(document.title, section, text),
        properties: { documentId },
      })),
      { userId: ownerId, purpose: 'knowledge-ingest' },
      signal,
    );
    const refused = results.find((result) => !result.ok);
    if (refused && !refused.ok) throw new Error(`the index refused a passage: ${refused.error}`);
    done = passages.at(-1)!.position + 1;
    const { count } = await db.document.updateMany({
      where: asItIs,
      data: { status: 'PROCESSING', done, updatedAt: new Date() },
    });
    if (count === 0) {
      if ((await db.document.count({ where: { id: documentId } })) > 0) return;
      return removeEverywhere(memory, documentId, ownerId);
    }
    progress(done, document.total);
    await announce(memory, { ...document, status: 'PROCESSING', done });
  }
  // In case it was in the other part of the index until now.
  const other = tenant === SHARED_TENANT ? tenantOf(ownerId) : SHARED_TENANT;
  await index.removeWhere(other, ofDocument(documentId));
  return async (tx: Transaction) => {
    const now = new Date();
    const { count } = await tx.document.updateMany({
      where: asItIs,
      data: {
        status: 'READY',
        done: document.total,
        problem: null,
        problemCode: null,
        readyAt: document.readyAt ?? now,
        updatedAt: now,
      },
    });
    if (count > 0)
      setImmediate(
        guarded({ where: 'documents' }, () => announce(memory, { ...document, status: 'READY', done: document.total })),
      );
  };
}

const ofDocument = (documentId: string) => ({ field: 'documentId', op: 'eq', value: documentId }) as const;

/**
 * Returns the text by which a passage is found. The words above it help: "Installation › Linux" is often in no sentence
 * of the section.
 */
export const indexedText = (title: string, section: string | null, text: string): string => {
  const above = [title, section].filter(Boolean).join(' › ').slice(0, 160).toWellFormed();
  return text.startsWith(above) ? text : `${above}\n${text}`;
};

/** Notes in a transaction why a document cannot be read. */
export async function markFailed(
  memory: MemoryParts,
  tx: Transaction,
  id: string,
  problemCode: string,
  problem: string,
): Promise<void> {
  await tx.document.updateMany({
    where: { id },
    data: { status: 'FAILED', problemCode, problem, updatedAt: new Date() },
  });
  const document = await tx.document.findUnique({ where: { id } });
  if (document) setImmediate(guarded({ where: 'documents' }, () => announce(memory, document)));
}

/** Takes a deleted document out of the index and the blob store. */
export function removeDocument(memory: MemoryParts): JobHandler<Transaction> {
  return {
    async run(payload) {
      const { documentId, ownerId } = payload as { documentId: string; ownerId: string };
      await removeEverywhere(memory, documentId, ownerId);
    },
  };
}

/** Takes whatever there is of a deleted document out of the index and the blob store. */
export async function removeEverywhere(
  { indexes, blobs }: MemoryParts,
  documentId: string,
  ownerId: string | undefined,
): Promise<void> {
  const index = await indexes.get('knowledge');
  await index.removeWhere(SHARED_TENANT, ofDocument(documentId));
  if (ownerId !== undefined) await index.removeWhere(tenantOf(ownerId), ofDocument(documentId));
  await blobs.deleteAll(folderOf(documentId));
}

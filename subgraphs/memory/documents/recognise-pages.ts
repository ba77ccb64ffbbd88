import { CodedError } from '#platform/base/errors/errors.ts';
import { type BlobStore, readBlob } from '#platform/data/blobs/blob-store.ts';
import type { JobHandler } from '#platform/data/jobs/jobs.ts';
import type { MemoryParts, Transaction } from '../parts.ts';
import { DocumentProblem } from '../reader/problem.ts';
import { INGEST_DOCUMENT, type IngestPayload, markFailed, RECOGNISE_PAGES, removeEverywhere } from './ingest.ts';
import { textsOf } from './page-texts.ts';
import { announce } from './places.ts';
import { readRecognised, storeRecognised, withoutPictures } from './recognised.ts';

/** Pages of one job: a killed process repeats so many, and other people's documents come after them. */
const PAGES_A_JOB = 4;

/**
 * Reads some pages of a PDF, which are pictures, by asking vision, and queues the next ones, or the reading of all.
 */
export function recognisePages(memory: MemoryParts): JobHandler<Transaction> {
  const { db, blobs, reader, heavy, peers, slow } = memory;
  return {
    async run(payload, { signal }) {
      const { documentId, ownerId: owner } = payload as IngestPayload;
      const document = await db.document.findUnique({ where: { id: documentId } });
      if (!document) return removeEverywhere(memory, documentId, owner);
      if (document.original === null) return;
      const { id, ownerId } = document;
      const then = (kind: string) => async (tx: Transaction) => {
        await slow.enqueue(tx, kind, { documentId, ownerId }, { key: documentId, userId: ownerId });
      };
      const recognised = await readRecognised(blobs, documentId, signal);
      // What the storage has lost is noticed where the document is read from its beginning, which says what is missing.
      if (!recognised) return then(INGEST_DOCUMENT);
      const next = recognised.pages.filter((page) => recognised.texts[page] === undefined).slice(0, PAGES_A_JOB);
      if (next.length === 0) return then(INGEST_DOCUMENT);
      const { original } = document;
      try {
        const pictures = await heavy.run(reader, signal, async () => {
          const bytes = await readBlob(blobs, original, signal);
          return bytes && reader.renderPages(bytes, next, ownerId, signal);
        });
        if (pictures === undefined) return then(INGEST_DOCUMENT);
        const texts = Object.fromEntries(await textsOf(peers, ownerId, pictures, signal));
        const all = { ...recognised, texts: { ...recognised.texts, ...texts } };
        await storeRecognised(blobs, id, all);
        const pagesRead = Object.keys(all.texts).length;
        await db.document.updateMany({ where: { id }, data: { pagesRead, updatedAt: new Date() } });
        await announce(memory, { ...document, pagesRead });
        return then(pagesRead < recognised.pages.length ? RECOGNISE_PAGES : INGEST_DOCUMENT);
      } catch (error) {
        if (error instanceof DocumentProblem && (await leavePictures(blobs, documentId))) return then(INGEST_DOCUMENT);
        if (error instanceof DocumentProblem)
          return async (tx) => markFailed(memory, tx, id, error.code, error.message);
        if (
          !(error instanceof CodedError) ||
          error.code !== 'SUBGRAPH_UNAVAILABLE' ||
          !/No subgraph/.test(error.message)
        )
          throw error;
        // An installation without vision: what text there is, is read.
        await storeRecognised(blobs, id, { pages: [], texts: {} });
        return then(INGEST_DOCUMENT);
      }
    },
    async parked(payload, _problem, tx) {
      const { documentId, ownerId } = payload as IngestPayload;
      // The storage may be what fails.
      if (await leavePictures(blobs, documentId).catch(() => false)) {
        await slow.enqueue(tx, INGEST_DOCUMENT, payload, { key: documentId, userId: ownerId });
        return;
      }
      await markFailed(
        memory,
        tx,
        documentId,
        'FAILED',
        'The text of its pictures could not be read. Try again later.',
      );
    },
  };
}

/** Has a document read without its pictures where each of its pages has a text. @returns whether it has. */
async function leavePictures(blobs: BlobStore, documentId: string): Promise<boolean> {
  const recognised = await readRecognised(blobs, documentId);
  const left = recognised && withoutPictures(recognised);
  if (left) await storeRecognised(blobs, documentId, left);
  return left !== undefined;
}

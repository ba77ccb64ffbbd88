import { notFound } from '#platform/base/errors/errors.ts';
import type { Document } from '#prisma/memory/client/client.ts';
import type { MemoryParts } from '../parts.ts';
import type { Documents } from './documents.ts';
import { progressTopic } from './places.ts';

/** A message that got lost between processes delays a subscriber by this much at most. */
const LOOK_MS = 3_000;

/** Yields the document now, and after each change, until it is READY or FAILED or gone. */
export async function* followDocument(
  { topics }: Pick<MemoryParts, 'topics'>,
  documents: Documents,
  userId: string,
  documentId: string,
  signal: AbortSignal,
): AsyncGenerator<Document> {
  const waiting = { wake: () => {} };
  const subscription = await topics.subscribe(progressTopic(documentId), () => waiting.wake());
  const abort = () => waiting.wake();
  signal.addEventListener('abort', abort, { once: true });
  let last: string | undefined;
  try {
    while (!signal.aborted) {
      // Armed before the look at the database, so that no change falls in between.
      const { promise: woken, resolve } = Promise.withResolvers<void>();
      waiting.wake = resolve;
      const document = await documents.get(userId, documentId);
      if (!document) {
        if (last === undefined) throw notFound('The document');
        return;
      }
      const state = `${document.status} ${document.done} ${document.total} ${document.pagesRead} ${document.pagesToRead}`;
      if (state !== last) yield document;
      last = state;
      if (document.status === 'READY' || document.status === 'FAILED') return;
      const timer = setTimeout(resolve, LOOK_MS);
      if (!signal.aborted) await woken;
      clearTimeout(timer);
    }
  } finally {
    signal.removeEventListener('abort', abort);
    subscription.close();
  }
}

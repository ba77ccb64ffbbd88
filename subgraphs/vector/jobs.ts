import type { Jobs } from '#platform/data/jobs/jobs.ts';
import type { Prisma, PrismaClient } from '#prisma/vector/client/client.ts';
import { type Collections, REEMBED } from './collections.ts';
import { reembedCollection } from './reembedding.ts';

export const REMOVE_COLLECTIONS = 'remove-collections';

/** Registers what vector does in the background. */
export function registerJobs(parts: {
  readonly db: PrismaClient;
  readonly collections: Collections;
  readonly jobs: Jobs<Prisma.TransactionClient>;
}): void {
  parts.jobs.handle(REEMBED, reembedCollection(parts.db, parts.collections));
  parts.jobs.handle(REMOVE_COLLECTIONS, {
    // What is deleted must go: it is not given up.
    attempts: Number.POSITIVE_INFINITY,
    run: (payload, { signal }) => parts.collections.deleteAll((payload as { userId: string }).userId, signal),
  });
}

import type { Jobs } from '#platform/data/jobs/jobs.ts';
import type { Prisma, PrismaClient } from '#prisma/vector/client/client.ts';
import { type Collections, REEMBED } from './collections.ts';
import { reembedCollection } from './reembedding.ts';

/** Registers what vector does in the background. */
export function registerJobs(parts: {
  readonly db: PrismaClient;
  readonly collections: Collections;
  readonly jobs: Jobs<Prisma.TransactionClient>;
}): void {
  parts.jobs.handle(REEMBED, reembedCollection(parts.db, parts.collections));
}

import { CodedError } from '#platform/base/errors/errors.ts';
import { type JobHandler, JobRefused, type Jobs } from '#platform/data/jobs/jobs.ts';
import type { Prisma, PrismaClient } from '#prisma/vector/client/client.ts';
import type { Collection, Collections } from './collections.ts';

interface Payload {
  readonly collectionId: string;
  readonly model: string;
}

/**
 * Returns the job that embeds all texts of a collection with another model: a killed process loses and repeats nothing.
 */
export const reembedCollection = (
  db: PrismaClient,
  collections: Collections,
): JobHandler<Prisma.TransactionClient> => ({
  async run(payload, context) {
    const { collectionId, model } = payload as unknown as Payload;
    const collection = await db.collection.findUnique({ where: { id: collectionId } });
    // Deleted meanwhile, or changed again: another job does that.
    if (collection === null || collection.nextModel !== model) return;
    try {
      const index = await collections.open(collection);
      const by = { userId: collection.ownerId, purpose: 'reembed' };
      await index.reembed(
        () => by,
        ({ done, total }) => context.progress(done, total),
        context.signal,
      );
    } catch (error) {
      if (error instanceof CodedError && error.code === 'MODEL_NOT_FOUND') throw new JobRefused(error.message);
      throw error;
    }
    return async (tx) => {
      const where = { id: collectionId, nextModel: model };
      await tx.collection.updateMany({ where, data: { model, nextModel: null, reembedJobId: null } });
    };
  },
});

const STATES: Partial<Record<string, string>> = { RUNNING: 'RUNNING', PARKED: 'FAILED' };

/** Returns the change of model that is under way, as GraphQL gives it. */
export async function reembeddingOf(jobs: Jobs<Prisma.TransactionClient>, collection: Collection) {
  if (collection.nextModel === null || collection.reembedJobId === null) return null;
  const job = await jobs.get(collection.reembedJobId);
  return {
    model: collection.nextModel,
    state: STATES[job?.state ?? ''] ?? 'WAITING',
    done: job?.done ?? 0,
    total: job?.total ?? 0,
    problem: job?.problem ?? null,
  };
}

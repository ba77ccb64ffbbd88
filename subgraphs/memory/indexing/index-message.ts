import type { JobHandler } from '#platform/data/jobs/jobs.ts';
import type { MemoryParts, Transaction } from '../parts.ts';

export const INDEX_MESSAGE = 'index-message';

/** Makes a message findable that a process of an earlier version has queued. */
export function indexMessage({ db, transcripts }: Pick<MemoryParts, 'db' | 'transcripts'>): JobHandler<Transaction> {
  return {
    async run(payload, { signal }) {
      const { id } = payload as { id: string };
      const message = await db.transcriptMessage.findUnique({ where: { id }, select: { userId: true } });
      if (message) await transcripts.index(message.userId, [id], signal);
    },
  };
}

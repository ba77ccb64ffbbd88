import type { JobHandler } from '#platform/data/jobs/jobs.ts';
import { tenantOf } from './indexes.ts';
import type { MemoryParts, Transaction } from './parts.ts';
import { cutPassages } from './reader/passages.ts';
import { readPlainText } from './reader/plain-text.ts';

export const INDEX_MESSAGE = 'index-message';

/** A message of a whole book is found by its beginning. */
const MAX_PIECES = 50;

/** Makes a finished message findable, in pieces of a passage's size. */
export function indexMessage({ db, indexes }: Pick<MemoryParts, 'db' | 'indexes'>): JobHandler<Transaction> {
  return {
    async run(payload, { signal }) {
      const { id } = payload as { id: string };
      const message = await db.transcriptMessage.findUnique({ where: { id } });
      if (!message) return;
      const index = await indexes.get('messages');
      const tenant = tenantOf(message.userId);
      const { conversationId } = message;
      const pieces = cutPassages(readPlainText(message.text)).slice(0, MAX_PIECES);
      const results = await index.put(
        tenant,
        pieces.map(({ text }, i) => ({
          id: `${id}.${i}`,
          text,
          properties: { conversationId, messageId: id },
        })),
        { userId: message.userId, purpose: 'message-store' },
        signal,
      );
      const refused = results.find((result) => !result.ok);
      if (refused && !refused.ok) throw new Error(`the index refused a message: ${refused.error}`);
      // Deleted meanwhile, and perhaps taken out of the index before it was put in.
      if ((await db.transcriptMessage.count({ where: { id } })) === 0)
        await index.remove(
          tenant,
          pieces.map((_, i) => `${id}.${i}`),
        );
    },
  };
}

import type { JobHandler } from '#platform/data/jobs/jobs.ts';
import { endConversation } from './conversations/conversations.ts';
import { blankSomeOf } from './messages/delete-message.ts';
import { type ChatParts, TRANSACTION, type Transaction } from './parts.ts';

export const REMOVE_ACCOUNT = 'remove-account';

/**
 * Returns what removes the conversations of a person whose account was deleted, and what they wrote in those of others.
 * Each conversation goes in a transaction of its own, and messages some at a time: nothing that others do waits for all
 * of it, however much there is, and what fails goes on where it stopped.
 */
export const removeAccount = (chat: ChatParts): JobHandler<Transaction> => ({
  // What is deleted must go: it is not given up.
  attempts: Number.POSITIVE_INFINITY,
  async run(payload, { signal }) {
    const { userId } = payload as { userId: string };
    const { db } = chat;
    let failed: { readonly error: unknown } | undefined;
    const after = (id: string | undefined) =>
      db.conversation.findFirst({
        where: { ownerId: userId, ...(id !== undefined && { id: { gt: id } }) },
        orderBy: { id: 'asc' },
        select: { id: true },
      });
    for (let owned = await after(undefined); owned; owned = await after(owned.id)) {
      // One that cannot be removed now keeps back none of the others.
      await endConversation(chat, owned.id, userId).catch((error: unknown) => {
        failed ??= { error };
      });
      signal.throwIfAborted();
    }
    while ((await db.$transaction((tx) => blankSomeOf(tx, userId), TRANSACTION)) > 0) signal.throwIfAborted();
    if (failed) throw failed.error;
    return async (tx) => {
      await tx.viewerNotice.deleteMany({ where: { userId } });
    };
  },
});

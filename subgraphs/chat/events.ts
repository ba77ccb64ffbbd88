import { afterCommit } from '#platform/data/database/after-commit.ts';
import type { Jobs } from '#platform/data/jobs/jobs.ts';
import type { EventHandlers } from '#platform/data/outbox/outbox.ts';
import { arriveAgain } from './messages/arrive-again.ts';
import type { ChatParts, Transaction } from './parts.ts';
import { noteForViewers } from './readers/viewer-events.ts';
import { REMOVE_ACCOUNT } from './removed-account.ts';
import type { EndedAccounts } from './tool-accounts/ended-accounts.ts';

/**
 * Returns what chat does when an account is deleted: its part in conversations of others ends, and tokens at tool
 * servers are given back. Its own conversations go, with everything in them, and what it wrote in those of others is
 * blanked, so that the branches hold together, by a job: that can be more than one transaction has time for. Twice is
 * once.
 */
export const eventHandlers = (
  chat: ChatParts,
  accounts: EndedAccounts,
  jobs: Jobs<Transaction>,
): EventHandlers<Transaction> => ({
  'user.deleted': async ({ payload: { userId } }, tx) => {
    await jobs.enqueue(tx, REMOVE_ACCOUNT, { userId }, { key: userId, userId });
    const invited = await tx.invitation.findMany({ where: { invitedById: userId } });
    await tx.invitation.deleteMany({ where: { OR: [{ userId }, { invitedById: userId }] } });
    await noteForViewers(tx, 'INVITATION', invited);
    afterCommit(tx, () => chat.viewers.changed(...invited.map((invitation) => invitation.userId)));
    // The order of locks: conversations, then participants.
    await tx.$queryRaw`SELECT 1 FROM conversations WHERE owner_id <> ${userId}::uuid AND id IN (
      SELECT conversation_id FROM participants WHERE user_id = ${userId}::uuid) ORDER BY id FOR UPDATE`;
    await endReplies(chat, tx, userId);
    // What anybody may read or join by a link does not wait for the job.
    const owned = { where: { conversation: { ownerId: userId } } };
    await tx.share.deleteMany(owned);
    await tx.invitationLink.deleteMany(owned);
    await tx.participant.deleteMany({ where: { userId, conversation: { ownerId: { not: userId } } } });
    await tx.folder.deleteMany({ where: { userId } });
    await tx.viewerNotice.deleteMany({ where: { userId } });
    await tx.feedback.deleteMany({ where: { userId } });
    await accounts.end(tx, userId);
    await tx.toolAccountRequest.deleteMany({ where: { userId } });
  },
});

/**
 * Ends the replies that a person is waiting for. One that is being written forgets for whom it was; one that has not
 * begun is stopped, and what waits for it comes next.
 */
async function endReplies({ streams }: ChatParts, tx: Transaction, userId: string): Promise<void> {
  const ofOthers = { requesterId: userId, conversation: { ownerId: { not: userId } } };
  const stopped = await tx.message.updateManyAndReturn({
    where: { ...ofOthers, status: 'PENDING' },
    data: { status: 'STOPPED', completedAt: new Date() },
    select: { id: true },
  });
  await arriveAgain(
    tx,
    stopped.map(({ id }) => id),
  );
  const writing = await tx.message.findMany({
    where: { requesterId: userId, status: 'STREAMING' },
    select: { id: true },
  });
  await Promise.all(writing.map(({ id }) => streams.requestStop(id)));
  await tx.message.updateMany({ where: { ...ofOthers, status: 'STREAMING' }, data: { requesterId: null } });
}

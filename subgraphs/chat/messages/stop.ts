import { badInput } from '#platform/base/errors/errors.ts';
import { until } from '#platform/base/iteration/until.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import { messageFor } from '../access.ts';
import type { ChatParts } from '../parts.ts';
import type { Replies } from '../replies/replies.ts';

/** How long to wait for the process that writes the reply to end it, in ms. */
const WAIT_MS = 2_000;

/**
 * Stops a reply, wherever it is written, and waits for its end. Stopping what has ended changes nothing.
 *
 * @throws {CodedError} NOT_FOUND; BAD_USER_INPUT for a person's message.
 */
export async function stopGeneration(
  chat: ChatParts,
  replies: Replies,
  user: UserIdentity,
  messageId: string,
): Promise<Message> {
  const { db, streams } = chat;
  const reply = await messageFor(db, user.userId, messageId);
  if (reply.role !== 'ASSISTANT') throw badInput('input.id', 'is a message of a person; only replies are stopped.');
  const current = () => db.message.findUniqueOrThrow({ where: { id: messageId } });
  if (isFinal(reply) || (reply.status === 'PENDING' && (await replies.cancel(reply)))) return current();
  // It is being written, or is just about to be: ask until it has ended. Asking twice does no harm.
  const ended = await until(
    async () => {
      const answer = await streams.requestStop(messageId);
      const state = await streams.inspect(messageId);
      if (state?.status === 'live' && answer === 'requested') return undefined;
      // No process writes it any more: if it has no end, it is given one.
      if (state?.status !== 'finished') await replies.recover(messageId);
      const now = await current();
      return isFinal(now) ? now : undefined;
    },
    { waitMs: WAIT_MS, everyMs: 20 },
  );
  return ended ?? current();
}

const isFinal = ({ status }: Message): boolean => status !== 'PENDING' && status !== 'STREAMING';

import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Message, Prisma } from '#prisma/chat/client/client.ts';
import { lockConversation, messageFor } from '../access.ts';
import { approvalStatus, awaitingApproval, owedByClient, storedToolCalls, type ToolCall } from '../draft/tool-calls.ts';
import { type ChatParts, TRANSACTION, type Transaction } from '../parts.ts';

/** A call of a tool that is allowed, or not. */
export interface DecisionInput {
  /** The reply that makes the call. */
  readonly id: string;
  readonly callId: string;
}

/** What the model is told of a call that was refused. */
const REFUSED = 'The user did not allow this call. Go on without it.';

/**
 * Stores what the person who asked for a reply says of one of its calls. The same again changes nothing.
 *
 * @returns the reply, and whether nothing else keeps another one from going on.
 * @throws {CodedError} NOT_FOUND; FORBIDDEN to others; BAD_USER_INPUT for another kind of call; CONFLICT when it was
 * decided otherwise, when its time is over, or while the reply is being written.
 */
export async function decide(
  chat: ChatParts,
  user: UserIdentity,
  { id, callId }: DecisionInput,
  decided: 'APPROVED' | 'REJECTED',
): Promise<{ readonly calling: Message; readonly isSettled: boolean }> {
  if (user.appSessionId !== undefined)
    throw new CodedError('FORBIDDEN', 'A connected app may not allow its own calls of tools: its person decides.');
  const known = await messageFor(chat.db, user.userId, id);
  if (known.role !== 'ASSISTANT') throw badInput('input.id', 'is a message of a person; only replies call tools.');
  if (known.requesterId !== user.userId) {
    throw new CodedError('FORBIDDEN', 'Only the person who asked for the reply may decide on its calls of tools.');
  }
  const calling = await chat.db.$transaction(async (tx) => {
    await lockConversation(tx, user.userId, known.conversationId);
    return store(tx, id, callId, decided);
  }, TRANSACTION);
  await chat.topics.publish(calling.conversationId, { type: 'MessageUpdated', messageId: id });
  const calls = storedToolCalls(calling.toolCalls);
  return { calling, isSettled: awaitingApproval(calls).length === 0 && owedByClient(calls).length === 0 };
}

async function store(tx: Transaction, id: string, callId: string, decided: 'APPROVED' | 'REJECTED'): Promise<Message> {
  const reply = await tx.message.findUnique({ where: { id } });
  if (!reply) throw notFound('The message');
  if (reply.status !== 'COMPLETE') {
    throw new CodedError('CONFLICT', `The reply is ${reply.status}; only the calls of a COMPLETE one are decided on.`);
  }
  const calls = storedToolCalls(reply.toolCalls);
  const call = calls.find((one) => one.id === callId);
  if (!call?.approval) throw badInput('input.callId', 'is not a call of this reply that needs to be allowed.');
  const status = approvalStatus(call.approval);
  if (status === decided) return reply;
  if (status === 'EXPIRED') {
    throw new CodedError(
      'CONFLICT',
      `The call could be allowed until ${call.approval.expiresAt}; ask for another reply instead.`,
    );
  }
  if (status !== 'WAITING') throw new CodedError('CONFLICT', `The call is ${status} already.`);
  const changed: ToolCall = {
    ...call,
    approval: { ...call.approval, decided, decidedAt: new Date().toISOString() },
    ...(decided === 'REJECTED' && { result: { status: 'REJECTED', content: REFUSED } }),
  };
  const toolCalls = calls.map((one) => (one === call ? changed : one)) as unknown as Prisma.InputJsonArray;
  return tx.message.update({ where: { id }, data: { toolCalls } });
}

import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Message, Prisma } from '#prisma/chat/client/client.ts';
import { awaitingApproval, owedByClient, storedToolCalls, type ToolCall } from '../draft/tool-calls.ts';
import type { Transaction } from '../parts.ts';

/** The results of the client's tools. */
export interface ToolResultsInput {
  readonly id: string;
  readonly results: readonly ToolResultInput[];
}

export interface ToolResultInput {
  readonly callId: string;
  readonly content: string;
  /** Whether the tool failed; the content says how. */
  readonly failed: boolean;
}

/** Most bytes (UTF-8) of one result. */
const MAX_RESULT_BYTES = 64 * 1024;
/** Most bytes (UTF-8) of all results of one reply. */
const MAX_RESULTS_BYTES = 256 * 1024;

/**
 * Returns the results in an order of their own, so that the same ones make the same request.
 *
 * @throws {CodedError} BAD_USER_INPUT naming the field and its limit.
 */
export function checkResults(results: readonly ToolResultInput[]): ToolResultInput[] {
  const seen = new Set<string>();
  let total = 0;
  for (const [index, { callId, content }] of results.entries()) {
    const argument = `input.results.${index}`;
    if (seen.has(callId)) throw badInput(`${argument}.callId`, 'is answered twice; give one result a call.');
    seen.add(callId);
    const bytes = Buffer.byteLength(content);
    if (bytes > MAX_RESULT_BYTES) {
      throw badInput(`${argument}.content`, `is ${bytes} bytes long; at most ${MAX_RESULT_BYTES} are accepted.`);
    }
    total += bytes;
  }
  if (total > MAX_RESULTS_BYTES) {
    throw badInput('input.results', `are ${total} bytes together; at most ${MAX_RESULTS_BYTES} are accepted.`);
  }
  return results.toSorted((a, b) => (a.callId < b.callId ? -1 : 1));
}

/**
 * Checks who may answer a reply's calls: the person for whom it was written, since what follows is written on their
 * behalf too; where the asker is not known, as in a fork, any participant.
 *
 * @throws {CodedError} BAD_USER_INPUT for a person's message, FORBIDDEN.
 */
export function checkAnswerable(user: UserIdentity, reply: Message): void {
  if (reply.role !== 'ASSISTANT') {
    throw badInput('input.id', 'is a message of a person; only replies call tools.');
  }
  if (reply.requesterId !== null && reply.requesterId !== user.userId) {
    throw new CodedError('FORBIDDEN', 'Only the person who asked for the reply may answer its calls of tools.');
  }
}

/**
 * Stores results with the calls that they answer, in a transaction that holds the conversation's lock.
 *
 * @throws {CodedError} NOT_FOUND; CONFLICT while the reply is being written, when it ended otherwise, or when its calls
 * have been answered; BAD_USER_INPUT when a call is missing or unknown.
 */
export async function storeResults(
  tx: Transaction,
  messageId: string,
  results: readonly ToolResultInput[],
): Promise<Message> {
  const reply = await tx.message.findUnique({ where: { id: messageId } });
  if (!reply) throw notFound('The message');
  if (reply.status !== 'COMPLETE') {
    throw new CodedError('CONFLICT', `The reply is ${reply.status}; only the calls of a COMPLETE one are answered.`);
  }
  const calls = storedToolCalls(reply.toolCalls);
  const owed = owedByClient(calls);
  if (owed.length === 0) {
    throw calls.some(({ runsOn }) => runsOn === 'CLIENT')
      ? new CodedError('CONFLICT', 'The calls of this reply have been answered; ask for another reply instead.')
      : badInput('input.id', 'is a reply that calls no tool of the client.');
  }
  const asked = reply.requesterId === null ? [] : awaitingApproval(calls);
  const undecided = asked.map(({ id, name }) => `${name} (${id})`);
  if (undecided.length > 0) {
    throw new CodedError(
      'CONFLICT',
      `Calls of the reply wait to be allowed: ${undecided.join(', ')}. Use approveToolCall or rejectToolCall first.`,
    );
  }
  const given = new Map(results.map((result) => [result.callId, result]));
  for (const [index, { callId }] of results.entries()) {
    if (!owed.some(({ id }) => id === callId)) {
      throw badInput(`input.results.${index}.callId`, 'is not a call of this reply that waits for the client.');
    }
  }
  const missing = owed.filter(({ id }) => !given.has(id)).map(({ id, name }) => `${name} (${id})`);
  if (missing.length > 0) {
    throw badInput('input.results', `lack ${missing.join(', ')}; answer all calls of the reply at once.`);
  }
  const answered = calls.map((call): ToolCall => {
    const result = given.get(call.id);
    if (!result) return call;
    return { ...call, result: { status: result.failed ? 'FAILED' : 'OK', content: result.content } };
  });
  return tx.message.update({
    where: { id: messageId },
    data: { toolCalls: answered as unknown as Prisma.InputJsonArray },
  });
}

import type { ToolContext, ToolRegistry, ToolResult } from '#llm/tools/registry.ts';
import type { Message, Prisma } from '#prisma/chat/client/client.ts';
import { dueCalls, resultOf, storedToolCalls, type ToolCall } from '../draft/tool-calls.ts';
import { type ChatParts, TRANSACTION, type Transaction } from '../parts.ts';

const CHANGED = 'The server has changed what this tool is since the user allowed the call; it was not run.';

/**
 * Runs the calls that a person has allowed, of the reply that a history ends with, and returns the history with their
 * results. Each is noted as begun before it is: what dies with a process, or is stopped, is never begun again.
 */
export async function withAllowedCalls(
  chat: ChatParts,
  history: readonly Message[],
  tools: ToolRegistry,
  context: ToolContext,
): Promise<readonly Message[]> {
  const calling = history.at(-1);
  if (calling?.role !== 'ASSISTANT' || dueCalls(storedToolCalls(calling.toolCalls)).length === 0) return history;
  // Allowed by the one who asked, for a reply of that one.
  if (context.identity.kind !== 'user' || context.identity.userId !== calling.requesterId) return history;
  const begunAt = new Date().toISOString();
  let begun: readonly ToolCall[] = [];
  await changeCalls(chat, calling.id, (calls) => {
    begun = dueCalls(calls);
    return calls.map((call) => (begun.includes(call) ? { ...call, approval: { ...call.approval!, begunAt } } : call));
  });
  const results = new Map(
    await Promise.all(begun.map(async (call) => [call.id, await runAllowed(tools, call, context)] as const)),
  );
  // What was stopped has no result: it may have had its effect, or not.
  const changed = await changeCalls(chat, calling.id, (calls) =>
    calls.map((call) => {
      const result = results.get(call.id);
      return result && !context.signal.aborted ? { ...call, result: resultOf(result) } : call;
    }),
  );
  await chat.topics.publish(calling.conversationId, { type: 'MessageUpdated', messageId: calling.id });
  return [...history.slice(0, -1), { ...calling, toolCalls: changed as unknown as Prisma.JsonValue }];
}

async function runAllowed(
  tools: ToolRegistry,
  { id, name, arguments: text, approval }: ToolCall,
  context: ToolContext,
): Promise<ToolResult> {
  const tool = tools.outside(name);
  if (tool && tool.version !== approval!.version) {
    return { callId: id, name, status: 'failed', content: CHANGED, durationMs: 0 };
  }
  return tools.run({ id, type: 'function', function: { name, arguments: text } }, context);
}

/** Changes the calls of a reply as one step. */
function changeCalls(
  { db }: ChatParts,
  messageId: string,
  change: (calls: readonly ToolCall[]) => readonly ToolCall[],
): Promise<readonly ToolCall[]> {
  return db.$transaction(async (tx: Transaction) => {
    const [row] = await tx.$queryRaw<[{ calls: Prisma.JsonValue }?]>`
      SELECT tool_calls AS calls FROM messages WHERE id = ${messageId}::uuid FOR UPDATE`;
    // Deleted with its conversation.
    if (!row) return [];
    const calls = change(storedToolCalls(row.calls));
    await tx.message.update({
      where: { id: messageId },
      data: { toolCalls: calls as unknown as Prisma.InputJsonArray },
    });
    return calls;
  }, TRANSACTION);
}

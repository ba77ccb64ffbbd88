import { usageEvent } from '#llm/usage-event.ts';
import type { JsonObject } from '#platform/base/json/json.ts';
import type { EventInput } from '#platform/contracts/events.ts';
import type { Message, MessageStatus, Prisma } from '#prisma/chat/client/client.ts';
import { type ChatParts, TRANSACTION, type Transaction } from '../parts.ts';
import type { Draft } from './draft.ts';
import { generationOf, totalOf, unmodelledGeneration } from './generation.ts';
import type { Outcome } from './outcome.ts';

/** The end of a reply in the stream log: all that a reader needs to know of it. */
export interface Final {
  readonly status: MessageStatus;
  /** Length of the text that is kept, in UTF-16 code units. */
  readonly lastSeq: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly usage: ReplyUsage | null;
}

export interface ReplyUsage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly estimated: boolean;
}

/** Returns the end of a reply as its readers get it. */
export const finalOf = (text: string, { status, error, records }: Outcome): Final => ({
  status,
  lastSeq: text.length,
  error: error ?? null,
  usage: totalOf(records)?.usage ?? null,
});

/** Returns the end of a reply for the stream log. */
export const asStreamFinal = (final: Final): JsonObject => ({ ...final }) as unknown as JsonObject;

/**
 * Gives a reply its end, in one transaction with everything that others are to know of it: analytics the calls, memory
 * the text.
 *
 * @returns false when the reply is no longer this epoch's to end: deleted, or taken over. The calls are on record even
 * so.
 */
export async function settle(
  chat: ChatParts,
  reply: Message,
  epoch: number,
  draft: Draft,
  outcome: Outcome,
): Promise<boolean> {
  const { db, outbox } = chat;
  const completedAt = new Date();
  const record = totalOf(outcome.records);
  return db.$transaction(async (tx) => {
    for (const call of outcome.records) {
      const usage = usageEvent(call);
      if (usage) await outbox.record(tx, usage.type, usage.payload);
    }
    const { count } = await tx.message.updateMany({
      where: { id: reply.id, epoch, status: 'STREAMING' },
      data: {
        status: outcome.status,
        text: draft.text,
        reasoning: draft.reasoning === '' ? null : draft.reasoning,
        toolCalls: draft.toolCalls as unknown as Prisma.InputJsonArray,
        citations: draft.citations as unknown as Prisma.InputJsonArray,
        errorCode: outcome.error?.code ?? null,
        errorMessage: outcome.error?.message ?? null,
        completedAt,
      },
    });
    if (count === 0) return false;
    const { unmodelled } = outcome;
    if (record) await tx.generation.create({ data: generationOf(reply.id, record, outcome.context) });
    else if (unmodelled) {
      const { alias, callId, latencyMs } = unmodelled;
      await tx.generation.create({ data: unmodelledGeneration(reply.id, callId, alias, latencyMs) });
    }
    await tx.replyChunk.deleteMany({ where: { messageId: reply.id } });
    await tx.participant.updateMany({
      where: { conversationId: reply.conversationId },
      data: { activityAt: completedAt },
    });
    await announce(chat, tx, reply, outcome.status, draft.text, record?.alias ?? unmodelled?.alias, completedAt);
    return true;
  }, TRANSACTION);
}

/** Tells the others that a reply has its final text. */
export async function announce(
  chat: ChatParts,
  tx: Transaction,
  reply: Message,
  status: Outcome['status'],
  text: string,
  model: string | undefined,
  at: Date,
): Promise<void> {
  const conversation = await tx.conversation.findUnique({
    where: { id: reply.conversationId },
    select: { memoryEnabled: true },
  });
  const payload: EventInput<'message.completed'> = {
    messageId: reply.id,
    conversationId: reply.conversationId,
    userId: reply.requesterId!,
    role: 'ASSISTANT',
    status: status === 'COMPLETE' ? 'COMPLETED' : status,
    text,
    ...(reply.parentId && { parentId: reply.parentId }),
    ...(model !== undefined && { model }),
    remember: conversation?.memoryEnabled ?? false,
    at: at.toISOString(),
  };
  await chat.outbox.record(tx, 'message.completed', payload);
}

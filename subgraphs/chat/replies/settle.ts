import { usageEvent } from '#llm/records/usage-event.ts';
import type { JsonObject } from '#platform/base/json/json.ts';
import type { EventInput } from '#platform/contracts/events.ts';
import { hotRows } from '#platform/data/database/hot-statements.ts';
import type { Fact } from '#platform/data/outbox/outbox.ts';
import { type Message, type MessageStatus, Prisma } from '#prisma/chat/client/client.ts';
import type { Draft } from '../draft/draft.ts';
import { emptiedResults } from '../draft/emptied-results.ts';
import { insertEvents } from '../insert-events.ts';
import type { ChatParts, Transaction } from '../parts.ts';
import { generationOf, insertGenerations, totalOf, unmodelledGeneration } from './generation.ts';
import type { Outcome } from './outcome.ts';
import { isTurnOf } from './turn.ts';

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

/** Returns the end of a reply as it is stored. */
export async function storedFinal(chat: ChatParts, message: Message): Promise<Final> {
  const generation = await chat.db.generation.findUnique({ where: { messageId: message.id } });
  const usage: ReplyUsage | null = generation && {
    inputTokens: generation.inputTokens,
    cachedInputTokens: generation.cachedInputTokens,
    outputTokens: generation.outputTokens,
    reasoningTokens: generation.reasoningTokens,
    estimated: generation.estimated,
  };
  return {
    status: message.status,
    lastSeq: message.text.length,
    error: message.errorCode === null ? null : { code: message.errorCode, message: message.errorMessage ?? '' },
    usage,
  };
}

/** Returns the end of a reply for the stream log. */
export const asStreamFinal = (final: Final): JsonObject => ({ ...final }) as unknown as JsonObject;

/**
 * Gives a reply its end, by one statement with everything that others are to know of it: analytics the calls, memory
 * the text.
 *
 * @returns the replies that have waited for this one; undefined when the reply is no longer this epoch's to end:
 * deleted, or taken over. The calls are on record even so.
 */
export async function settle(
  chat: ChatParts,
  reply: Message,
  epoch: number,
  draft: Draft,
  outcome: Outcome,
): Promise<readonly string[] | undefined> {
  const { db, outbox } = chat;
  const completedAt = new Date();
  const record = totalOf(outcome.records);
  const { unmodelled } = outcome;
  const model = record?.alias ?? unmodelled?.alias;
  const calls = outbox.prepare(
    outcome.records.flatMap((call) => {
      const usage = usageEvent(call);
      return usage ? [{ type: usage.type, payload: usage.payload } as Fact] : [];
    }),
  );
  // Whether memory may keep it, and whether there is still an account that it was written for, is asked at the last
  // moment, by the statement.
  const completed = outbox.prepare(
    completion(reply, outcome.status, draft.text, model, completedAt, false).map((payload) => ({
      type: 'message.completed' as const,
      payload,
    })),
  );
  const generations = [
    ...(record ? [generationOf(reply.id, record, outcome.context)] : []),
    ...(!record && unmodelled
      ? [unmodelledGeneration(reply.id, unmodelled.callId, unmodelled.alias, unmodelled.latencyMs)]
      : []),
  ];
  const [end] = await hotRows<{ ours: boolean; waiting: string[] }>(
    db,
    Prisma.sql`
    WITH drafted AS (
      SELECT ${JSON.stringify(draft.toolCalls)}::jsonb AS tool_calls
    ), counted AS (
      UPDATE conversations SET arrivals = arrivals + 1 WHERE id = ${reply.conversationId}::uuid RETURNING arrivals
    ), ended AS (
      UPDATE messages m SET arrival = counted.arrivals, status = ${outcome.status}::"MessageStatus", epoch = ${epoch}::int, text = ${draft.text},
        reasoning = CASE WHEN m.requester_id IS NOT NULL THEN ${draft.reasoning === '' ? null : draft.reasoning} END,
        tool_calls = CASE WHEN m.requester_id IS NOT NULL THEN drafted.tool_calls
          ELSE ${emptiedResults(Prisma.sql`drafted.tool_calls`)} END,
        requester = CASE WHEN m.requester_id IS NOT NULL THEN m.requester END,
        citations = CASE WHEN m.requester_id IS NULL THEN '[]'::jsonb ELSE ${JSON.stringify(draft.citations)}::jsonb END,
        error_code = ${outcome.error?.code ?? null}, error_message = ${outcome.error?.message ?? null},
        completed_at = ${completedAt}::timestamptz
      FROM counted, drafted
      WHERE m.id = ${reply.id}::uuid AND ${isTurnOf(Prisma.sql`${epoch}::int`)}
      RETURNING m.id, m.conversation_id, m.requester_id
    ), said AS (
      SELECT jsonb_set(${completed.rows}::jsonb, '{0,payload,remember}', to_jsonb(c.memory_enabled)) AS rows
      FROM ended JOIN conversations c ON c.id = ended.conversation_id WHERE ended.requester_id IS NOT NULL
    ), told AS (
      ${insertEvents(Prisma.sql`${calls.rows}::jsonb || coalesce((SELECT rows FROM said), '[]')`)}
    ), made AS (
      ${insertGenerations(generations, Prisma.sql`(SELECT id FROM ended)`)}
    ), written AS (
      DELETE FROM reply_chunks USING ended WHERE message_id = ended.id
    ), seen AS (
      UPDATE participants SET activity_at = ${completedAt}::timestamptz FROM ended
      WHERE participants.conversation_id = ended.conversation_id
    )
    SELECT EXISTS (SELECT FROM ended) AS ours,
      ARRAY(SELECT id::text FROM messages WHERE status = 'PENDING' AND waits_for_id = ${reply.id}::uuid) AS waiting`,
  );
  calls.recorded();
  completed.recorded();
  return end!.ours ? end!.waiting : undefined;
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
  for (const payload of completion(reply, status, text, model, at, conversation?.memoryEnabled ?? false))
    await chat.outbox.record(tx, 'message.completed', payload);
}

/** Nothing is told of a reply to an account that is gone. */
function completion(
  { id, conversationId, requesterId, parentId }: Message,
  status: Outcome['status'],
  text: string,
  model: string | undefined,
  at: Date,
  remember: boolean,
): EventInput<'message.completed'>[] {
  if (requesterId === null) return [];
  return [
    {
      messageId: id,
      conversationId,
      userId: requesterId,
      role: 'ASSISTANT',
      status: status === 'COMPLETE' ? 'COMPLETED' : status,
      text,
      ...(parentId && { parentId }),
      ...(model !== undefined && { model }),
      remember,
      at: at.toISOString(),
    },
  ];
}

import { v7 as uuidv7 } from 'uuid';
import type { LlmCallRecord } from '#llm/records/record.ts';
import { usageEvent } from '#llm/records/usage-event.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import type { Draft } from '../draft/draft.ts';
import { type ChatParts, TRANSACTION } from '../parts.ts';
import { compositionOf } from './compose.ts';
import { generationOf } from './generation.ts';
import { promptOf } from './prompt.ts';

/**
 * Puts the call of a reply on record whose process has died: the provider spent the tokens, and no process is left that
 * was told how many. They are counted here; what they cost is not known. Nothing is recorded when nothing had arrived.
 */
export async function recordEstimate(chat: ChatParts, reply: Message, draft: Draft): Promise<void> {
  if (draft.reasoning + draft.text === '') return;
  const record = await estimate(chat, reply, draft);
  const usage = usageEvent(record);
  await chat.db.$transaction(async (tx) => {
    if (usage) await chat.outbox.record(tx, usage.type, usage.payload);
    await tx.generation.create({ data: generationOf(reply.id, record, undefined) });
  }, TRANSACTION);
}

async function estimate(chat: ChatParts, reply: Message, draft: Draft): Promise<LlmCallRecord> {
  const { models } = chat;
  const { conversation, history } = await compositionOf(chat, reply);
  const asked = reply.model ?? conversation.model ?? undefined;
  const options = asked === undefined ? {} : { model: asked };
  const prompt = promptOf(history, {
    systemPrompt: conversation.systemPrompt,
    instructions: undefined,
    quoted: undefined,
    images: new Map(),
  });
  const [inputTokens, outputTokens, known] = await Promise.all([
    models.count(prompt, options),
    models.count([{ role: 'assistant', content: draft.reasoning + draft.text }], options),
    models.list(),
  ]);
  const startedAt = reply.startedAt ?? reply.createdAt;
  return {
    id: uuidv7(),
    startedAt: startedAt.toISOString(),
    operation: 'chat',
    purpose: 'reply',
    userId: reply.requesterId ?? undefined,
    apiKeyId: (reply.requester as { apiKeyId?: string } | null)?.apiKeyId,
    conversationId: reply.conversationId,
    messageId: reply.id,
    requestId: reply.id,
    alias: asked ?? known[0]?.id ?? 'unknown',
    provider: undefined,
    deployment: undefined,
    model: undefined,
    usage: { inputTokens, cachedInputTokens: 0, outputTokens, reasoningTokens: 0, estimated: true },
    images: 0,
    inputs: 0,
    cost: undefined,
    priceSource: undefined,
    latencyMs: Math.max(0, (reply.heartbeatAt ?? startedAt).getTime() - startedAt.getTime()),
    timeToFirstTokenMs: undefined,
    tokensPerSecond: undefined,
    retries: 0,
    fallbacks: 0,
    cache: 'off',
    outcome: 'interrupted',
    finishReason: undefined,
    errorCode: 'SERVICE_UNAVAILABLE',
  };
}

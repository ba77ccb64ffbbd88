import type { EventInput } from '#platform/outbox/events.ts';
import type { LlmCallRecord, LlmOutcome } from './record.ts';

const OUTCOMES: Record<LlmOutcome, EventInput<'llm.called'>['outcome']> = {
  ok: 'ok',
  stopped: 'stopped',
  interrupted: 'interrupted',
  failed: 'error',
  filtered: 'error',
};

/** The record of a call as the outbox tells analytics of it; undefined when it was made on nobody's behalf. */
export function usageEvent(record: LlmCallRecord): EventInput<'llm.called'> | undefined {
  const { usage } = record;
  if (record.userId === undefined) return undefined;
  return {
    id: record.id,
    userId: record.userId,
    ...(record.apiKeyId !== undefined && { apiKeyId: record.apiKeyId }),
    ...(record.conversationId !== undefined && { conversationId: record.conversationId }),
    ...(record.messageId !== undefined && { messageId: record.messageId }),
    operation: record.purpose === 'reply' ? 'chat' : record.purpose,
    provider: record.provider ?? 'none',
    model: record.alias,
    deployment: record.deployment ?? 'none',
    tokens: {
      input: usage.inputTokens,
      cached: usage.cachedInputTokens,
      output: usage.outputTokens,
      reasoning: usage.reasoningTokens,
    },
    ...(record.images > 0 && { images: record.images }),
    estimated: usage.estimated,
    cost: record.cost ?? '0',
    currency: 'USD',
    latencyMs: record.latencyMs,
    ...(record.timeToFirstTokenMs !== undefined && { timeToFirstTokenMs: record.timeToFirstTokenMs }),
    ...(record.tokensPerSecond !== undefined && { tokensPerSecond: record.tokensPerSecond }),
    retries: record.retries,
    fallbacks: record.fallbacks,
    cacheHit: record.cache === 'hit' || record.cache === 'shared' || record.cache === 'semantic',
    outcome: OUTCOMES[record.outcome],
    ...(record.errorCode !== undefined && { errorCode: record.errorCode }),
    at: record.startedAt,
  };
}

import type { EventInput } from '#platform/contracts/events.ts';
import type { LlmCallRecord, LlmOperation } from './record.ts';

const TYPES = { chat: 'llm.called', embeddings: 'embedding.called', image: 'image.called' } as const satisfies Record<
  LlmOperation,
  string
>;

export interface UsageEvent {
  readonly type: (typeof TYPES)[LlmOperation];
  readonly payload: EventInput<'llm.called'>;
}

/**
 * Returns the event that tells the others of a call. Undefined when the call was on no user's behalf: usage belongs to
 * users.
 *
 * The tokens of a reply from the cache are those that it once took; `cacheHit` says that they were not paid again.
 */
export function usageEvent(record: LlmCallRecord): UsageEvent | undefined {
  if (record.userId === undefined) return undefined;
  const { usage } = record;
  return {
    type: TYPES[record.operation],
    payload: {
      id: record.id,
      userId: record.userId,
      ...(record.apiKeyId !== undefined && { apiKeyId: record.apiKeyId }),
      ...(record.conversationId !== undefined && { conversationId: record.conversationId }),
      ...(record.messageId !== undefined && { messageId: record.messageId }),
      operation: record.purpose,
      provider: record.provider ?? '',
      model: record.alias,
      deployment: record.deployment ?? '',
      tokens: {
        input: usage.inputTokens,
        cached: usage.cachedInputTokens,
        output: usage.outputTokens,
        reasoning: usage.reasoningTokens,
      },
      ...(record.images > 0 && { images: record.images }),
      ...(record.inputs > 0 && { inputs: record.inputs }),
      estimated: usage.estimated,
      ...(record.cost !== undefined && { cost: record.cost }),
      currency: 'USD',
      latencyMs: record.latencyMs,
      ...(record.timeToFirstTokenMs !== undefined && { timeToFirstTokenMs: record.timeToFirstTokenMs }),
      ...(record.tokensPerSecond !== undefined && { tokensPerSecond: record.tokensPerSecond }),
      retries: record.retries,
      fallbacks: record.fallbacks,
      cacheHit: record.cache === 'hit' || record.cache === 'shared' || record.cache === 'semantic',
      outcome: record.outcome === 'failed' || record.outcome === 'filtered' ? 'error' : record.outcome,
      ...(record.errorCode !== undefined && { errorCode: record.errorCode }),
      at: record.startedAt,
    },
  };
}

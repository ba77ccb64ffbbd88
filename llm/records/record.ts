/** The tokens of one call. */
export interface Usage {
  /** All input tokens, those read from the provider's own prompt cache included. */
  readonly inputTokens: number;
  /** The part of `inputTokens` that the provider's prompt cache served. */
  readonly cachedInputTokens: number;
  /** The part of `inputTokens` that was put into it, where the provider has a price for that. */
  readonly cacheWriteTokens?: number;
  /** All output tokens, reasoning included. */
  readonly outputTokens: number;
  /** The part of `outputTokens` that was reasoning. */
  readonly reasoningTokens: number;
  /** True when the provider sent no usage and the tokens were counted here. */
  readonly estimated: boolean;
}

export type LlmOperation = 'chat' | 'embeddings' | 'image';

/**
 * The end of a call. `stopped`: the caller's signal; `interrupted`: the provider failed after the first token;
 * `failed`: nothing was delivered; `filtered`: the provider's content policy.
 */
export type LlmOutcome = 'ok' | 'stopped' | 'interrupted' | 'failed' | 'filtered';

/**
 * The part that a cache had in a call. `hit`: exact cache; `shared`: rode on an equal call already under way;
 * `semantic`: a near-equal prompt's answer.
 */
export type CacheState = 'off' | 'miss' | 'hit' | 'shared' | 'semantic';

/** The record that is kept of every call, whatever became of it. Handed to `onRecord` exactly once a call. */
export interface LlmCallRecord {
  /** UUIDv7; consumers are idempotent by it. */
  readonly id: string;
  /** Start of the call, ISO 8601 in UTC. */
  readonly startedAt: string;
  readonly operation: LlmOperation;
  /** What the call was for, as the caller named it, e.g. `reply`, `title`, `summary`, `memory-extraction`. */
  readonly purpose: string;
  readonly userId: string | undefined;
  readonly apiKeyId: string | undefined;
  readonly conversationId: string | undefined;
  readonly messageId: string | undefined;
  readonly requestId: string | undefined;
  /** The alias that was asked for (or the default's). */
  readonly alias: string;
  /** Absent when no deployment was reached. */
  readonly provider: string | undefined;
  readonly deployment: string | undefined;
  /** The provider's name of the model. */
  readonly model: string | undefined;
  readonly usage: Usage;
  readonly images: number;
  /** Texts of an embedding call. */
  readonly inputs: number;
  /**
   * US dollars as a decimal string, frozen at the prices of that moment; absent when no price is known. Zero for a
   * cache hit.
   */
  readonly cost: string | undefined;
  /** Where the price came from and its date, e.g. `llm.yaml`, `@pydantic/genai-prices 0.1.8 (2026-09-23)`. */
  readonly priceSource: string | undefined;
  readonly latencyMs: number;
  /** From the start of the call to the first content; absent when none came. */
  readonly timeToFirstTokenMs: number | undefined;
  /** Output tokens a second after the first one; absent for fewer than two tokens. */
  readonly tokensPerSecond: number | undefined;
  /** Attempts beyond the first at any deployment. */
  readonly retries: number;
  /** Times the call was moved on to another alias by a fallback chain. */
  readonly fallbacks: number;
  readonly cache: CacheState;
  readonly outcome: LlmOutcome;
  readonly finishReason: string | undefined;
  /** The code of the error that ended the call. */
  readonly errorCode: string | undefined;
}

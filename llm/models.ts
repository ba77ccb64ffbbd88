import type { Redis } from 'ioredis';
import type { Registry } from 'prom-client';
import type { Config } from '#platform/base/config/config.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';
import type { Capabilities, Catalogue } from './catalogue/catalogue.ts';
import type { ChatStream } from './chat-stream.ts';
import type { ChatMessage, ToolDefinition } from './messages.ts';
import type { LlmCallRecord } from './records/record.ts';
import type { CallContext, ChatRequest } from './requests.ts';
import type { ToolServers } from './tools/servers/tool-servers.ts';

/**
 * The language models of this installation (`createModels` in create-models.ts makes them), as chat, memory, vision and
 * vector see them: by alias, whichever provider answers.
 *
 * Every method fails with CodedErrors: MODEL_NOT_CONFIGURED (the message says how to configure one), MODEL_NOT_FOUND,
 * CONTEXT_TOO_LARGE, CONTENT_FILTERED, BUDGET_EXCEEDED (`resetsAt`), RATE_LIMITED (`retryAfter`), PROVIDER_UNAVAILABLE,
 * BAD_USER_INPUT. What a provider wrote in an error goes to the log, not to the client.
 */
export interface Models {
  /** Streams a reply. Nothing is sent until the stream is iterated. */
  chat(request: ChatRequest, call: CallContext): ChatStream;

  /** Whether a reranking model may be configured: only llm.yaml names one. */
  readonly mayRerank: boolean;

  /**
   * Scores texts by how well they answer a query; undefined where no model for it is configured and none is named.
   */
  rerank(request: RerankRequest, call: CallContext): Promise<Reranking | undefined>;

  /** Generates images. */
  image(request: ImageRequest, call: CallContext): Promise<GeneratedImages>;

  /** Every alias that can be asked for, the default first. Empty when no model is configured. */
  list(): Promise<readonly ModelInfo[]>;

  /** State of every deployment, for administrators. */
  health(): Promise<readonly DeploymentHealth[]>;

  /** Input tokens of a conversation for a model, by its tokenizer where that is public, else by the nearest one. */
  count(messages: readonly ChatMessage[], options?: CountOptions): Promise<number>;

  /**
   * Ids of the messages that a request would leave out because they do not fit the window of its model, oldest first.
   *
   * @param reserve tokens that the request will have beyond these messages.
   */
  leftOut(
    request: Pick<ChatRequest, 'model' | 'messages' | 'maxTokens' | 'tools'>,
    reserve: number,
  ): Promise<readonly string[]>;

  /** The tool servers of llm.yaml. */
  readonly toolServers: ToolServers;

  /** Stops watching and probing, and closes connections. Running calls are not cut. */
  close(): Promise<void>;
}

export interface RerankRequest {
  readonly model?: string;
  readonly query: string;
  readonly texts: readonly string[];
}

export interface Reranking {
  readonly alias: string;
  readonly model: string;
  /** 0 to 1, in the order of the texts. */
  readonly scores: readonly number[];
  readonly record: LlmCallRecord;
}

export interface ImageRequest {
  readonly model?: string;
  readonly prompt: string;
  /** 1 to 10; default 1. */
  readonly count?: number;
  /** e.g. `1024x1024`; default: the model's. */
  readonly size?: string;
  readonly quality?: 'auto' | 'low' | 'medium' | 'high' | 'standard' | 'hd';
  readonly background?: 'auto' | 'opaque' | 'transparent';
}

export interface GeneratedImages {
  readonly alias: string;
  readonly model: string;
  readonly images: readonly GeneratedImage[];
  readonly record: LlmCallRecord;
}

/** The bytes of an image, also where the provider handed out a link to it. */
export interface GeneratedImage {
  readonly revisedPrompt: string | undefined;
  readonly bytes: Uint8Array;
}

export interface CountOptions {
  readonly model?: string;
  readonly tools?: readonly ToolDefinition[];
}

/**
 * The prices of a model in US dollars as decimal strings; absent where none is known (a local server costs nothing and
 * says `0`).
 */
export interface ModelPrice {
  readonly inputPerMillion: string | undefined;
  readonly cachedInputPerMillion: string | undefined;
  readonly outputPerMillion: string | undefined;
  readonly perImage: string | undefined;
  readonly source: string;
}

export type HealthState = 'up' | 'degraded' | 'down' | 'unknown';

export interface ModelInfo {
  /** The alias. */
  readonly id: string;
  readonly description: string | undefined;
  /** It answers requests of its kind (chat, embeddings, images, reranking) that name no model. */
  readonly isDefault: boolean;
  readonly capabilities: Capabilities;
  /** Tokens of input and output together; absent when not known. */
  readonly contextWindow: number | undefined;
  readonly maxOutputTokens: number | undefined;
  /** Price of the deployment that is asked first. */
  readonly price: ModelPrice | undefined;
  /** `unknown` until it has been called. */
  readonly health: HealthState;
  readonly deployments: readonly {
    readonly id: string;
    readonly provider: string;
    readonly model: string;
    readonly health: HealthState;
  }[];
}

export interface DeploymentHealth {
  readonly deployment: string;
  readonly provider: string;
  readonly model: string;
  readonly aliases: readonly string[];
  readonly health: HealthState;
  /** Circuit breaker; `cooling` after a 429. */
  readonly state: 'closed' | 'open' | 'half_open' | 'cooling';
  /** ISO 8601: when it is tried again. */
  readonly retryAt: string | undefined;
  readonly inFlight: number;
  readonly calls: number;
  readonly failures: number;
  /** Exponentially weighted, peaks remembered; absent until measured. */
  readonly timeToFirstTokenMs: number | undefined;
  /** The last failure in our words, and what the provider said: for administrators alone, it may repeat anything. */
  readonly lastError:
    | { readonly at: string; readonly code: string; readonly message: string; readonly said: string }
    | undefined;
}

export interface ModelsOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Registry;
  /**
   * For budgets and limits that all processes share (RedisConnections of platform/realtime/redis has both members);
   * absent: in memory.
   */
  readonly redis?: { readonly commands: Redis; readonly prefix: string };
  /** Keeps replies (platform.cache); absent: in memory. */
  readonly cache?: Pick<Cache, 'get' | 'set'>;
  /** Instead of llm.yaml and the environment; for tests and measurements. */
  readonly catalogue?: Catalogue;
  /** Gets every record once. A failure of it is logged and never fails the call. */
  readonly onRecord?: (record: LlmCallRecord) => void | Promise<void>;
  /** Embeds texts for the semantic cache in the name of a call; the cache stays off without it. */
  readonly embedForCache?: (texts: readonly string[], call: CallContext) => Promise<readonly Float32Array[]>;
}

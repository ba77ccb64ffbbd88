import type { ToolServerSettingsMap } from './tool-server-settings.ts';

/**
 * The models that can be asked, resolved and complete: made of llm.yaml, of the environment, or of what runs on this
 * machine.
 */
export interface Catalogue {
  readonly aliases: ReadonlyMap<string, Alias>;
  readonly deployments: ReadonlyMap<string, Deployment>;
  /** The alias that answers when a request names none. */
  readonly defaults: {
    readonly chat?: string;
    readonly embeddings?: string;
    readonly images?: string;
    /** None unless llm.yaml names it: each search would be a call. */
    readonly rerank?: string;
  };
  readonly limits: Limits;
  /** Where it came from, e.g. `llm.yaml`, `environment`, `found on this machine`. */
  readonly source: string;
  /** Why something that was asked for is missing, for people. */
  readonly problems: readonly string[];
  /** Servers whose tools chat may offer; llm.yaml alone names any. */
  readonly toolServers?: ToolServerSettingsMap;
}

export const PROVIDER_TYPES = [
  'openai',
  'azure',
  'anthropic',
  'gemini',
  'openrouter',
  'groq',
  'mistral',
  'deepseek',
  'moonshot',
  'together',
  'vllm',
  'ollama',
  'lmstudio',
  'llamacpp',
  'localai',
  'compatible',
] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

export const APIS = ['chat', 'responses', 'native'] as const;
/**
 * The protocol of an endpoint: `chat` completions, which most speak; OpenAI's `responses`; what is `native` to
 * Anthropic or Gemini.
 */
export type Api = (typeof APIS)[number];

/** An endpoint and its keys. */
export interface Provider {
  readonly id: string;
  readonly type: ProviderType;
  /** Absent: `chat`. */
  readonly api?: Api | undefined;
  /** Without a trailing slash, mostly ending in /v1. */
  readonly baseUrl: string;
  /** Rotated on 429; empty for servers without keys. */
  readonly keys: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Azure only. */
  readonly apiVersion: string | undefined;
  /** Whether `stream_options: {include_usage: true}` may be sent; a few servers refuse it. */
  readonly streamUsage: boolean;
  /** Costs nothing: a server of your own. */
  readonly free: boolean;
}

/** A model at one provider. */
export interface Deployment {
  readonly id: string;
  readonly provider: Provider;
  /** The provider's name of the model (Azure: of the deployment). */
  readonly model: string;
  readonly capabilities: Capabilities;
  /** Tokens of input and output together; absent when not known: then nothing is shortened beforehand. */
  readonly contextWindow: number | undefined;
  readonly maxOutputTokens: number | undefined;
  /** Overrides the price table. */
  readonly price: PriceEntry | undefined;
  readonly tags: readonly string[];
  /** Kept by this process before a provider's 429 does. */
  readonly limits: {
    readonly requestsPerMinute?: number;
    readonly tokensPerMinute?: number;
    readonly parallel?: number;
  };
  /** Longest wait for the next piece of a reply, in milliseconds. */
  readonly stallMs: number;
}

/** The prices of a deployment, in US dollars as decimal strings. */
export interface PriceEntry {
  readonly inputPerMillion?: string;
  readonly cachedInputPerMillion?: string;
  readonly cacheWritePerMillion?: string;
  readonly outputPerMillion?: string;
  readonly perImage?: string;
}

export const STRATEGIES = ['priority', 'weighted', 'least_busy', 'lowest_latency', 'cheapest'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** A name that clients ask for. */
export interface Alias {
  readonly id: string;
  readonly description: string | undefined;
  readonly strategy: Strategy;
  readonly targets: readonly Target[];
  readonly fallbacks: {
    readonly general: readonly string[];
    readonly contextWindow: readonly string[];
    readonly contentPolicy: readonly string[];
  };
  readonly retries: Retries;
  /** A second deployment is asked when the first has sent nothing for so long; absent: never. */
  readonly hedgeAfterMs: number | undefined;
  readonly cache: CacheRule | undefined;
  readonly semanticCache: SemanticRule | undefined;
  /** The alias that summarises what does not fit; absent: older messages are dropped. */
  readonly summariseWith: string | undefined;
}

export interface Target {
  readonly deployment: Deployment;
  readonly weight: number;
  /** Lower is asked first, whatever the strategy. */
  readonly order: number;
  readonly when: Condition | undefined;
}

/** A target with a condition is taken only for requests that meet all of it, and before targets without one. */
export interface Condition {
  readonly minInputTokens?: number;
  readonly maxInputTokens?: number;
  readonly needs?: readonly (keyof Capabilities)[];
  readonly tags?: readonly string[];
}

export interface Retries {
  /** Attempts beyond the first, over all deployments of the alias. */
  readonly attempts: number;
  /** The wait before the same deployment is asked again grows from `baseMs` to `maxMs`, with full jitter. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Longest Retry-After that is waited for; beyond it the caller gets RATE_LIMITED. */
  readonly maxWaitMs: number;
}

export interface CacheRule {
  readonly ttlMs: number;
  /** `shared`: one user's reply may be another's. */
  readonly scope: 'user' | 'shared';
}

export interface SemanticRule extends CacheRule {
  /** Cosine similarity from which a stored prompt counts as equal, 0 to 1. */
  readonly threshold: number;
}

/** The limits of a user, of an API key, and of all calls to an alias. */
export interface Limits {
  readonly user: LimitRule | undefined;
  readonly apiKey: LimitRule | undefined;
  readonly models: ReadonlyMap<string, LimitRule>;
}

export interface LimitRule {
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  /** US dollars as a decimal string. */
  readonly budget?: { readonly amount: string; readonly per: 'day' | 'month' };
}

export const NO_LIMITS: Limits = { user: undefined, apiKey: undefined, models: new Map() };

export const DEFAULT_RETRIES: Retries = { attempts: 2, baseMs: 250, maxMs: 5_000, maxWaitMs: 20_000 };

/** Returns an alias for one deployment, as the environment makes them. */
export const aliasFor = (id: string, deployment: Deployment): Alias => ({
  id,
  description: undefined,
  strategy: 'priority',
  targets: [{ deployment, weight: 1, order: 0, when: undefined }],
  fallbacks: { general: [], contextWindow: [], contentPolicy: [] },
  retries: DEFAULT_RETRIES,
  hedgeAfterMs: undefined,
  cache: undefined,
  semanticCache: undefined,
  summariseWith: undefined,
});

/** The abilities of a model. */
export interface Capabilities {
  readonly chat: boolean;
  readonly tools: boolean;
  readonly vision: boolean;
  readonly json: boolean;
  readonly reasoning: boolean;
  readonly embeddings: boolean;
  readonly images: boolean;
  /** Scores texts by how well they answer a query. */
  readonly rerank: boolean;
}

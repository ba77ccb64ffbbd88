import type { Identity } from '#platform/identity/identity.ts';
import type { ChatMessage, ToolDefinition } from './messages.ts';

/** The user on whose behalf a call is made, and its purpose. */
export interface CallContext {
  readonly identity: Identity;
  /** Aborting it aborts the provider's HTTP request at once. */
  readonly signal?: AbortSignal;
  /** What the call is for, in one or two words; goes into the record. Default: `reply` for chat, else the operation. */
  readonly purpose?: string;
  readonly conversationId?: string;
  readonly messageId?: string;
  readonly requestId?: string;
}

export interface ChatRequest {
  /** An alias of the catalogue; absent: the default. */
  readonly model?: string;
  readonly messages: readonly ChatMessage[];
  /** 0 to 2. */
  readonly temperature?: number;
  /** 0 to 1. */
  readonly topP?: number;
  /** Most tokens of the reply; absent: the deployment's own limit. */
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly reasoningEffort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh';
  readonly tools?: readonly ToolDefinition[];
  readonly toolChoice?:
    | 'auto'
    | 'none'
    | 'required'
    | { readonly type: 'function'; readonly function: { readonly name: string } };
  /** `json`: any JSON object; `json_schema`: JSON of that schema, where the provider can hold a model to it. */
  readonly output?: { readonly type: 'json' } | JsonSchemaOutput;
  /** `use` (default): as the alias says; `bypass`: neither read nor written; `refresh`: not read, written. */
  readonly cache?: 'use' | 'bypass' | 'refresh';
  /** `fail`: CONTEXT_TOO_LARGE instead of dropping older messages. Default: `shorten`. */
  readonly overflow?: 'shorten' | 'fail';
  /** For routing by condition: deployments tagged so are taken first. */
  readonly tags?: readonly string[];
}

export interface JsonSchemaOutput {
  readonly type: 'json_schema';
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly strict?: boolean;
}

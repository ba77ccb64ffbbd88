import type { JsonObject } from '#platform/base/json/json.ts';
import type { ReasoningField } from '../messages.ts';

/**
 * The reason why a reply ended. `stop`, `length`, `tool_calls`: as the provider says. `content_filter`: its policy cut
 * the reply. `stopped`: the caller's signal ended it; what had arrived was delivered and its usage is estimated.
 */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'stopped';

export interface TextDelta {
  readonly type: 'text';
  readonly text: string;
}

/** A piece of what a model thinks. */
export interface ReasoningDelta {
  readonly type: 'reasoning';
  /** May be empty where only `details` came. */
  readonly text: string;
  /** Where it came; absent for tags in the text, which no provider wants back. */
  readonly field?: ReasoningField;
  /** OpenRouter's `reasoning_details` as they came, signatures and encrypted thoughts: it wants them back unchanged. */
  readonly details?: readonly JsonObject[];
}

/** A piece of a tool call. `id` and `name` come with its first piece, `arguments` in pieces to concatenate. */
export interface ToolCallDelta {
  readonly type: 'tool-call';
  /** Position of the call in the message: pieces of equal index belong together. */
  readonly index: number;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly arguments: string;
  /** Gemini's `extra_content` with the signature of a thought, which it wants back unchanged. */
  readonly extra?: JsonObject;
}

/** A word of the provider that the text before it draws on a source. */
export interface CitationDelta {
  readonly type: 'citation';
  /** The source's number in the messages; absent for a page that the provider found by itself. */
  readonly number?: number;
  /** That page; `url` is http: or https:. */
  readonly page?: { readonly url: string; readonly title: string };
  /** Words of the source; absent where it is not known which. */
  readonly quote?: string;
  /** Where the text draws on the page: here, by its number; or nowhere, for it was only found. Absent: before. */
  readonly place?: 'here' | 'nowhere';
}

export type Delta = TextDelta | ReasoningDelta | ToolCallDelta | CitationDelta;

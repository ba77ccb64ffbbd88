import type { JsonObject } from '#platform/base/json/json.ts';

/**
 * A message as every OpenAI-compatible server takes them, plus what only this layer reads (`id`, `pinned`,
 * `echo`, `sources`), which is never sent to a provider as it is.
 */
export type ChatMessage = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

/** A message of the conversation itself, which the system's are not. */
export type Spoken = UserMessage | AssistantMessage | ToolMessage;

/** Returns whether a message is the person's, the model's or a tool's. */
export const isSpoken = (message: ChatMessage): message is Spoken =>
  message.role !== 'system' && message.role !== 'developer';

interface Common {
  /** The caller's own name for the message; the report on fitting repeats it. */
  readonly id?: string;
  /** Kept whatever must be dropped to fit the window. System messages are kept anyway. */
  readonly pinned?: boolean;
}

export interface SystemMessage extends Common {
  readonly role: 'system' | 'developer';
  readonly content: string;
}

/** A text that a message quotes, and that the reply may refer to by its number. */
export interface Source {
  readonly number: number;
  readonly title: string;
  /** Where it is, of a page of the web. */
  readonly url?: string;
  readonly text: string;
}

export interface UserMessage extends Common {
  readonly role: 'user';
  readonly content: string | readonly ContentPart[];
  readonly name?: string;
  /** What `content` quotes, for providers that say what they cite: they get these in its place. */
  readonly sources?: readonly Source[];
}

export interface AssistantMessage extends Common {
  readonly role: 'assistant';
  /** What the deployment that wrote it wants back; no other one gets it. */
  readonly echo?: Echo | undefined;
  /** Null or absent when the message only calls tools. */
  readonly content?: string | null;
  readonly tool_calls?: readonly ToolCall[];
}

/**
 * The member of a message in which a provider sends reasoning, and takes it back. `parts`: as `details` alone, which
 * are Anthropic's blocks, or items of OpenAI's Responses API.
 */
export type ReasoningField = 'reasoning_content' | 'reasoning' | 'content' | 'parts';

/**
 * A part of a reply that its deployment wants back with the results of the tools that it called: DeepSeek and Moonshot
 * answer 400 without the reasoning, Gemini without the signatures of its calls.
 */
export interface Echo {
  /** Of no use to another one, and refused by some. */
  readonly deployment: string;
  readonly reasoning?: string;
  /** The member that the reasoning came in. */
  readonly field?: ReasoningField;
  readonly details?: readonly JsonObject[];
  /** `extra_content` of the calls, in their order. */
  readonly extras?: readonly (JsonObject | null)[];
}

/** The result of one tool call; must follow the assistant message that made the call. */
export interface ToolMessage extends Common {
  readonly role: 'tool';
  readonly tool_call_id: string;
  readonly content: string;
  /** As of a person's message. */
  readonly sources?: readonly Source[];
}

export type ContentPart = TextContent | ImageContent;

export interface TextContent {
  readonly type: 'text';
  readonly text: string;
}

export interface ImageContent {
  readonly type: 'image_url';
  /** `url` is an https: or a data: URL. `detail` steers the price at providers that know it. */
  readonly image_url: { readonly url: string; readonly detail?: 'auto' | 'low' | 'high' };
}

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  /** `arguments` is JSON text as the model wrote it: it may be malformed. */
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface ToolDefinition {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    /** JSON Schema of the arguments. */
    readonly parameters?: Readonly<Record<string, unknown>>;
    readonly strict?: boolean;
  };
}

/** Returns all text of a message, images left out. */
export function textOf(message: ChatMessage): string {
  const { content } = message;
  if (content === null || content === undefined) return '';
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

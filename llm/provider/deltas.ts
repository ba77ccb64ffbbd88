/**
 * The reason why a reply ended. `stop`, `length`, `tool_calls`: as the provider says. `content_filter`: its policy cut
 * the reply. `stopped`: the caller's signal ended it; what had arrived was delivered and its usage is estimated.
 */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'stopped';

export interface TextDelta {
  readonly type: 'text';
  readonly text: string;
}

export interface ReasoningDelta {
  readonly type: 'reasoning';
  readonly text: string;
}

/** A piece of a tool call. `id` and `name` come with its first piece, `arguments` in pieces to concatenate. */
export interface ToolCallDelta {
  readonly type: 'tool-call';
  /** Position of the call in the message: pieces of equal index belong together. */
  readonly index: number;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly arguments: string;
}

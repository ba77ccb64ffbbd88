import type { Echo } from '#llm/messages.ts';
import type { ToolResult } from '#llm/tools/registry.ts';
import type { Prisma } from '#prisma/chat/client/client.ts';

/** A call of a tool as it is stored with the reply that makes it. */
export interface ToolCall {
  /** Of its own within the reply, whatever the provider numbers. */
  readonly id: string;
  readonly name: string;
  /** JSON as the model wrote it. */
  readonly arguments: string;
  readonly runsOn: 'SERVER' | 'CLIENT';
  /** Calls of one round were made at once; counts from 1. */
  readonly round: number;
  /** Length of the reply's text before the call, in UTF-16 code units. */
  readonly textOffset: number;
  readonly result?: ToolCallResult;
  /** Of the first call of a round: what the deployment that made the calls wants back with their results. */
  readonly echo?: Echo;
}

export interface ToolCallResult {
  readonly status: Uppercase<ToolResult['status']>;
  /** What the model is told. */
  readonly content: string;
  /** Of tools of the server. */
  readonly durationMs?: number;
}

/** Returns the result of a tool of the server as it is stored. */
export const resultOf = ({ status, content, durationMs }: ToolResult): ToolCallResult => ({
  status: status.toUpperCase() as ToolCallResult['status'],
  content,
  durationMs,
});

/** Returns tool calls from a JSON column. */
export const storedToolCalls = (stored: Prisma.JsonValue): readonly ToolCall[] => stored as unknown as ToolCall[];

/** Returns the calls whose results the client owes. */
export const owedByClient = (calls: readonly ToolCall[]): ToolCall[] =>
  calls.filter(({ runsOn, result }) => runsOn === 'CLIENT' && result === undefined);

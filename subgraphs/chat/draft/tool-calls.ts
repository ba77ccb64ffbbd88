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
  /** The tool server that the tool belongs to; absent for the tools of this server and of the client. */
  readonly server?: string;
  /** Whether it is called with an account of the person who asked for the reply: what it gives is that person's. */
  readonly isPersonal?: boolean;
  /** Of a call that a person must allow. */
  readonly approval?: ToolApproval;
  /** Of the first call of a round: what the deployment that made the calls wants back with their results. */
  readonly echo?: Echo;
}

/** The permission that a call needs. Moments are ISO 8601. */
export interface ToolApproval {
  /** Until then the call can be allowed. */
  readonly expiresAt: string;
  /** Digest of what the tool was when the model called it. */
  readonly version: string;
  readonly decided?: 'APPROVED' | 'REJECTED';
  readonly decidedAt?: string;
  /** When it was begun: it is never begun again, whatever became of it. */
  readonly begunAt?: string;
}

export type ApprovalStatus = 'WAITING' | 'APPROVED' | 'REJECTED' | 'EXPIRED';

export interface ToolCallResult {
  readonly status: Uppercase<ToolResult['status']> | 'REJECTED';
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

/** Returns what has become of the permission. */
export const approvalStatus = ({ decided, expiresAt }: ToolApproval, now = Date.now()): ApprovalStatus =>
  decided ?? (Date.parse(expiresAt) > now ? 'WAITING' : 'EXPIRED');

/** Returns the calls that wait for a person's yes or no. */
export const awaitingApproval = (calls: readonly ToolCall[]): ToolCall[] =>
  calls.filter(({ approval }) => approval && approvalStatus(approval) === 'WAITING');

/** Returns the calls that were allowed and have not been begun. */
export const dueCalls = (calls: readonly ToolCall[]): ToolCall[] =>
  calls.filter(
    ({ approval, result }) =>
      approval?.decided === 'APPROVED' && approval.begunAt === undefined && result === undefined,
  );

/** Returns a call as a copy of its conversation has it: what was allowed there is not allowed here. */
export const copiedCall = (call: ToolCall): ToolCall =>
  dueCalls([call]).length === 0
    ? call
    : { ...call, approval: { ...call.approval!, begunAt: call.approval!.decidedAt! } };

/** Returns what a model is told of a call without a result. */
export function unanswered({ approval }: ToolCall): string {
  if (!approval) return 'There is no result: the call was not answered.';
  if (approval.begunAt !== undefined) return 'The call was begun, and its result was lost: it may have had its effect.';
  return 'There is no result: the user was asked to allow the call, and has not.';
}

/** Returns the calls whose results the client owes. */
export const owedByClient = (calls: readonly ToolCall[]): ToolCall[] =>
  calls.filter(({ runsOn, result }) => runsOn === 'CLIENT' && result === undefined);

import { GraphQLError } from 'graphql';
import type { LlmCallRecord } from '#llm/records/record.ts';
import type { FitReport } from '#llm/tokens/fit.ts';
import { OUTAGES, outageOf } from '#platform/base/errors/outage.ts';
import type { MessageStatus } from '#prisma/chat/client/client.ts';

/** The end of the writing of a reply. */
export interface Outcome {
  readonly status: Extract<MessageStatus, 'COMPLETE' | 'INTERRUPTED' | 'STOPPED' | 'FAILED'>;
  readonly error?: { readonly code: string; readonly message: string };
  /** Of the model's calls: one, or none, or one for each round of tools. */
  readonly records: readonly LlmCallRecord[];
  /** What answered in a model's stead. */
  readonly unmodelled?: { readonly alias: string; readonly callId: string; readonly latencyMs: number };
  /** What was done to make the conversation fit the model's window; absent when all of it was sent. */
  readonly context?: FitReport | undefined;
}

/** The reason of an abort says how the reply ends. */
export class StopRequest extends Error {
  override name = 'StopRequest';
  readonly status: 'STOPPED' | 'INTERRUPTED';
  readonly error: Outcome['error'];
  constructor(status: 'STOPPED' | 'INTERRUPTED', error?: Outcome['error']) {
    super(error?.message ?? 'stopped');
    this.status = status;
    this.error = error;
  }
}

/** Returns how a reply ends that `error`, or the abort of `signal`, broke off. Throws an error that has no code. */
export function failureOf(error: unknown, signal: AbortSignal): Pick<Outcome, 'status' | 'error'> {
  const reason: unknown = signal.aborted ? signal.reason : undefined;
  if (signal.aborted) {
    if (!(reason instanceof StopRequest)) return { status: 'STOPPED' };
    return { status: reason.status, ...(reason.error && { error: reason.error }) };
  }
  // What another subgraph refuses comes as a GraphQLError with its code.
  const code = error instanceof GraphQLError ? error.extensions.code : undefined;
  if (!(error instanceof GraphQLError) || typeof code !== 'string') throw error;
  return {
    status: error.extensions.phase === 'after_first_token' ? 'INTERRUPTED' : 'FAILED',
    error: { code, message: error.message },
  };
}

/** Returns what the log and people are told of an error without a code which broke off the writing of a reply. */
export function breakdownOf(error: unknown): { readonly logged: string; readonly told: NonNullable<Outcome['error']> } {
  const outage = outageOf(error);
  if (outage !== undefined) {
    const { log, message } = OUTAGES[outage];
    return { logged: log, told: { code: 'SERVICE_UNAVAILABLE', message } };
  }
  const message = 'Something went wrong while the reply was written.';
  return { logged: 'writing a reply failed unexpectedly', told: { code: 'INTERNAL_SERVER_ERROR', message } };
}

import type { ChatMessage } from '../messages.ts';

/** What was done to make a conversation fit. Messages are named by their `id`, or by `#<index>` where they have none. */
export interface FitReport {
  /** Tokens of the messages that are sent, as counted here. */
  readonly inputTokens: number;
  /** Tokens that the window leaves for input. */
  readonly inputLimit: number;
  readonly kept: readonly string[];
  readonly dropped: readonly string[];
  /** Messages that a summary replaced. */
  readonly summarised: readonly string[];
}

export interface Fitted {
  readonly messages: readonly ChatMessage[];
  readonly report: FitReport;
}

import type { CitationDelta, FinishReason, ReasoningDelta, TextDelta, ToolCallDelta } from './provider/deltas.ts';
import type { CacheState, LlmCallRecord, Usage } from './records/record.ts';
import type { FitReport } from './tokens/fit.ts';

/** A piece of a reply. The order is: one `start`, any deltas, one `finish`. A failure throws instead of `finish`. */
export type ChatPart = StartPart | TextDelta | ReasoningDelta | ToolCallDelta | CitationDelta | FinishPart;

/**
 * The part that comes with the first content, when it is certain who answers; not at all when the call is stopped
 * before that.
 */
export interface StartPart {
  readonly type: 'start';
  readonly alias: string;
  readonly provider: string;
  readonly deployment: string;
  readonly model: string;
  readonly cache: CacheState;
  /** What was left out or summarised to fit the window; absent when everything fitted. */
  readonly context: FitReport | undefined;
}

export interface FinishPart {
  readonly type: 'finish';
  readonly reason: FinishReason;
  readonly usage: Usage;
  readonly record: LlmCallRecord;
}

/**
 * A reply. Iterate it once; nothing is sent before. Leaving the loop early stops the provider, as the signal does.
 *
 * Iteration throws a CodedError. Its extension `phase` is `before_first_token` (nothing was delivered: it may be asked
 * again) or `after_first_token` (what arrived is a beginning: end the reply as interrupted, never start a second one).
 * Errors of limits, budgets and parameters have no phase: nothing was sent.
 */
export interface ChatStream extends AsyncIterable<ChatPart> {
  /**
   * The record of the call, once it has ended in any way; undefined when it was refused before it began (unknown model,
   * wrong parameter). Never rejects. Pending for ever unless the caller iterates.
   */
  readonly record: Promise<LlmCallRecord | undefined>;
}

/** A reply read to its end. */
export interface Reply {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finish: FinishPart;
}

/** Reads a reply to its end, for callers that do not stream (titles, summaries, extraction). */
export async function collect(stream: ChatStream): Promise<Reply> {
  let text = '';
  let reasoning = '';
  const calls: { id: string; name: string; arguments: string }[] = [];
  for await (const part of stream) {
    if (part.type === 'text') text += part.text;
    else if (part.type === 'reasoning') reasoning += part.text;
    else if (part.type === 'tool-call') {
      calls[part.index] ??= { id: '', name: '', arguments: '' };
      const call = calls[part.index]!;
      call.id ||= part.id ?? '';
      call.name ||= part.name ?? '';
      call.arguments += part.arguments;
    } else if (part.type === 'finish') {
      return { text, reasoning, toolCalls: calls.filter(Boolean), finish: part };
    }
  }
  throw new Error('a chat stream ended without a finish part');
}

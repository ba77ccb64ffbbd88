import type { Message } from '#prisma/chat/client/client.ts';
import { asPiece, type Draft, finished, type Part, type Piece } from '../draft/draft.ts';
import type { ToolCall, ToolCallResult } from '../draft/tool-calls.ts';
import { readsPrivately } from '../tools/server-tools.ts';

/**
 * Returns whether a user may read what a reply was written from. It belongs to the person who asked for it: what memory
 * and knowledge gave, as citations or to a tool, what a tool found with an account of that person, and what the model
 * thought about that. Other participants read the
 * text, and no more.
 */
export const mayReadSources = ({ requesterId }: Pick<Message, 'requesterId'>, userId: string | undefined): boolean =>
  requesterId !== null && requesterId === userId;

const WITHHELD = 'Only the person who asked for this reply may read what was found.';

/**
 * Returns a call without what it found that is private. The arguments go too: the model may have put into them what it
 * had read.
 */
export const withoutSources = <Call extends Omit<ToolCall, 'result'> & { readonly result?: ToolCallResult }>({
  // What was thought about them goes, too.
  echo: _echo,
  ...call
}: Call): Omit<Call, 'echo'> =>
  readsPrivately(call)
    ? { ...call, arguments: '{}', ...(call.result && { result: { ...call.result, content: WITHHELD } }) }
    : call;

/** Returns what a user may read of a message. `draft` is what there is of a reply that is being written. */
export const seenBy = (userId: string | undefined, message: Message, draft: Draft = finished(message)): Draft =>
  mayReadSources(message, userId) ? draft : withheld(draft);

/** Returns the draft as participants see it who did not ask for the reply. */
export function withheld(draft: Draft): Draft {
  const drewOnSources = draft.citations.length > 0 || draft.toolCalls.some(readsPrivately);
  return {
    text: draft.text,
    reasoning: drewOnSources ? '' : draft.reasoning,
    toolCalls: draft.toolCalls.map(withoutSources),
    citations: [],
  };
}

/**
 * A filter that takes the sources out of a reply that is being written, piece by piece, as `withheld` does for a whole
 * one.
 */
export class Withholding {
  #drewOnSources = false;
  readonly #calls = new Set<string>();

  /** Returns the pieces that may be shown. They must come in the order in which they were written. */
  show(pieces: readonly Piece[]): Piece[] {
    return pieces.flatMap((piece) => {
      if (piece.kind === 'TEXT') return piece;
      if (piece.kind === 'REASONING') return this.#drewOnSources ? [] : piece;
      return this.#showPart(JSON.parse(piece.body) as Part);
    });
  }

  #showPart({ toolCall, toolResult, citations, quote }: Part): Piece[] {
    if (quote) return [];
    if (citations) {
      this.#drewOnSources ||= citations.length > 0;
      return [];
    }
    if (toolCall && readsPrivately(toolCall)) {
      this.#drewOnSources = true;
      this.#calls.add(toolCall.id);
      return [asPiece({ toolCall: withoutSources(toolCall) })];
    }
    if (toolResult && this.#calls.has(toolResult.callId)) {
      return [asPiece({ toolResult: { ...toolResult, result: { ...toolResult.result, content: WITHHELD } } })];
    }
    return [asPiece({ ...(toolCall && { toolCall }), ...(toolResult && { toolResult }) })];
  }
}

import { CodedError } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { GRAPH } from './graph.ts';
import type { Answering, AnswerPiece, Finish, Usage } from './pieces.ts';

/** The input of `completion`, as far as this door fills it. */
export interface CompletionInput {
  readonly model?: string | undefined;
  readonly [name: string]: unknown;
}

interface CompletionEvent {
  readonly __typename: string;
  readonly text: string;
  readonly index: number;
  readonly id: string | null;
  readonly name: string | null;
  readonly arguments: string;
  readonly finishReason: string;
  readonly usage: Usage;
}

/** Asks a model without a conversation. */
export const completionOf = (visit: Visit, input: CompletionInput): Answering => ({
  model: input.model ?? 'default',
  metadata: {},
  async follow(take) {
    let isWhole = false;
    await visit.follow<CompletionEvent>(GRAPH.OpenAiCompletion, { input }, (event) => {
      const piece = pieceOf(event);
      if (piece?.kind === 'end') isWhole = true;
      if (piece) take(piece);
      return undefined;
    });
    if (!isWhole) throw new CodedError('PROVIDER_UNAVAILABLE', 'The answer ended before it was whole.');
  },
});

function pieceOf(event: CompletionEvent): AnswerPiece | undefined {
  switch (event.__typename) {
    case 'CompletionText':
      return { kind: 'text', text: event.text };
    case 'CompletionReasoning':
      return { kind: 'reasoning', text: event.text };
    case 'CompletionToolCallPiece': {
      const { index, id, name } = event;
      return { kind: 'call', index, id: id ?? undefined, name: name ?? undefined, arguments: event.arguments };
    }
    case 'CompletionEnd':
      return { kind: 'end', finish: event.finishReason.toLowerCase() as Finish, usage: event.usage };
    default:
      return undefined;
  }
}

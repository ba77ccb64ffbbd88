import { CodedError } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { AnnotatedText } from './annotations.ts';
import { GRAPH } from './graph.ts';
import { inOwnNames, type OwnNames } from './own-names.ts';
import type { Answering, AnswerPiece, AnswerSource, Finish, Usage } from './pieces.ts';

/** The input of `completion`, as far as this door fills it. */
export interface CompletionInput {
  readonly model?: string | undefined;
  readonly responseFormat?: object | undefined;
  readonly [name: string]: unknown;
}

interface CompletionEvent {
  readonly __typename: string;
  readonly citations: readonly AnswerSource[];
  readonly text: string;
  readonly index: number;
  readonly id: string | null;
  readonly name: string | null;
  readonly arguments: string;
  readonly finishReason: string;
  readonly usage: Usage;
}

/**
 * Asks a model without a conversation.
 *
 * @param names of the route.
 */
export const completionOf = (visit: Visit, input: CompletionInput, names: OwnNames): Answering => ({
  model: input.model ?? 'default',
  metadata: {},
  async follow(take) {
    let isWhole = false;
    const text = new AnnotatedText(input.responseFormat !== undefined);
    const following = visit.follow<CompletionEvent>(GRAPH.OpenAiCompletion, { input }, (event) => {
      if (event.__typename === 'CompletionCitations') text.know(event.citations);
      for (const piece of piecesOf(event, text)) {
        if (piece.kind === 'end') isWhole = true;
        take(piece);
      }
      return undefined;
    });
    await inOwnNames(names, following);
    if (!isWhole) throw new CodedError('PROVIDER_UNAVAILABLE', 'The answer ended before it was whole.');
  },
});

/** What is held back of the text comes before all that is not text. */
function piecesOf(event: CompletionEvent, text: AnnotatedText): AnswerPiece[] {
  switch (event.__typename) {
    case 'CompletionText':
      return text.take(event.text);
    case 'CompletionReasoning':
      return [...text.end(), { kind: 'reasoning', text: event.text }];
    case 'CompletionToolCallPiece': {
      const { index, id, name } = event;
      return [
        ...text.end(),
        { kind: 'call', index, id: id ?? undefined, name: name ?? undefined, arguments: event.arguments },
      ];
    }
    case 'CompletionEnd':
      return [...text.end(), { kind: 'end', finish: event.finishReason.toLowerCase() as Finish, usage: event.usage }];
    default:
      return [];
  }
}

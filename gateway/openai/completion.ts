import { CodedError } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { AnnotatedText } from './annotations.ts';
import { GRAPH } from './graph.ts';
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
 * @param nameOf names a message of the input as the client does.
 */
export const completionOf = (visit: Visit, input: CompletionInput, nameOf: (message: number) => string): Answering => ({
  model: input.model ?? 'default',
  metadata: {},
  async follow(take) {
    let isWhole = false;
    const text = new AnnotatedText(input.responseFormat !== undefined);
    await visit
      .follow<CompletionEvent>(GRAPH.OpenAiCompletion, { input }, (event) => {
        if (event.__typename === 'CompletionCitations') text.know(event.citations);
        for (const piece of piecesOf(event, text)) {
          if (piece.kind === 'end') isWhole = true;
          take(piece);
        }
        return undefined;
      })
      .catch((error: unknown) => Promise.reject(inTheirNames(error, nameOf)));
    if (!isWhole) throw new CodedError('PROVIDER_UNAVAILABLE', 'The answer ended before it was whole.');
  },
});

/** Returns a refusal of the content of a message with the name that it has here. */
function inTheirNames(error: unknown, nameOf: (message: number) => string): unknown {
  if (!(error instanceof Error) || !('extensions' in error)) return error;
  const { argument, ...details } = (error as CodedError).extensions;
  const [named, index] = /^input\.messages\.(\d+)\.(?:text|images)\b[\w.]*$/.exec(String(argument)) ?? [];
  if (named === undefined) return error;
  const name = nameOf(Number(index));
  return new CodedError('BAD_USER_INPUT', error.message.replace(named, name), { ...details, argument: name });
}

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

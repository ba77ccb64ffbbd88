import { describe, expect, it } from 'vitest';
import type { Visit } from '../doors/visit.ts';
import { completionOf } from './completion.ts';
import { replyOf } from './conversation.ts';
import type { Answering, AnswerPiece } from './pieces.ts';

const citations = [{ index: 1, title: 'Rain', url: 'https://example.org/rain', document: null }];

/** A visit of a graph that tells these events. */
const visitOf = (events: readonly object[]) =>
  ({
    follow: async (_operation: unknown, _variables: object, take: (event: object) => void) => events.forEach(take),
    need: async () => ({ toolCalls: [], generation: null }),
  }) as unknown as Visit;

async function kindsOf(answering: Answering): Promise<string> {
  const pieces: AnswerPiece[] = [];
  await answering.follow((piece) => pieces.push(piece));
  return pieces.map((piece) => (piece.kind === 'text' ? piece.text : `<${piece.kind}>`)).join('');
}

describe('a mark before a call or reasoning comes before it', () => {
  it.each([
    ['reasoning', { __typename: 'CompletionReasoning', text: 'Hm' }],
    ['call', { __typename: 'CompletionToolCallPiece', index: 0, id: '1', name: 'look', arguments: '{}' }],
  ])('without a conversation: %s', async (kind, event) => {
    const visit = visitOf([
      { __typename: 'CompletionCitations', citations },
      { __typename: 'CompletionText', text: 'It rains [1]' },
      event,
      { __typename: 'CompletionEnd', finishReason: 'STOP' },
    ]);
    expect(await kindsOf(completionOf(visit, {}, []))).toBe(`It rains [1]<annotation><${kind}><end>`);
  });

  it.each([
    ['reasoning', { __typename: 'ReplyReasoning', reasoning: 'Hm' }],
    ['call', { __typename: 'ReplyToolCall', toolCall: { id: '1', name: 'look', arguments: '{}', runsOn: 'CLIENT' } }],
  ])('in a conversation: %s', async (kind, event) => {
    const visit = visitOf([
      { __typename: 'ReplyCitations', citations },
      { __typename: 'ReplyText', text: 'It rains [1]' },
      event,
      { __typename: 'ReplyEnd', status: 'COMPLETE', error: null },
    ]);
    expect(await kindsOf(replyOf(visit, 'conversation', 'reply', 'smart'))).toBe(
      `It rains [1]<annotation><${kind}><end>`,
    );
  });
});

it('what was asked for as JSON has no marks, whatever it begins with', async () => {
  const completion = visitOf([
    { __typename: 'CompletionCitations', citations },
    { __typename: 'CompletionText', text: '1 [1] ' },
    { __typename: 'CompletionEnd', finishReason: 'STOP' },
  ]);
  expect(await kindsOf(completionOf(completion, { responseFormat: { type: 'JSON' } }, []))).toBe('1 [1] <end>');
  const reply = visitOf([
    { __typename: 'ReplyCitations', citations },
    { __typename: 'ReplyText', text: '1 [1] ' },
    { __typename: 'ReplyEnd', status: 'COMPLETE', error: null },
  ]);
  expect(await kindsOf(replyOf(reply, 'conversation', 'reply', 'smart', true))).toBe('1 [1] <end>');
});

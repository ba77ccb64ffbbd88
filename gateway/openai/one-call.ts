import { badInput } from '#platform/base/errors/errors.ts';
import type { Answering } from './pieces.ts';

/**
 * Returns an answer that calls one tool at most, as `parallel_tool_calls: false` asks. Models may make more calls all
 * the same: only the first is handed on, and a model that is told its result makes the next one again.
 */
export const withOneCall = (answering: Answering): Answering => ({
  ...answering,
  follow: (take) =>
    answering.follow((piece) => {
      if (piece.kind !== 'call' || piece.index === 0) take(piece);
    }),
});

/** Returns the refusal where a reply is kept, which keeps all its calls. */
export const severalCalls = () =>
  badInput(
    'parallel_tool_calls',
    'cannot be false for a reply of a conversation: it keeps all calls of the model. A response takes it with `store: false`.',
  );

import { useEffect, useState } from 'react';
import { followReply, type ReplyState } from '../reply.ts';
import { useSextant } from './context.tsx';

/**
 * Returns a reply as it is being written, once a frame at most, and the less often the longer it is; undefined until
 * its first word.
 *
 * @param messageId null follows nothing.
 */
export function useReply(messageId: string | null): ReplyState | undefined {
  const sextant = useSextant();
  const [state, setState] = useState<ReplyState>();
  useEffect(() => {
    if (messageId === null) return;
    const ended = new AbortController();
    const show = onceAFrame<ReplyState>(setState, ({ text }) => pauseOf(text));
    void (async () => {
      for await (const next of followReply(sextant, messageId, { signal: ended.signal })) show.later(next);
    })().catch(() => undefined);
    return () => {
      ended.abort();
      show.cancel();
    };
  }, [sextant, messageId]);
  return state?.messageId === messageId ? state : undefined;
}

/**
 * Returns how long a text is left as it is, in milliseconds: a page lays all of a long one out each time. From 50,000
 * characters on that takes so long that the pause grows with it, to half a second.
 */
export const pauseOf = ({ length }: string): number =>
  Math.max(Math.min(150, length / 100), Math.min(500, length * 0.003));

/**
 * Hands on the newest value with the next frame: a fast model writes more often than a screen shows.
 *
 * @param pauseMs how long at least after the value before.
 */
export function onceAFrame<T>(
  hand: (value: T) => void,
  pauseMs: (value: T) => number = () => 0,
): { later(value: T): void; cancel(): void } {
  let waiting: { value: T } | undefined;
  let frame: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let handedAt = 0;
  // A page in the background has no frames.
  const hidden = () => typeof document === 'undefined' || document.hidden;
  const now = () => {
    frame = timer = undefined;
    handedAt = performance.now();
    if (waiting) hand(waiting.value);
    waiting = undefined;
  };
  const withFrame = () => {
    timer = undefined;
    frame = requestAnimationFrame(now);
  };
  return {
    later(value) {
      waiting = { value };
      if (frame !== undefined || timer !== undefined) return;
      const wait = handedAt + pauseMs(value) - performance.now();
      if (hidden()) timer = setTimeout(now, 100);
      else if (wait > 16) timer = setTimeout(withFrame, wait - 16);
      else withFrame();
    },
    cancel() {
      if (frame !== undefined) cancelAnimationFrame(frame);
      clearTimeout(timer);
      waiting = undefined;
    },
  };
}

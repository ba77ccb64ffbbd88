import { useEffect, useState } from 'react';
import { followReply, type ReplyState } from '../reply.ts';
import { useSextant } from './context.tsx';

/**
 * Returns a reply as it is being written, once a frame at most; undefined until its first word.
 *
 * @param messageId null follows nothing.
 */
export function useReply(messageId: string | null): ReplyState | undefined {
  const sextant = useSextant();
  const [state, setState] = useState<ReplyState>();
  useEffect(() => {
    if (messageId === null) return;
    const ended = new AbortController();
    const show = onceAFrame(setState);
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

/** Hands on the newest value with the next frame: a fast model writes more often than a screen shows. */
export function onceAFrame<T>(hand: (value: T) => void): { later(value: T): void; cancel(): void } {
  let waiting: { value: T } | undefined;
  let frame: number | ReturnType<typeof setTimeout> | undefined;
  // A page in the background has no frames.
  const hidden = () => typeof document === 'undefined' || document.hidden;
  const now = () => {
    frame = undefined;
    if (waiting) hand(waiting.value);
    waiting = undefined;
  };
  return {
    later(value) {
      waiting = { value };
      frame ??= hidden() ? setTimeout(now, 100) : requestAnimationFrame(now);
    },
    cancel() {
      if (typeof frame === 'number' && typeof cancelAnimationFrame !== 'undefined') cancelAnimationFrame(frame);
      clearTimeout(frame);
      waiting = undefined;
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { CancelSignal } from '../cancellation/cancellation.ts';

/**
 * Asks again and again until there is an answer.
 *
 * @param options.hurry is given what makes it ask again at once, and returns what ends that.
 * @returns the first defined answer, or undefined after `waitMs` or when `signal` aborts. It asks at least once.
 */
export async function until<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  options: {
    waitMs: number;
    everyMs: number;
    signal?: CancelSignal | undefined;
    hurry?: (ask: () => void) => () => void;
  },
): Promise<T | undefined> {
  const { waitMs, everyMs, signal, hurry } = options;
  const deadline = performance.now() + waitMs;
  for (;;) {
    // Before it asks, so that nothing that happens meanwhile is missed.
    const { promise: hurried, resolve } = Promise.withResolvers<void>();
    const end = hurry?.(resolve);
    try {
      const answer = await ask();
      if (answer !== undefined || signal?.aborted || performance.now() >= deadline) return answer;
      const pause = sleep(Math.min(everyMs, Math.max(1, deadline - performance.now())));
      await (hurry ? Promise.race([pause, hurried]) : pause);
    } finally {
      end?.();
    }
  }
}

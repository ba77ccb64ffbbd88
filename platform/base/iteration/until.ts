import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again and again until there is an answer.
 *
 * @returns the first defined answer, or undefined after `waitMs` or when `signal` aborts. It asks at least once.
 */
export async function until<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  { waitMs, everyMs, signal }: { waitMs: number; everyMs: number; signal?: AbortSignal | undefined },
): Promise<T | undefined> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || signal?.aborted || performance.now() >= deadline) return answer;
    await sleep(Math.min(everyMs, Math.max(1, deadline - performance.now())));
  }
}

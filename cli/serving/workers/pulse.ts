import { setTimeout as sleep } from 'node:timers/promises';

/** Time from an answer to the next question, in milliseconds. */
const EVERY_MS = 1_000;
/**
 * Questions in a row that may stay without an answer. Counted and not timed: a supervisor that was stopped itself, or a
 * machine that slept, does not take its workers for hung.
 */
const MAX_MISSES = 5;

/**
 * Asks a process again and again whether it is there, until it is not.
 *
 * @param beat rejects when it has not answered in its time.
 * @returns true when it hangs, false when `signal` has ended it before.
 */
export async function hangs(beat: () => Promise<void>, signal: AbortSignal, everyMs = EVERY_MS): Promise<boolean> {
  let misses = 0;
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return false;
    misses = await beat().then(
      () => 0,
      () => misses + 1,
    );
    if (misses >= MAX_MISSES && !signal.aborted) return true;
  }
  return false;
}

import { setTimeout as sleep } from 'node:timers/promises';

/** Time from an answer to the next question, in milliseconds. */
const EVERY_MS = 1_000;
/**
 * Questions in a row that may stay without an answer. Counted and not timed: a supervisor that was stopped itself, or a
 * machine that slept, does not take its workers for hung.
 */
const MAX_MISSES = 5;
/** The same of a process that starts, which may be held by a large supergraph on a busy machine for a good while. */
const MAX_MISSES_AT_START = 60;

/**
 * Asks a process again and again whether it is there, until it is not.
 *
 * @param beat rejects when it has not answered in its time.
 * @param isServing whether it has started.
 * @returns true when it hangs, false when `signal` has ended it before.
 */
export async function hangs(
  beat: () => Promise<void>,
  signal: AbortSignal,
  isServing: () => boolean,
  everyMs = EVERY_MS,
): Promise<boolean> {
  let misses = 0;
  let hasServed = false;
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return false;
    const isMissed = await beat().then(
      () => false,
      () => true,
    );
    // What it missed while it started counts no more.
    if (!hasServed && isServing()) misses = 0;
    hasServed = isServing();
    misses = isMissed ? misses + 1 : 0;
    if (misses >= (hasServed ? MAX_MISSES : MAX_MISSES_AT_START) && !signal.aborted) return true;
  }
  return false;
}

import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Answers no sooner than `ms` after the call, whether the work succeeds or fails, so that the clock does not tell
 * which of two ways it took (ASVS 6.3.8). For what is asked seldom; signing in has equal ways instead and waits for
 * nothing.
 */
export async function noSooner<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const [outcome] = await Promise.allSettled([work(), sleep(ms)]);
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

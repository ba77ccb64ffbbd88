import { type Guard, guarded } from './guarded.ts';

/**
 * Does something again and again, guarded, without keeping the process alive.
 *
 * @returns how to stop.
 */
export function every(ms: number, guard: Guard<[]>, work: () => unknown): () => void {
  const timer = setInterval(guarded(guard, work), ms).unref();
  return () => clearInterval(timer);
}

import { isAway, isOutage } from '../errors/outage.ts';
import { type Guard, guarded } from './guarded.ts';

/**
 * Does something again and again, guarded, without keeping the process alive. Work that fails because a server is away
 * or gave it up for others, and ends nothing by that, is not a fault: the log has a warning, and the next comes.
 *
 * @returns how to stop.
 */
export function every(ms: number, guard: Guard<[]>, work: () => unknown): () => void {
  const once = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (guard.end || !(isAway(error) || isOutage(error))) throw error;
      guard.log?.warn(
        { err: error, where: guard.where },
        'regular work is left for the next time: a server does not do it now',
      );
    }
  };
  const timer = setInterval(guarded(guard, once), ms).unref();
  return () => clearInterval(timer);
}

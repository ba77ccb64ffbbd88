import { randomUUID } from 'node:crypto';
import { Counter, type Registry } from 'prom-client';
import type { Logger } from '../log/log.ts';

/** The error that a handler threw, and the id under which the log has it. */
export interface Fault {
  readonly error: unknown;
  readonly errorId: string;
}

/** The owner of a guarded handler. */
export interface Guard<Arguments extends readonly unknown[]> {
  /** The kind of handler, such as `gateway socket`: a label of the metric, so it has few values. */
  readonly where: string;
  /** Default: the log of the process. */
  readonly log?: Logger | undefined;
  /** What the log line says of the connection or request, such as its id. */
  readonly about?: ((...given: Arguments) => object) | undefined;
  /**
   * Ends what the handler belongs to: the connection, the request, the operation. Default: the handler runs at its next
   * event.
   */
  readonly end?: ((fault: Fault, ...given: Arguments) => void) | undefined;
}

const failures = new Counter({
  name: 'sextant_handler_errors_total',
  help: 'Unexpected errors in handlers of sockets, streams, timers, workers and events; each ended what it belonged to.',
  labelNames: ['where'],
  registers: [],
});

let processLog: Logger | undefined;

/**
 * Makes a handler of a socket, stream, timer, worker message or event harmless: what it throws, or rejects with, is
 * logged under an id, counted in `sextant_handler_errors_total`, and ends what the handler belongs to. Node would end
 * the whole process, and with it what everybody else does.
 */
export function guarded<Handler extends (...given: never[]) => unknown>(
  guard: Guard<Parameters<Handler>>,
  handler: Handler,
): (...given: Parameters<Handler>) => void {
  return (...given) => {
    try {
      const running = handler(...given);
      if (running instanceof Promise) running.catch((error: unknown) => end(guard, error, given));
    } catch (error) {
      end(guard, error, given);
    }
  };
}

function end<Arguments extends readonly unknown[]>(guard: Guard<Arguments>, error: unknown, given: Arguments): void {
  const fault = report(error, guard.where, guard.log, guard.about?.(...given));
  try {
    guard.end?.(fault, ...given);
  } catch (second) {
    report(second, guard.where, guard.log);
  }
}

/** Logs and counts an unexpected error that other code deals with. */
export function report(error: unknown, where: string, log: Logger | undefined, about: object = {}): Fault {
  const errorId = randomUUID();
  failures.inc({ where });
  (log ?? processLog)?.error({ err: error, errorId, where, ...about }, 'a handler failed');
  return { error, errorId };
}

/**
 * Registers the count of faults with the metrics of the process, names the log for faults of parts that have none, and
 * takes a rejected promise that nothing waits for as a fault of what has started it, not of the process.
 *
 * @returns how to stop.
 */
export function watchFaults(metrics: Registry, log: Logger): () => void {
  metrics.registerMetric(failures);
  processLog = log;
  const rejected = (error: unknown): void => void report(error, 'promise', log);
  process.on('unhandledRejection', rejected);
  return () => {
    process.off('unhandledRejection', rejected);
    processLog = undefined;
  };
}

/** Signals that ask a process to stop. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

let onHangup: (() => void) | undefined;

/**
 * Calls a function at SIGHUP, by which operators ask a server to read its files again. In a terminal the signal says
 * that the terminal is closed, and stays a wish to stop.
 */
export function onReloadSignal(told: () => void): void {
  if (!process.stdout.isTTY) onHangup = told;
}

let current: ((signal: NodeJS.Signals) => void) | undefined;

/**
 * Calls a function, instead of the one before, at each signal that asks this process to stop. What Node listens with
 * stays the same: a signal that has come while the process was busy would be lost with its listener.
 */
export function onStopSignal(told: (signal: NodeJS.Signals) => void): void {
  if (current === undefined)
    for (const name of STOP_SIGNALS)
      process.on(name, (signal) => (signal === 'SIGHUP' && onHangup ? onHangup() : current?.(signal)));
  current = told;
}

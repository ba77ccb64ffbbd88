import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_MS = 50;

const kilobytes = (text: string, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);

/** Returns what a process has started, and what that has. */
function descendants(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    unlessEnded(
      () => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
      [],
    ),
  );
  return children.flatMap((child) => [child, ...unlessEnded(() => descendants(child), [])]);
}

/** Looks at what may end at any moment, such as a program that reads one page: ended, it has nothing. */
function unlessEnded<T>(look: () => T, nothing: T): T {
  try {
    return look();
  } catch {
    return nothing;
  }
}

const ownPssOf = (pid: number): number => kilobytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss') / 1024;

/**
 * Returns the proportional set size of a process with its children, in MB. What processes share is divided by them.
 *
 * @throws when the process itself has ended.
 */
export const pssOf = (pid: number): number =>
  descendants(pid).reduce((sum, child) => sum + unlessEnded(() => ownPssOf(child), 0), ownPssOf(pid));

/** Returns the most that was resident since the last call of `forgetPeak`, in MB. */
export const peakOf = (pid: number): number => kilobytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM') / 1024;

/** Returns what a process uses that cannot be dropped as files can, in MB: a limit of its container counts it. */
export const anonymousOf = (pid: number): number =>
  kilobytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'RssAnon') / 1024;

/** Follows the most anonymous memory of a process, by samples. */
export class PeakWatch implements Disposable {
  peak = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    const look = (): void => {
      try {
        this.peak = Math.max(this.peak, anonymousOf(pid));
      } catch {
        this[Symbol.dispose](); // it has ended
      }
    };
    this.#timer = setInterval(look, SAMPLE_MS);
    look();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

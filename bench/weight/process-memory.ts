import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_MS = 50;

const kilobytes = (text: string, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);

/** Returns a process and all that it has started. */
function family(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    } catch {
      return []; // the thread has ended
    }
  });
  return [pid, ...children.flatMap(family)];
}

/** Returns the proportional set size of a process with its children, in MB. What processes share is divided by them. */
export const pssOf = (pid: number): number =>
  family(pid).reduce((sum, one) => sum + kilobytes(readFileSync(`/proc/${one}/smaps_rollup`, 'utf8'), 'Pss'), 0) / 1024;

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

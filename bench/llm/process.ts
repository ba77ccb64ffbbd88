import { readdirSync, readFileSync } from 'node:fs';

const TICKS_A_SECOND = 100;

/** The numbers of a process after its name, which may hold anything (proc(5), `stat`, from field 3 on). */
const statOf = (pid: string): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');

const milliseconds = (...ticks: (string | undefined)[]): number =>
  (ticks.reduce((sum, one) => sum + Number(one), 0) * 1_000) / TICKS_A_SECOND;

/** User and system time of a process, in milliseconds. */
export function cpuOf(pid: string): number {
  const stat = statOf(pid);
  return milliseconds(stat[11], stat[12]);
}

/** The same of a process and of those that it has started, ended ones included. */
export function familyCpuOf(pid: string): number {
  const stat = statOf(pid);
  let sum = milliseconds(stat[11], stat[12], stat[13], stat[14]);
  for (const child of readdirSync('/proc')) {
    if (!/^\d+$/.test(child)) continue;
    try {
      const of = statOf(child);
      if (of[1] === pid) sum += milliseconds(of[11], of[12]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum;
}

/** Memory of a process, in megabytes. */
export const rssOf = (pid: string): string => {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kilobytes) / 1e3).toFixed(0);
};

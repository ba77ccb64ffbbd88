import { readFileSync } from 'node:fs';

const TICKS_A_SECOND = 100;

/** User and system time of a process, in milliseconds (proc(5), fields 14 and 15 of stat). */
export function cpuOf(pid: string): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_A_SECOND;
}

/** Memory of a process, in megabytes. */
export const rssOf = (pid: string): string => {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kilobytes) / 1e3).toFixed(0);
};

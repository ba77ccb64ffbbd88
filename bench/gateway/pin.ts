import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Cores that this process may use: `Cpus_allowed_list: 0,2-3` are three. */
function allowedCores(): number[] {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 || 0 }, (_, i) => first + i);
  });
}

const [measured, ...others] = allowedCores();

/**
 * Whether what is measured has a core for itself, so that the load does not push it about. Needs two cores and Linux's
 * `taskset`; BENCH_PIN=off leaves it to the scheduler.
 */
export const PINNED =
  process.env.BENCH_PIN !== 'off' && others.length > 0 && spawnSync('taskset', ['--version']).status === 0;

/** The core of the server that is measured, and those of everything else: the load and the subgraphs. */
export const MEASURED_CORE = String(measured);
export const OTHER_CORES = others.join(',');

/** Keeps a process with all its threads, and what it starts from now on, on some cores. */
export function pin(pid: number, cores: string): void {
  if (!PINNED) return;
  const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`taskset could not move ${pid} to core ${cores}: ${stderr}`);
}

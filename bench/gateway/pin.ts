import { spawnSync } from 'node:child_process';
import os from 'node:os';

/**
 * Whether what is measured has a core for itself, so that the load does not push it about. Needs two cores and Linux's
 * `taskset`; BENCH_PIN=off leaves it to the scheduler.
 */
export const PINNED =
  process.env.BENCH_PIN !== 'off' && os.cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0;

/** The core of the server that is measured, and that of everything else: the load and the subgraphs. */
export const MEASURED_CORE = 0;
export const OTHER_CORE = 1;

/** Keeps a process with all its threads, and what it starts from now on, on one core. */
export function pin(pid: number, core: number): void {
  if (!PINNED) return;
  const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`taskset could not move ${pid} to core ${core}: ${stderr}`);
}

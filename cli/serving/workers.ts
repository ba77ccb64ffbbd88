import { availableParallelism } from 'node:os';
import { type Config, loadConfig } from '#platform/base/config/config.ts';

/** Returns how many processes WORKERS stands for. */
export const workersOf = ({ WORKERS }: Pick<Config, 'WORKERS'>): number =>
  WORKERS === 'auto' ? availableParallelism() : WORKERS;

/**
 * Runs this command again in as many processes as WORKERS says, and keeps them running.
 *
 * @returns false, and does nothing, where one process is enough or this is one of them.
 */
export async function superviseWorkers(root: string): Promise<boolean> {
  const given = process.env['WORKERS'];
  if (given === undefined || given === '' || given === '1') return false;
  const { default: cluster } = await import('node:cluster');
  if (cluster.isWorker) return false;
  const count = workersOf(loadConfig(process.env, root));
  if (count === 1) return false;
  const { supervise } = await import('./workers/supervisor.ts');
  await supervise(root, count);
  return true;
}

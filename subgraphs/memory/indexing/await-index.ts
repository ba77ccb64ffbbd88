import type { Jobs } from '#platform/data/jobs/jobs.ts';

/** How long a mutation waits for the index, so that the very next search knows what was stored or deleted, in ms. */
const WAIT_MS = 3_000;

/**
 * Waits until a job has told the index of a change.
 *
 * @returns whether it has; otherwise it goes on in the background, for as long as the index is away.
 */
export async function awaitIndex(jobs: Jobs, job: string | undefined): Promise<boolean> {
  return job === undefined || (await jobs.settled(job, WAIT_MS)) === 'DONE';
}

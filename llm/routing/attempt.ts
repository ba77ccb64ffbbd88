import { ProviderFailure } from '../provider/failure.ts';
import type { Attempt } from './router.ts';

/**
 * Books one attempt at its deployment: load, latency to the first result, success or failure, and the key it may use.
 *
 * `work` gives undefined when the signal aborted. Its `release` must be called once when the deployment is done with
 * the call; when `work` gives nothing or throws that is done here.
 */
export async function booked<T>(
  { deployment, state }: Attempt,
  inputTokens: number,
  work: (key: string | undefined, release: () => void) => Promise<T | undefined>,
): Promise<T | undefined> {
  const startedAt = Date.now();
  const key = state.takeKey(deployment, startedAt);
  state.begin(startedAt, inputTokens);
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    state.ended();
  };
  try {
    const result = await work(key, release);
    if (result === undefined) {
      state.undecided();
      release();
    } else {
      state.succeeded(Date.now(), Date.now() - startedAt);
    }
    return result;
  } catch (error) {
    release();
    if (error instanceof ProviderFailure) state.failed(Date.now(), error, key);
    else state.undecided();
    throw error;
  }
}

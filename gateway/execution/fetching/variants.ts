import { LRUCache } from 'lru-cache';
import { CodedError } from '#platform/base/errors/errors.ts';
import { clientKey } from '../planning/client-key.ts';
import { own } from '../prepare/data.ts';
import { clientVariable } from '../prepare/names.ts';
import type { Run } from '../run/run.ts';
import type { Execute } from './fetch-scope.ts';

/** Combinations of one operation's conditions whose plans are kept. */
const KEPT = 64;

/**
 * Steps that are planned at run time, once for each combination of values of Boolean variables.
 *
 * @param make plans for given values, for a client that waits; undefined when nothing is to be fetched.
 */
export function compileVariants(
  variables: readonly string[],
  make: (values: Readonly<Record<string, boolean>>, client: string) => Promise<Execute | undefined>,
): Execute {
  const kept = new LRUCache<string, Promise<Execute | undefined>>({ max: KEPT });
  return async (run: Run) => {
    const values = Object.fromEntries(variables.map((name) => [name, own(run.values, clientVariable(name)) === true]));
    const key = Object.values(values).map(Number).join('');
    let steps = kept.get(key);
    if (!steps) {
      const made = make(values, clientKey(run.request.identity, run.request.client));
      steps = made;
      kept.set(key, made);
      // Why it could not be planned may be gone by the next try. What is refused for long, plan-cache.ts remembers.
      made.catch(() => kept.peek(key) === made && kept.delete(key));
    }
    try {
      await (await steps)?.(run);
    } catch (error) {
      if (!(error instanceof CodedError)) run.observer.failed?.('', error, run.request);
      const { message, extensions } =
        error instanceof CodedError
          ? error
          : new CodedError('INTERNAL_SERVER_ERROR', 'This operation cannot be planned; the log says why.');
      run.fail({ message, extensions });
    }
  };
}

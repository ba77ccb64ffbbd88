import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Makes V8 give back what this thread uses no more. By itself it collects when it needs room, and knows nothing of how
 * much the rest of the process needs.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    // Compiled code is kept for the flags that it was made with.
    setFlagsFromString('--no-expose-gc');
  }
  collect();
}

import os from 'node:os';

/**
 * Lets threads of a higher priority have the processor before the calling one, as `nice` does for a process. For work
 * that no user waits for: reading documents, recognising text. Only where threads have priorities of their own, on
 * Linux.
 *
 * @param niceness from 1 to 19, the last of all.
 */
export function giveWay(niceness: number): void {
  if (process.platform !== 'linux') return;
  try {
    // Of the calling thread, which Linux means by process 0.
    os.setPriority(0, niceness);
  } catch {
    // Where it is not allowed, the thread works as the others do.
  }
}

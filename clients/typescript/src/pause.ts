/** Waits of a client that tries again: longer each time, never all clients at once. */
const FIRST_MS = 200;
const MAX_MS = 10_000;

/**
 * Waits before another try, and less long where the browser says that it is online again.
 *
 * @param tries how often it was tried in vain.
 * @throws the signal's reason when it aborts.
 */
export async function pause(tries: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const ms = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2);
  await new Promise<void>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', end);
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    globalThis.addEventListener?.('online', end);
    signal?.addEventListener('abort', end);
  });
}

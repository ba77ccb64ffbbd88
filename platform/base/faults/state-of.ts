/** The state of something that a process depends on, for /health. */
export interface State {
  readonly status: 'up' | 'down';
  readonly detail?: string;
}

/** Less than what a container's health check waits for. */
const MAX_WAIT_MS = 2_000;
/** For the /health of another process, which itself waits for what that one depends on, and names what is down. */
export const MAX_WAIT_FOR_PROCESS_MS = 2_500;

/**
 * Returns what a dependency says of itself. One that says nothing for two seconds, as a server does that is stopped or
 * cut off, is down: /health answers meanwhile, and names it. Never rejects.
 *
 * @param ask gets a signal that aborts when nothing waits for the answer any more.
 */
export async function stateOf(ask: (signal: AbortSignal) => Promise<State>, maxWaitMs = MAX_WAIT_MS): Promise<State> {
  const silent = Promise.withResolvers<State>();
  const over = new AbortController();
  const timer = setTimeout(() => {
    silent.resolve({ status: 'down', detail: `It does not answer within ${maxWaitMs / 1_000} s.` });
    over.abort();
  }, maxWaitMs);
  try {
    const { status, detail } = await Promise.race([ask(over.signal), silent.promise]);
    return { status, ...(detail !== undefined && { detail }) };
  } catch (error) {
    return { status: 'down', detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

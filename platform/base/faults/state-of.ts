/** The state of something that a process depends on, for /health. */
export interface State {
  readonly status: 'up' | 'down';
  readonly detail?: string;
}

/** Less than what a container's health check waits for. */
const MAX_WAIT_MS = 2_000;

/**
 * Returns what a dependency says of itself. One that says nothing for two seconds, as a server does that is stopped or
 * cut off, is down: /health answers meanwhile, and names it. Never rejects.
 */
export async function stateOf(ask: () => Promise<State>, maxWaitMs = MAX_WAIT_MS): Promise<State> {
  const silent = Promise.withResolvers<State>();
  const timer = setTimeout(
    () => silent.resolve({ status: 'down', detail: `It does not answer within ${maxWaitMs / 1_000} s.` }),
    maxWaitMs,
  );
  try {
    const { status, detail } = await Promise.race([ask(), silent.promise]);
    return { status, ...(detail !== undefined && { detail }) };
  } catch (error) {
    return { status: 'down', detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

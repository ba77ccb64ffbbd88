import { CodedError } from '../../base/errors/errors.ts';

/**
 * The end of a request: with an answer, with or without errors; because the subgraph could not be reached, took too
 * long or gave no answer that can be used; or because the caller gave it up.
 */
export type RequestOutcome = 'answered' | 'unavailable' | 'timeout' | 'abandoned';

/** The load of a transport at the moment. */
export interface TransportLoad {
  readonly requests: number;
  readonly sockets: number;
  readonly subscriptions: number;
}

/** An observer of a transport, for metrics. Its methods do not throw. */
export interface TransportObserver {
  /** The subgraph is taken for unavailable, or answers again. */
  available(isAvailable: boolean): void;
  retried(): void;
  ended(outcome: RequestOutcome, ms: number): void;
  /** @returns what is called when the transport is closed. */
  opened(load: () => TransportLoad): () => void;
}

/** Returns how a request ended that has no answer. */
export function outcomeOf(error: unknown, isGivenUp: boolean): RequestOutcome {
  if (isGivenUp) return 'abandoned';
  return error instanceof CodedError && error.code === 'TIMEOUT' ? 'timeout' : 'unavailable';
}

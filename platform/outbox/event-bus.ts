import type { PlatformEvent } from './events.ts';

/**
 * Carries events from relays to consumers: at least once, and in order per aggregate within one group.
 *
 * Two faces: memory (one process) and Redis Streams (one consumer group a consuming subgraph). event-bus.contract.ts is
 * their common definition.
 */
export interface EventBus {
  /**
   * Hands events over. Memory: resolves when every group has dealt with them, because nothing else would remember them.
   * Redis: resolves when the stream has them.
   *
   * @throws {CodedError} SERVICE_UNAVAILABLE: publish them again later.
   */
  publish(owner: string, events: readonly PlatformEvent[]): Promise<PublishReceipt>;

  /**
   * Takes part in a group: each event goes to one member of it. `deliver` resolves when the event is done with (handled,
   * found to be a duplicate, parked); when it rejects, the event comes again.
   *
   * @param group name of the consuming subgraph.
   */
  join(group: string, deliver: Deliver): Promise<AsyncDisposable>;

  /**
   * Lets events flow in this process: nothing is published before, so that no consumer that starts a moment later misses
   * what an earlier one recorded. Called once, when every subgraph of the process has started.
   */
  start(): void;
  /** Resolves when `start` was called. */
  readonly started: Promise<void>;
}

/** @param deliveries how many times the event was handed out before, by members that died over it. */
export type Deliver = (event: PlatformEvent, deliveries: number, signal: AbortSignal) => Promise<void>;

export interface PublishReceipt {
  /** The bus had lost its memory since this owner last published: publish what is still kept again. */
  readonly forgotten: boolean;
}

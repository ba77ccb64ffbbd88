import type { PlatformEvent } from '../../contracts/events.ts';

/**
 * Carries events from relays to consumers: at least once, and in order per aggregate within one group.
 *
 * Two faces: memory (one process) and Redis Streams (one consumer group a consuming subgraph). event-bus.contract.ts is
 * their common definition.
 */
export interface EventBus {
  /**
   * Hands events over, all or none. Memory: resolves when every group has dealt with them, because nothing else would
   * remember them. Redis: resolves when the stream has them.
   *
   * @param memory what `memory` answered before the events were chosen; not checked when absent.
   * @returns `taken`, or else that it took nothing: `forgotten` when the bus has lost its memory since this owner last
   *   published, `restarted` when it may have lost the last of it. What is kept must then be published again, all of it
   *   or the latest, oldest first, after `remember`. `changed` when another relay has begun to do just that since
   *   `memory`: choose again, there are earlier ones now. With no events it only tells.
   * @throws {CodedError} SERVICE_UNAVAILABLE: publish them again later.
   */
  publish(owner: string, events: readonly PlatformEvent[], memory?: string): Promise<PublishOutcome>;

  /** Names what the bus remembers of this owner now; every `remember` changes it. */
  memory(owner: string): Promise<string>;

  /** The owner knows that the bus forgot or was restarted, and is ready to publish again. */
  remember(owner: string): Promise<void>;

  /**
   * Takes part in a group: each event goes to one member of it. `deliver` resolves when the event is done with
   * (handled, found to be a duplicate, parked); when it rejects, the event comes again, and no later one of its
   * aggregate before.
   *
   * @param group name of the consuming subgraph.
   */
  join(group: string, deliver: Deliver): Promise<AsyncDisposable>;

  /**
   * Lets events flow in this process: nothing is published before, so that no consumer that starts a moment later
   * misses what an earlier one recorded. Called once, when every subgraph of the process has started and whoever waits
   * for the start has been told.
   */
  start(): void;
  /** Resolves when `start` was called: then what needs no reader may begin too, such as jobs. */
  readonly started: Promise<void>;
}

/**
 * @param deliveries how many members the event has been handed out to, this one included: more than one when a member
 *   died over it. One whose `deliver` rejects gets the event again, and does not count anew.
 */
export type Deliver = (event: PlatformEvent, deliveries: number, signal: AbortSignal) => Promise<void>;

export type PublishOutcome = 'taken' | 'forgotten' | 'restarted' | 'changed';

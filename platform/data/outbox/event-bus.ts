import type { EventType, PlatformEvent } from '../../contracts/events.ts';

/**
 * A bus that carries events from relays to consumers: at least once, and in order per aggregate within one group.
 *
 * Two faces: memory (one process) and Redis Streams. event-bus.contract.ts is their common definition.
 */
export interface EventBus {
  /** Whether it keeps what it was given until every group has dealt with it. */
  readonly remembers: boolean;

  /**
   * Hands events over, all or none. A bus that remembers resolves when it has them; another when every group has dealt
   * with them.
   *
   * @param memory what `memory` answered before the events were chosen; not checked when absent.
   * @returns `taken`, or else that it took nothing: `forgotten` when the bus has lost its memory since this owner last
   *   published, or a group that it did not know has joined; `restarted` when it may have lost the last of it. What is
   *   kept must then be published again, all of it or the latest, oldest first, after `remember`. `changed` when
   *   another relay has begun to do just that since `memory`: choose again, there are earlier ones now. With no events
   *   it only tells.
   * @throws {CodedError} SERVICE_UNAVAILABLE: publish them again later.
   */
  publish(owner: string, events: readonly PlatformEvent[], memory?: string): Promise<PublishOutcome>;

  /** Names what the bus remembers of this owner now; every `remember` changes it. */
  memory(owner: string): Promise<string>;

  /** The owner knows that the bus forgot or was restarted, and is ready to publish again. */
  remember(owner: string): Promise<void>;

  /** Takes part in a group: each event of the group's types goes to one member of it. */
  join(group: EventGroup): Promise<AsyncDisposable>;

  /**
   * Lets events flow in this process: nothing is published before, so that no consumer that starts a moment later
   * misses what an earlier one recorded. Called once, when every subgraph of the process has started and every group
   * that waits for the start has been told.
   */
  start(): void;
  /** Resolves when `start` was called: then what needs no reader may begin too, such as jobs. */
  readonly started: Promise<void>;
}

/** A consumer and what it takes. */
export interface EventGroup {
  /** The name of the consuming subgraph. */
  readonly name: string;
  readonly types: readonly EventType[];
  /**
   * How many members may work at the same time: events are spread by aggregate over as many lanes. Default 1; every
   * member of a group says the same.
   */
  readonly lanes?: number | undefined;
  /** Events that a lane brings at once, at most; default 100. */
  readonly batch?: number | undefined;
  readonly deliver: Deliver;
  /** Pause before the second attempt at an event, in ms; each later one is four times as long. Default 20. */
  readonly retryMs?: number | undefined;
}

/**
 * A function that deals with events, in their order.
 *
 * @returns those that failed and those of their aggregates that come after them: they come again, alone. The others are
 *   done with (handled, found to be duplicates, parked).
 * @throws when it cannot work at all, as when its database is away: all come again, and it does not count as a failure.
 */
export type Deliver = (batch: readonly Delivery[], signal: AbortSignal) => Promise<readonly Delivery[]>;

export interface Delivery {
  readonly event: PlatformEvent;
  /** How many members it has been handed out to, this one included: more than one when a member died over it. */
  readonly deliveries: number;
  /** How often it failed here. */
  readonly failures: number;
}

export type PublishOutcome = 'taken' | 'forgotten' | 'restarted' | 'changed';

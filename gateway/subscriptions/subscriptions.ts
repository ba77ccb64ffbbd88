import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import { createOpenCounter } from '#platform/base/faults/open-counter.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { lastingRoom } from '#platform/base/thread/lasting-room.ts';
import { networkOf } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { Unsubscribe } from '#platform/net/transport/transport.ts';
import type { Admitted } from '../policy/pipeline.ts';
import { credentialsIn } from '../request/credential-headers.ts';
import type { Carrier, GatewayMetrics } from '../server/metrics.ts';
import { countedIdentity } from './counted-identity.ts';
import { type Channel, createDelivery, type Delivery, type DeliveryObserver, type QueuePolicy } from './delivery.ts';
import { createSharedUpstreams } from './shared-upstreams.ts';

/** The way in which a subscription field wants to be delivered. */
export interface StreamPolicy extends QueuePolicy {
  /**
   * `identity`: equal subscriptions of one user share an upstream. `everybody`: those of all users do, because the
   * field does not depend on who asks. `none`: each has its own, because it begins with what that subscriber has
   * missed.
   */
  readonly share: 'identity' | 'everybody' | 'none';
}

export interface Subscriptions {
  /** Runs a subscription until it ends or the client leaves, which the caller says by the returned function. */
  run(admitted: Admitted, policy: StreamPolicy, channel: Channel, carrier: Carrier): Unsubscribe;
  /**
   * Tells everybody who subscribes over HTTP to subscribe again, as another schema is served: spread over the given
   * time, so that they do not come back all at once. Sockets are told by their own face.
   */
  resubscribe(why: string, spreadMs: number): void;
  /** The same when the server stops: a client that subscribes from now on is told at once. */
  stop(why: string, spreadMs: number): void;
}

type SocketSettings = Pick<Config, 'WS_MAX_SOCKETS_IDENTITY' | 'WS_MAX_SOCKETS_ADDRESS'>;

export interface SubscriptionsOptions {
  readonly metrics: GatewayMetrics;
  readonly limits: SocketSettings;
  readonly log?: Logger | undefined;
  /** The transports of the graph that is served at the moment; undefined until one is. */
  readonly current: () => Transports | undefined;
}

type Transports = Admitted['request']['transports'];

/** Creates the subscriptions of a gateway: sharing, limits and delivery. */
export function createSubscriptions({ metrics, limits, log, current }: SubscriptionsOptions): Subscriptions {
  const versions = new Versions();
  const upstreams = createSharedUpstreams();
  const running = new Set<Running>();
  const streams = limitStreams(limits);
  let stopped: string | undefined;

  function tell(why: string, spreadMs: number): void {
    for (const one of [...running]) {
      if (one.carrier === 'websocket') continue;
      const fail = guarded({ where: 'delivery' }, () => one.fail(new CodedError('RESUBSCRIBE', why)));
      setTimeout(fail, Math.random() * spreadMs);
    }
  }

  /** It was admitted before a change and comes after all others have been told of that. */
  function outdated({ request }: Admitted): CodedError | undefined {
    const now = current();
    const isOutdated = now !== undefined && now !== request.transports;
    return isOutdated ? new CodedError('RESUBSCRIBE', 'The graph has changed meanwhile.') : undefined;
  }

  return {
    run(admitted, policy, channel, carrier) {
      const isStream = carrier !== 'websocket'; // a socket is counted as a whole
      const refusal =
        isStream && stopped !== undefined
          ? new CodedError('RESUBSCRIBE', stopped)
          : (outdated(admitted) ?? lastingRoom.refusal(running.size, log));
      const place = refusal ?? (isStream ? streams.enter(admitted) : undefined);
      if (place instanceof CodedError) {
        channel.error([place]);
        return () => undefined;
      }
      const entry = new Running(running, metrics, carrier, place);
      const delivery = createDelivery(channel, policy, entry);
      // Of a state that is sent whole, the newest is all that matters: also after a lost connection.
      const opened =
        policy.when === 'latest' ? { ...admitted, request: { ...admitted.request, resubscribe: true } } : admitted;
      entry.begin(delivery, upstreams.subscribe(opened, versions.keyOf(admitted, policy), delivery));
      return stopOf(delivery);
    },
    resubscribe: tell,
    stop(why, spreadMs) {
      stopped = why;
      tell(why, spreadMs);
    },
  };
}

/** A subscription of one client, which is told how its delivery goes. */
class Running implements DeliveryObserver {
  readonly carrier: Carrier;
  readonly #all: Set<Running>;
  readonly #metrics: GatewayMetrics;
  readonly #leave: (() => void) | undefined;
  #delivery: Delivery | undefined;
  #stop: Unsubscribe | undefined;
  #isOver = false;

  /** @param leave gives its place up, where it takes one. */
  constructor(all: Set<Running>, metrics: GatewayMetrics, carrier: Carrier, leave: (() => void) | undefined) {
    this.carrier = carrier;
    this.#all = all;
    this.#metrics = metrics;
    this.#leave = leave;
    metrics.subscriptionStarted(carrier);
    all.add(this);
  }

  /** It is open; it may have ended while it was being opened. */
  begin(delivery: Delivery, stop: Unsubscribe): void {
    this.#delivery = delivery;
    if (this.#isOver) stop();
    else this.#stop = stop;
  }

  fail(error: CodedError): void {
    this.#delivery?.fail([error]);
  }

  sent(): void {
    this.#metrics.eventSent();
  }

  coalesced(): void {
    this.#metrics.eventsCoalesced(1);
  }

  ended(reason: Parameters<DeliveryObserver['ended']>[0]): void {
    this.#isOver = true;
    this.#all.delete(this);
    this.#leave?.();
    this.#metrics.subscriptionEnded(this.carrier, reason);
    this.#stop?.();
  }
}

/** Made here: a function that is made beside others keeps what they name, and a subscription lasts. */
const stopOf = (delivery: Delivery) => (): void => delivery.stop();

/** A stream over HTTP is a connection of its own: of one user and of one network as many as sockets. */
function limitStreams(limits: SocketSettings) {
  const perIdentity = createOpenCounter(limits.WS_MAX_SOCKETS_IDENTITY);
  const perAddress = createOpenCounter(limits.WS_MAX_SOCKETS_ADDRESS);
  const tooMany = (limit: number, whose: string) =>
    new CodedError('RATE_LIMITED', `More than ${limit} streams at once of one ${whose}. End one first.`, {
      retryAfter: 1,
    });
  return {
    /** @returns how to leave, or why there is no place. */
    enter({ request }: Admitted): CodedError | (() => void) {
      const network = networkOf(request.client);
      const identity = countedIdentity(request.identity);
      if (!perAddress.enter(network)) return tooMany(limits.WS_MAX_SOCKETS_ADDRESS, 'network');
      if (identity !== undefined && !perIdentity.enter(identity)) {
        perAddress.leave(network);
        return tooMany(limits.WS_MAX_SOCKETS_IDENTITY, 'user');
      }
      return () => {
        perAddress.leave(network);
        if (identity !== undefined) perIdentity.leave(identity);
      };
    },
  };
}

/** The versions of the graph that subscriptions belong to: who subscribes again gets the new one. */
class Versions {
  readonly #numbers = new WeakMap<Transports, number>();
  #last = 0;

  /** @returns undefined where an upstream is not shared. */
  keyOf(admitted: Admitted, policy: StreamPolicy): string | undefined {
    const key = shareKey(admitted, policy);
    return key === undefined ? undefined : `${this.#numberOf(admitted.request.transports)}\n${key}`;
  }

  #numberOf(transports: Transports): number {
    let number = this.#numbers.get(transports);
    if (number === undefined) {
      number = ++this.#last;
      this.#numbers.set(transports, number);
    }
    return number;
  }
}

function shareKey({ prepared, request }: Admitted, policy: StreamPolicy): string | undefined {
  if (policy.share === 'none' || request.extensions || request.errors?.length) return undefined;
  const who = policy.share === 'everybody' ? '' : `${privilege(request.identity)}\n${credentialsIn(request.headers)}`;
  return `${prepared.id}\n${who}\n${request.headersKey ?? ''}\n${JSON.stringify(request.variables ?? {})}`;
}

/** Clients with equal privileges get equal events. An API key has fewer scopes than its user. */
function privilege(identity: Identity): string {
  switch (identity.kind) {
    case 'anonymous':
      return 'anonymous';
    case 'service':
      return `service ${identity.service}`;
    case 'user':
      return JSON.stringify([
        identity.issuer,
        identity.userId,
        identity.apiKeyId,
        identity.appSessionId,
        [...identity.roles].sort(),
        [...identity.scopes].sort(),
      ]);
  }
}

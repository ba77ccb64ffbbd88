import type { GraphQLError } from 'graphql';
import { CodedError } from '#platform/errors/errors.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { Unsubscribe } from '#platform/transport/transport.ts';
import type { Admitted } from '../policy/pipeline.ts';
import type { Carrier, GatewayMetrics } from '../server/metrics.ts';
import type { Channel } from './channel.ts';
import { createDelivery, type Delivery, type QueuePolicy } from './delivery.ts';
import { createUpstreams } from './upstreams.ts';

/** How a subscription field wants to be delivered. */
export interface StreamPolicy extends QueuePolicy {
  /**
   * `identity`: equal subscriptions of one user share an upstream. `everybody`: those of all users do, because the field
   * does not depend on who asks. `nobody`: each has its own, because it begins with what that subscriber has missed.
   */
  readonly share: 'identity' | 'everybody' | 'nobody';
}

export interface Subscriptions {
  /** Runs a subscription until it ends or the client leaves, which the caller says by the returned function. */
  run(admitted: Admitted, policy: StreamPolicy, channel: Channel, carrier: Carrier): Unsubscribe;
  /** Tells every subscriber of a carrier to subscribe again: the server restarts, or serves a new schema. */
  resubscribe(carriers: readonly Carrier[], why: string): void;
}

export function createSubscriptions(metrics: GatewayMetrics): Subscriptions {
  const upstreams = createUpstreams();
  const running = new Set<{ carrier: Carrier; delivery: Delivery; stop: Unsubscribe }>();
  return {
    run(admitted, policy, channel, carrier) {
      let stop: Unsubscribe = () => undefined;
      let over = false;
      metrics.subscriptionStarted(carrier);
      const delivery = createDelivery(channel, policy, {
        sent: () => metrics.eventSent(),
        coalesced: () => metrics.eventsCoalesced(1),
        ended(reason) {
          over = true;
          running.delete(entry);
          metrics.subscriptionEnded(carrier, reason);
          stop();
        },
      });
      const entry = { carrier, delivery, stop: () => delivery.stop() };
      running.add(entry);
      // Of a state that is sent whole, the newest is all that matters: also after a lost connection.
      const opened =
        policy.when === 'latest' ? { ...admitted, request: { ...admitted.request, resubscribe: true } } : admitted;
      stop = upstreams.subscribe(opened, shareKey(admitted, policy), {
        next: (answer) => delivery.push(answer.json),
        complete: () => delivery.complete(),
        error: (error: GraphQLError) => delivery.fail([error]),
      });
      // It may have ended while it was being opened.
      if (over) stop();
      return entry.stop;
    },
    resubscribe(carriers, why) {
      for (const { carrier, delivery } of [...running]) {
        if (carriers.includes(carrier)) delivery.fail([new CodedError('RESUBSCRIBE', why)]);
      }
    },
  };
}

function shareKey({ prepared, request }: Admitted, policy: StreamPolicy): string | undefined {
  if (policy.share === 'nobody' || request.extensions || request.errors?.length) return undefined;
  const who = policy.share === 'everybody' ? '' : privilege(request.identity);
  const headers = request.headers ? JSON.stringify(request.headers) : '';
  return `${prepared.id}\n${who}\n${headers}\n${JSON.stringify(request.variables ?? {})}`;
}

/** Clients with equal privileges get equal events. An API key has fewer scopes than its user. */
function privilege(identity: Identity): string {
  switch (identity.kind) {
    case 'anonymous':
      return 'anonymous';
    case 'service':
      return `service ${identity.service}`;
    case 'user':
      return `${identity.userId} ${[...identity.scopes].sort().join(' ')}`;
  }
}

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CutReason } from '#platform/net/http/client-server.ts';

export type Carrier = 'http' | 'sse' | 'multipart' | 'websocket' | 'rest' | 'openai' | 'mcp';
export type Outcome = 'ok' | 'errors' | 'refused';

/** The instruments of the gateway. Labels have few values each; never a user, an address or an operation's text. */
export interface GatewayMetrics {
  /** @param seconds from the request to its whole answer. */
  operation(carrier: Carrier, kind: string, outcome: Outcome, seconds: number): void;
  socketOpened(): void;
  socketClosed(reason: string): void;
  subscriptionStarted(carrier: Carrier): void;
  subscriptionEnded(carrier: Carrier, reason: string): void;
  eventSent(count?: number): void;
  eventsCoalesced(count: number): void;
  connectionCut(reason: CutReason): void;
}

/** Creates the instruments of a gateway in a registry. */
export function createGatewayMetrics(registry: Registry): GatewayMetrics {
  const registers = [registry];
  const durations = new Histogram({
    name: 'sextant_gateway_operation_duration_seconds',
    help: 'Time to answer a query or mutation.',
    labelNames: ['carrier', 'kind', 'outcome'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers,
  });
  const sockets = new Gauge({ name: 'sextant_gateway_websockets', help: 'WebSockets that are open.', registers });
  const socketsClosed = new Counter({
    name: 'sextant_gateway_websockets_closed_total',
    help: 'WebSockets that were closed, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const subscriptions = new Gauge({
    name: 'sextant_gateway_subscriptions',
    help: 'Subscriptions that are open.',
    labelNames: ['carrier'],
    registers,
  });
  const ended = new Counter({
    name: 'sextant_gateway_subscriptions_ended_total',
    help: 'Subscriptions that ended, by reason.',
    labelNames: ['carrier', 'reason'],
    registers,
  });
  const events = new Counter({
    name: 'sextant_gateway_subscription_events_total',
    help: 'Events that were written to clients.',
    registers,
  });
  const coalesced = new Counter({
    name: 'sextant_gateway_subscription_events_coalesced_total',
    help: 'Events that were merged into a later one because a client was slow.',
    registers,
  });
  const cut = new Counter({
    name: 'sextant_gateway_connections_cut_total',
    help: 'Connections of clients, and streams of HTTP/2, that were cut: not read, slow bodies, too many.',
    labelNames: ['reason'],
    registers,
  });
  // prom-client hashes labels at each call; the hot combinations are few, so their children are kept.
  const children = new Map<string, { observe(seconds: number): void }>();
  return {
    operation(carrier, kind, outcome, seconds) {
      const key = carrier + kind + outcome;
      let child = children.get(key);
      if (!child) {
        child = durations.labels(carrier, kind, outcome);
        children.set(key, child);
      }
      child.observe(seconds);
    },
    socketOpened: () => sockets.inc(),
    socketClosed(reason) {
      sockets.dec();
      socketsClosed.inc({ reason });
    },
    subscriptionStarted: (carrier) => subscriptions.inc({ carrier }),
    subscriptionEnded(carrier, reason) {
      subscriptions.dec({ carrier });
      ended.inc({ carrier, reason });
    },
    eventSent: (count = 1) => events.inc(count),
    eventsCoalesced: (count) => coalesced.inc(count),
    connectionCut: (reason) => cut.inc({ reason }),
  };
}

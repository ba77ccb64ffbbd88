import type { Endpoint } from './endpoints.ts';
import type { SubgraphRequest, SubscriptionSink, Unsubscribe } from './transport.ts';
import type { TransportLoad } from './transport-observer.ts';
import type { RefusedSubscription } from './upstream-operations.ts';
import { createUpstreamSocket, type UpstreamSocket, type UpstreamSocketOptions } from './upstream-socket.ts';

export interface UpstreamSockets {
  subscribe(request: SubgraphRequest, sink: SubscriptionSink): Unsubscribe;
  /** How much there is at the moment. */
  load(): Pick<TransportLoad, 'sockets' | 'subscriptions'>;
  /** Cuts the sockets to an address that does not answer. */
  leave(endpoint: Endpoint): void;
  dispose(): void;
}

/** How long an address that has no memory for a subscription is passed over where another has, in ms. */
const FULL_MS = 2_000;

/** Sockets of one gateway to one subgraph: more replicas than this share them. */
const MAX_SOCKETS = 32;

/**
 * Creates the sockets to a subgraph: one to each healthy address, opened when subscriptions need it. A subscription
 * goes to the socket that carries the fewest, so replicas get equal shares, and one that joins later takes the next
 * ones. A replica that has no memory for it says so before its first event: then each of the others is asked, once,
 * before the refusal is handed on.
 */
export function createUpstreamSockets(options: Omit<UpstreamSocketOptions, 'pick' | 'move'>): UpstreamSockets {
  const { endpoints } = options;
  const sockets: UpstreamSocket[] = [];
  /** Until when an address is taken for full, in milliseconds of performance.now(). */
  const fullUntil = new WeakMap<Endpoint, number>();

  /** An address that no other socket has. */
  const pick = (): Endpoint => {
    const taken = new Set<Endpoint>();
    for (const { endpoint } of sockets) if (endpoint) taken.add(endpoint);
    return endpoints.pickFor(taken);
  };

  /** The sockets that may take a subscription: as many as there are healthy addresses. */
  function usable(): readonly UpstreamSocket[] {
    const wanted = Math.min(Math.max(endpoints.all.filter(endpoints.isHealthy).length, 1), MAX_SOCKETS);
    while (sockets.length < wanted) sockets.push(createUpstreamSocket({ ...options, pick, move }));
    const open = sockets.filter(({ endpoint }) => endpoint === undefined || endpoints.isHealthy(endpoint));
    // A socket without an address connects first: while there are as many others as addresses it is not needed.
    const choice = open.length > wanted ? open.filter(({ endpoint }) => endpoint !== undefined) : open;
    return choice.length > 0 ? choice : sockets;
  }

  function subscribe(request: SubgraphRequest, sink: SubscriptionSink): Unsubscribe {
    const now = performance.now();
    const all = usable();
    const roomy = all.filter(({ endpoint }) => endpoint === undefined || (fullUntil.get(endpoint) ?? 0) <= now);
    return leastBusy(roomy.length > 0 ? roomy : all).subscribe(request, sink);
  }

  function move(from: Endpoint, { request, sink, refusedBy }: RefusedSubscription): Unsubscribe | undefined {
    fullUntil.set(from, performance.now() + FULL_MS);
    const refusing = new Set(refusedBy).add(from);
    const others = usable().filter(({ endpoint }) => endpoint === undefined || !refusing.has(endpoint));
    return others.length > 0 ? leastBusy(others).subscribe(request, sink, refusing) : undefined;
  }

  return {
    subscribe,
    load: () => ({
      sockets: sockets.filter(({ endpoint }) => endpoint !== undefined).length,
      subscriptions: sockets.reduce((sum, { size }) => sum + size, 0),
    }),
    leave(endpoint) {
      for (const socket of sockets) if (socket.endpoint === endpoint) socket.cut();
    },
    dispose() {
      for (const socket of sockets) socket.dispose();
    },
  };
}

const leastBusy = (sockets: readonly UpstreamSocket[]): UpstreamSocket =>
  sockets.reduce((least, one) => (one.size < least.size ? one : least));

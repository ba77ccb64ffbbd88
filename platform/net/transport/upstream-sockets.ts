import type { Endpoint } from './endpoints.ts';
import type { SubgraphRequest, SubscriptionSink, Unsubscribe } from './transport.ts';
import type { TransportLoad } from './transport-observer.ts';
import { createUpstreamSocket, type UpstreamSocket, type UpstreamSocketOptions } from './upstream-socket.ts';

export interface UpstreamSockets {
  subscribe(request: SubgraphRequest, sink: SubscriptionSink): Unsubscribe;
  /** How much there is at the moment. */
  load(): Pick<TransportLoad, 'sockets' | 'subscriptions'>;
  /** Cuts the sockets to an address that does not answer. */
  leave(endpoint: Endpoint): void;
  dispose(): void;
}

/** Sockets of one gateway to one subgraph: more replicas than this share them. */
const MAX_SOCKETS = 32;

/**
 * Creates the sockets to a subgraph: one to each healthy address, opened when subscriptions need it. A subscription
 * goes to the socket that carries the fewest, so replicas get equal shares, and one that joins later takes the next
 * ones.
 */
export function createUpstreamSockets(options: Omit<UpstreamSocketOptions, 'pick'>): UpstreamSockets {
  const { endpoints } = options;
  const sockets: UpstreamSocket[] = [];

  /** An address that no other socket has. */
  const pick = (): Endpoint => {
    const taken = new Set<Endpoint>();
    for (const { endpoint } of sockets) if (endpoint) taken.add(endpoint);
    return endpoints.pickFor(taken);
  };

  /** The socket with the fewest subscriptions, of as many as there are healthy addresses. */
  function leastBusy(): UpstreamSocket {
    const wanted = Math.min(Math.max(endpoints.all.filter(endpoints.isHealthy).length, 1), MAX_SOCKETS);
    while (sockets.length < wanted) sockets.push(createUpstreamSocket({ ...options, pick }));
    const open = sockets.filter(({ endpoint }) => endpoint === undefined || endpoints.isHealthy(endpoint));
    // A socket without an address connects first: while there are as many others as addresses it is not needed.
    const choice = open.length > wanted ? open.filter(({ endpoint }) => endpoint !== undefined) : open;
    return (choice.length > 0 ? choice : sockets).reduce((least, one) => (one.size < least.size ? one : least));
  }

  return {
    subscribe: (request, sink) => leastBusy().subscribe(request, sink),
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

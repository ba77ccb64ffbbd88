import { changedRequest, type SubgraphRequest, type SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Propagation } from '../request/propagation.ts';

/** Returns the transport with the headers of each request as the rules for this subgraph want them. */
export function ruled(transport: SubgraphTransport, propagation: Propagation): SubgraphTransport {
  const { subgraph } = transport;
  const byRules = (request: SubgraphRequest, kind: 'of' | 'ofSubscription'): SubgraphRequest => {
    const headers = propagation[kind](subgraph, request.headers);
    return headers === request.headers ? request : changedRequest(request, { headers });
  };
  return {
    subgraph,
    execute: (request) => transport.execute(byRules(request, 'of')),
    subscribe: (request, sink) => transport.subscribe(byRules(request, 'ofSubscription'), sink),
    fetch: (request, identity) => transport.fetch(request, identity),
    health: () => transport.health(),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

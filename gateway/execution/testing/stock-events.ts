import type { DocumentNode, ExecutionResult } from 'graphql';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import type { OperationRequest } from '../prepare/operation.ts';
import { createStockEngine, type StockPlan, type StockResult } from '../reference/stock.ts';

const EVENT_SERVICE = '__event';

/** Returns what Apollo's executor makes of an event of a subscription: what a client gets for it. */
export function createStockEvents(supergraph: Pick<Supergraph, 'sdl' | 'apiSchema'>) {
  const engine = createStockEngine(supergraph, ofEvent);
  return (document: DocumentNode, request: OperationRequest, event: ExecutionResult): Promise<StockResult> => {
    const told = { execute: async () => ({ result: event }) } as unknown as SubgraphTransport;
    const transports = new Map([...request.transports, [EVENT_SERVICE, told]]);
    return engine.execute(document, undefined, { ...request, transports });
  };
}

/** The plan of a query whose first answer is the event. */
function ofEvent(plan: StockPlan): StockPlan {
  if (plan.node?.kind !== 'Subscription') return plan;
  const { primary, rest } = plan.node;
  const first = { ...primary, serviceName: EVENT_SERVICE };
  return { kind: 'QueryPlan', node: { kind: 'Sequence', nodes: rest ? [first, rest] : [first] } };
}

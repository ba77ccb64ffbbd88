import type { Logger } from '#platform/base/log/log.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import type { Pipeline, Served } from '../policy/pipeline.ts';
import type { Propagation } from '../request/propagation.ts';
import type { GatewayMetrics } from '../server/metrics.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import type { Graph } from '../supergraph/graph.ts';

/** The parts of the gateway that every way in works with. */
export interface ProtocolParts {
  readonly log: Logger;
  readonly metrics: GatewayMetrics;
  readonly authenticator?: Authenticator | undefined;
  readonly propagation: Propagation;
  readonly graph: Graph<Served>;
  readonly pipeline: Pipeline;
  readonly subscriptions: Subscriptions;
}

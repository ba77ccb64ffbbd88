import type { Config } from '#platform/base/config/config.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import type { Pipeline, Served } from '../policy/pipeline.ts';
import type { Propagation } from '../request/propagation.ts';
import type { GatewayMetrics } from '../server/metrics.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import type { Graph } from '../supergraph/graph.ts';

/** The parts of the gateway that a door works with: a way in for those who do not speak GraphQL. */
export interface DoorParts {
  readonly config: Pick<Config, 'TRUSTED_PROXIES' | 'MAX_BODY_BYTES' | 'publicUrl' | 'CONNECTED_APPS'>;
  readonly log: Logger;
  readonly metrics: GatewayMetrics;
  readonly authenticator?: Authenticator | undefined;
  readonly propagation: Propagation;
  readonly graph: Graph<Served>;
  readonly pipeline: Pipeline;
  readonly subscriptions: Subscriptions;
}

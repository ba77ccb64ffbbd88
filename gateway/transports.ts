import type { Registry } from 'prom-client';
import type { Logger } from '#platform/base/log/log.ts';
import type { IdentityAssertions } from '#platform/identity/authenticator.ts';
import { readMutualTls } from '#platform/net/http/tls.ts';
import type { Callbacks } from '#platform/net/transport/callbacks.ts';
import { largestMessage } from '#platform/net/transport/largest-message.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Configured } from './configured.ts';
import { subgraphMetrics } from './server/subgraph-metrics.ts';
import { settingsOf } from './settings/gateway-file.ts';
import { ruled } from './supergraph/ruled-transport.ts';
import { shared } from './supergraph/shared-transport.ts';
import type { SubgraphAddress } from './supergraph/supergraph.ts';

export interface TransportsOptions {
  readonly configured: Configured;
  readonly log: Logger;
  readonly metrics: Registry;
  /** URLs of subgraphs, by name, in the place of those of the supergraph and of gateway.yaml. */
  readonly addresses?: Readonly<Record<string, string>> | undefined;
  readonly assertions?: IdentityAssertions | undefined;
  /** The subscriptions of this process whose events come as requests. */
  readonly callbacks: Callbacks;
}

const CALLBACK_HEARTBEAT_MS = 5_000;

/** Creates the maker of transports to subgraphs of other processes, as gateway.yaml and the environment want them. */
export function createTransports(options: TransportsOptions) {
  const { configured, log, assertions, callbacks } = options;
  const { config, propagation } = configured;
  const ofSubgraphs = subgraphMetrics(options.metrics);
  const tls = readMutualTls(config, log);
  const round = { number: 0 };

  return async ({ name, urls }: SubgraphAddress): Promise<SubgraphTransport> => {
    // The HTTP client takes a fifth of the start, which one process for all does not need.
    const { createHttpTransport } = await import('#platform/net/transport/http.ts');
    const own = settingsOf(configured.file, name);
    const { callback } = configured.file;
    const address = options.addresses?.[name];
    const transport = createHttpTransport({
      subgraph: name,
      observer: ofSubgraphs.observe(name),
      urls: address === undefined ? (own.urls ?? urls) : [address],
      assertions,
      tls: configured.tlsOf(name) ?? tls,
      log,
      timeoutMs: own.timeout_ms ?? config.SUBGRAPH_TIMEOUT_MS,
      restartMs: own.restart_ms ?? config.SUBGRAPH_RESTART_MS,
      tries: own.tries,
      concurrency: own.concurrency,
      queue: own.queue,
      maxMessage: largestMessage(config),
      subscriptions: own.subscriptions,
      callback: callback && {
        callbacks,
        url: callback.url,
        heartbeatMs: callback.heartbeat_ms ?? CALLBACK_HEARTBEAT_MS,
      },
    });
    const isToldIdentity = assertions !== undefined;
    const counts = (header: string) => propagation.counts(name, header) || propagation.tellsWho(name, header);
    return ruled(own.deduplicate ? shared(transport, { round, isToldIdentity, counts }) : transport, propagation);
  };
}

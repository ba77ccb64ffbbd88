import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { ERROR_CODES } from '#platform/base/errors/errors.ts';
import { once } from '#platform/base/metrics/once.ts';
import type { RequestOutcome, TransportLoad, TransportObserver } from '#platform/net/transport/transport-observer.ts';

/** The instruments for subgraphs. Their names come from the supergraph, so labels have few values. */
export interface SubgraphMetrics {
  /** Observes a transport to a subgraph in another process. */
  observe(subgraph: string): TransportObserver;
  /** Counts an error that a subgraph has reported, wherever it runs. */
  reported(subgraph: string, code: unknown): void;
}

/** Returns the instruments of one registry; made once, for the transports and for what runs operations. */
export const subgraphMetrics = (registry: Registry): SubgraphMetrics => once(registry, createSubgraphMetrics);

function createSubgraphMetrics(registry: Registry): SubgraphMetrics {
  const registers = [registry];
  const durations = new Histogram({
    name: 'sextant_gateway_subgraph_request_duration_seconds',
    help: 'Time from a request to a subgraph in another process to its answer, retries included.',
    labelNames: ['subgraph', 'outcome'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers,
  });
  const retries = new Counter({
    name: 'sextant_gateway_subgraph_retries_total',
    help: 'Further tries of requests to a subgraph in another process.',
    labelNames: ['subgraph'],
    registers,
  });
  const errors = new Counter({
    name: 'sextant_gateway_subgraph_errors_total',
    help: 'Errors that a subgraph reported, by code; codes that are not in docs/errors.md count as `other`.',
    labelNames: ['subgraph', 'code'],
    registers,
  });
  const available = new Gauge({
    name: 'sextant_gateway_subgraph_available',
    help: '1 while a subgraph in another process is taken for available, 0 while requests to it fail fast.',
    labelNames: ['subgraph'],
    // Of several workers: 0 where one fails fast.
    aggregator: 'min',
    registers,
  });
  /** A subgraph whose settings have changed has several transports for a while. */
  const loads: { readonly subgraph: string; readonly load: () => TransportLoad }[] = [];
  const gauge = (name: string, help: string, of: (load: TransportLoad) => number): void =>
    void new Gauge({
      name,
      help,
      labelNames: ['subgraph'],
      registers,
      collect() {
        this.reset();
        for (const { subgraph, load } of loads) this.inc({ subgraph }, of(load()));
      },
    });
  gauge(
    'sextant_gateway_subgraph_requests_in_flight',
    'Requests to a subgraph in another process that have no answer yet.',
    ({ requests }) => requests,
  );
  gauge(
    'sextant_gateway_subgraph_sockets',
    'Sockets and streams to a subgraph in another process.',
    ({ sockets }) => sockets,
  );
  gauge(
    'sextant_gateway_subgraph_subscriptions',
    'Subscriptions that are open at a subgraph in another process.',
    ({ subscriptions }) => subscriptions,
  );

  return {
    observe(subgraph) {
      // The hot combinations are few: prom-client would hash their labels at each call.
      const children = new Map<RequestOutcome, { observe(seconds: number): void }>();
      available.set({ subgraph }, 1);
      retries.inc({ subgraph }, 0);
      return {
        available: (isAvailable) => available.set({ subgraph }, isAvailable ? 1 : 0),
        retried: () => retries.inc({ subgraph }),
        ended(outcome, ms) {
          let child = children.get(outcome);
          if (!child) {
            child = durations.labels(subgraph, outcome);
            children.set(outcome, child);
          }
          child.observe(ms / 1_000);
        },
        opened: (load) => {
          loads.push({ subgraph, load });
          return () => {
            const at = loads.findIndex((one) => one.load === load);
            if (at >= 0) loads.splice(at, 1);
          };
        },
      };
    },
    reported: (subgraph, code) =>
      errors.inc({ subgraph, code: typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) ? code : 'other' }),
  };
}

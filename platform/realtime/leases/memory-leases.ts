import type { Registry } from 'prom-client';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import { nextEpoch } from '../streams/epoch.ts';
import type { Lease, Leases } from './leases.ts';

/** Leases of one process: they end when they are given up, because a process that dies takes all of them with it. */
export class MemoryLeases implements Leases {
  readonly #held = new Map<string, Lease>();
  readonly #epochs = new Map<string, number>();
  readonly #metrics: StoreMetrics;

  constructor(options: { metrics: Registry }) {
    this.#metrics = storeMetrics(options.metrics);
  }

  async acquire(name: string, _options: { readonly ttlMs: number }): Promise<Lease | undefined> {
    if (this.#held.has(name)) return undefined;
    const epoch = nextEpoch(this.#epochs.get(name) ?? 0);
    this.#epochs.set(name, epoch);
    const release = async () => {
      if (this.#held.get(name) !== lease) return;
      this.#held.delete(name);
      this.#metrics.leasesHeld.dec();
    };
    const lease: Lease = {
      name,
      epoch,
      lost: new AbortController().signal,
      renew: async () => this.#held.get(name) === lease,
      release,
      [Symbol.asyncDispose]: release,
    };
    this.#held.set(name, lease);
    this.#metrics.leasesHeld.inc();
    return lease;
  }
}

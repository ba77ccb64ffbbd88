import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, type Registry } from 'prom-client';

/** The metrics of one process, as a message carries them. */
export type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Returns what a process measures at the moment, with the labels that all its metrics have. */
export const snapshotOf = async (registry: Registry): Promise<Snapshot> =>
  (await registry.getMetricsAsJSON()) as unknown as Snapshot;

/** Types of metrics that only grow. */
const TOTALS: ReadonlySet<unknown> = new Set(['counter', 'histogram']);

/**
 * The metrics of several processes as those of one. What a process that has ended had counted stays counted: a total
 * that falls is a reset to Prometheus, which would take all of it for new.
 */
export class SharedMetrics {
  #ended: Snapshot = [];
  readonly #seen = new Map<number, Snapshot>();

  /** Notes what a process has measured. */
  note(process: number, snapshot: Snapshot): void {
    this.#seen.set(process, snapshot);
  }

  /** Keeps the totals of a process that has ended, as they were last seen. */
  async keep(process: number): Promise<void> {
    const last = this.#seen.get(process);
    if (last === undefined) return;
    this.#seen.delete(process);
    const totals = last.filter(({ type }) => TOTALS.has(type));
    this.#ended = await snapshotOf(AggregatorRegistry.aggregate([this.#ended, totals] as unknown as object[]));
  }

  /** Returns all of it in Prometheus' format. */
  async text(own: Snapshot): Promise<string> {
    const all = [...this.#seen.values(), this.#ended, own];
    return AggregatorRegistry.aggregate(all as unknown as object[]).metrics();
  }
}

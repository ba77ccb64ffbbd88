import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { INSTANCE } from '#platform/base/log/log.ts';
import type { Checks } from '#platform/net/http/health-report.ts';
import { isTracing } from '#platform/net/tracing/spans.ts';
import { answerCensus } from '#platform/realtime/processes/process-census.ts';
import type { ProcessReport } from '#platform/realtime/processes/process-report.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import type { Process } from './process.ts';

/** The part of a report that a process tells of itself; the rest is measured. */
export interface ReportedProcess {
  /** Name of the process, as in its log. */
  readonly service: string;
  /** Gateway and subgraphs that it runs. */
  readonly runs: readonly string[];
  readonly version: string;
  /** Looks at what it depends on. */
  readonly health: () => Promise<Checks>;
}

/** How long the event loop is looked at, and how finely, in ms. */
const LOOKED_MS = 100;
const RESOLUTION_MS = 5;

/** Tells of this process whenever an administrator asks who is there. What it costs, it costs then alone. */
export async function reportProcess(
  { log, metrics, lifecycle }: Pick<Process, 'log' | 'metrics' | 'lifecycle'>,
  topics: Topics,
  { service, runs, version, health }: ReportedProcess,
): Promise<void> {
  const startedAt = new Date(Date.now() - process.uptime() * 1_000).toISOString();
  const report = async (): Promise<ProcessReport> => ({
    service,
    instance: INSTANCE,
    runs: [...runs],
    version,
    node: process.versions.node,
    startedAt,
    checks: { ...(await health()) },
    unavailable: await unavailableIn(metrics),
    loopDelayMs: await loopDelay(),
    memoryBytes: process.memoryUsage.rss(),
    subscriptions: (await valuesOf(metrics, 'sextant_gateway_subscriptions')).reduce(
      (sum, { value }) => sum + value,
      0,
    ),
    isTraced: isTracing(),
  });
  const answering = await answerCensus(topics, report, log);
  lifecycle.defer(() => answering.close());
}

async function loopDelay(): Promise<number> {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  await sleep(LOOKED_MS);
  delays.disable();
  return Math.max(0, delays.max / 1e6 - RESOLUTION_MS);
}

const unavailableIn = async (metrics: Registry): Promise<string[]> =>
  (await valuesOf(metrics, 'sextant_gateway_subgraph_available')).flatMap(({ value, labels }) =>
    value === 0 ? [String(labels['subgraph'])] : [],
  );

async function valuesOf(metrics: Registry, name: string) {
  return (await metrics.getSingleMetric(name)?.get())?.values ?? [];
}

import type { Gateway } from '#gateway/gateway.ts';
import type { RelayCallback } from '#gateway/protocols/callback.ts';
import type { SharedStores } from '#platform/host/stores.ts';
import type { Checks } from '#platform/net/http/health-report.ts';
import type { Callbacks } from '#platform/net/transport/callbacks.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import type { Process } from '../process.ts';
import { connectCalls } from './calls.ts';
import { snapshotOf } from './shared-metrics.ts';
import { storesOver } from './shared-stores.ts';
import { PipedTopics } from './shared-topics.ts';
import type { SupervisorCalls, WorkerCalls } from './worker-calls.ts';

/** The supervisor may have to wait for the other workers itself. */
const PATIENCE_MS = 5_000;

/** The link of a gateway that is one of several behind one port to their supervisor. */
export interface WorkerLink {
  readonly stores: SharedStores;
  readonly topics: Topics;
  /** Subgraphs that the supervisor serves to its workers alone; undefined where it has none. */
  subgraphs(): Promise<Readonly<Record<string, string>> | undefined>;
  /** Tells the supervisor that this process serves, and takes callbacks that others have got. */
  ready(gateway: Pick<Gateway, 'url' | 'callbacks'>): Promise<void>;
  readonly relayCallback: RelayCallback;
  /** Lets this process end, whose start has failed: the pipe would keep it alive. */
  release(): void;
  /** Tells it what this process has measured, before it ends. */
  leave(): Promise<void>;
  /** What all processes have measured, in Prometheus' format. */
  readMetrics(): Promise<string>;
  /** Whether as many serve as should. */
  health(): Promise<Checks>;
}

/** Returns the link to the supervisor where this process is one of its workers. */
export async function linkToSupervisor({
  log,
  metrics,
}: Pick<Process, 'log' | 'metrics'>): Promise<WorkerLink | undefined> {
  if (process.send === undefined || !(await import('node:cluster')).default.isWorker) return undefined;
  let callbacks: Callbacks | undefined;
  const call = connectCalls<SupervisorCalls>(
    {
      isOpen: () => process.connected,
      send: (message) => void process.send!(message),
      onMessage: (listener) => void process.on('message', listener),
      onClose: (listener) => void process.once('disconnect', listener),
    },
    {
      snapshot: () => snapshotOf(metrics),
      beat: () => undefined,
      hear: (topic, event) => topics.hear(topic, event),
      hasCallback: (id) => callbacks?.has(id) ?? false,
      receiveCallback: async (id, message) => (await callbacks?.receive(id, message)) ?? 404,
    } satisfies WorkerCalls,
    PATIENCE_MS,
  );
  const topics = new PipedTopics({ call, log, metrics });
  return {
    stores: storesOver(call),
    topics,
    subgraphs: () => call('subgraphs'),
    ready(gateway) {
      callbacks = gateway.callbacks;
      return call('ready', gateway.url);
    },
    relayCallback: {
      has: (id) => call('hasCallback', id),
      send: (id, message) => call('relayCallback', id, message),
    },
    release: () => process.channel?.unref(),
    leave: async () => call('leaves', await snapshotOf(metrics)).catch(() => undefined),
    readMetrics: () => call('metrics'),
    async health() {
      const count = await call('count').catch(() => undefined);
      if (count === undefined) return { workers: { status: 'down', detail: 'the supervisor does not answer' } };
      const { serving, wanted } = count;
      return { workers: { status: serving < wanted ? 'down' : 'up', detail: `${serving} of ${wanted} serve` } };
    },
  };
}

import type { Json } from '#platform/base/json/json.ts';
import type { Snapshot } from './shared-metrics.ts';
import type { serveStores } from './shared-stores.ts';
import type { TopicCalls } from './shared-topics.ts';

/** The functions of the supervisor that a worker may call. */
export type SupervisorCalls = ReturnType<typeof serveStores> &
  TopicCalls & {
    /** Where the supervisor serves subgraphs to its workers alone, by name; undefined where it has none. */
    subgraphs(): Readonly<Record<string, string>> | undefined;
    /** It serves at this URL. */
    ready(url: string): void;
    /** What it has measured, when it is about to end. */
    leaves(last: Snapshot): void;
    /** What all have measured, in Prometheus' format. */
    metrics(): Promise<string>;
    count(): WorkerCount;
    /** Whether another worker has a subscription over callbacks. */
    hasCallback(id: string): Promise<boolean>;
    /** What a subgraph has sent that a worker does not know: the status of the worker who does, else 404. */
    relayCallback(id: string, message: unknown): Promise<number>;
  };

export interface WorkerCount {
  readonly serving: number;
  readonly wanted: number;
}

/** The functions of a worker that the supervisor may call. */
export type WorkerCalls = {
  snapshot(): Promise<Snapshot>;
  /** Says that it is there. */
  beat(): void;
  /** @returns whether it has a subscription over callbacks. */
  hasCallback(id: string): boolean;
  /** An event of a topic that it listens to. */
  hear(topic: string, event: Json): void;
  /** @returns the status of the answer; 404 where it is not of a subscription of this process. */
  receiveCallback(id: string, message: unknown): Promise<number>;
};

import type { Registry } from 'prom-client';
import type { Json } from '../../base/json/json.ts';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import { LocalTopics } from './local-topics.ts';
import { checkTopic, topicEvents } from './topic-events.ts';
import type { Subscription, Topics } from './topics.ts';

/** The topics of one process. */
export class MemoryTopics implements Topics {
  readonly #local: LocalTopics;
  readonly #metrics: StoreMetrics;

  constructor(options: { log: Logger; metrics: Registry }) {
    this.#metrics = storeMetrics(options.metrics);
    this.#local = new LocalTopics(options.log, this.#metrics);
  }

  async publish(topic: string, event: Json): Promise<void> {
    checkTopic(topic);
    this.#metrics.topicEvents.inc();
    this.#local.tell(topic, event);
  }

  async subscribe(topic: string, listener: (event: Json) => void): Promise<Subscription> {
    checkTopic(topic);
    // A wrapper of its own, so that the same function can listen twice.
    const own = (event: Json) => listener(event);
    this.#local.add(topic, own);
    return { close: () => void this.#local.remove(topic, own) };
  }

  /** Of one process nothing is missed. */
  onMissed(): () => void {
    return () => {};
  }

  events(topic: string, options?: { readonly signal?: AbortSignal; readonly limit?: number }): AsyncIterable<Json> {
    return topicEvents(this, topic, this.#metrics, options);
  }
}

import type { Json } from '../../base/json/json.ts';
import type { Logger } from '../../base/log/log.ts';
import type { StoreMetrics } from '../../base/metrics/store-metrics.ts';

export type TopicListener = (event: Json) => void;

/** The listeners of one process: an event to a thousand of them is one loop over one object. */
export class LocalTopics {
  readonly #topics = new Map<string, Set<TopicListener>>();
  readonly #log: Logger;
  readonly #metrics: StoreMetrics;

  constructor(log: Logger, metrics: StoreMetrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  /** @returns whether it is the topic's first listener. */
  add(topic: string, listener: TopicListener): boolean {
    this.#metrics.topicSubscriptions.inc();
    const listeners = this.#topics.get(topic);
    if (listeners) listeners.add(listener);
    else this.#topics.set(topic, new Set([listener]));
    return listeners === undefined;
  }

  /** @returns whether it was the topic's last listener. */
  remove(topic: string, listener: TopicListener): boolean {
    const listeners = this.#topics.get(topic);
    if (!listeners?.delete(listener)) return false;
    this.#metrics.topicSubscriptions.dec();
    if (listeners.size > 0) return false;
    return this.#topics.delete(topic);
  }

  tell(topic: string, event: Json): void {
    for (const listener of this.#topics.get(topic) ?? []) {
      try {
        listener(event);
      } catch (error) {
        this.#log.error({ err: error, topic }, 'A listener of a topic failed.');
      }
    }
  }
}

import type { Registry } from 'prom-client';
import type { Json } from '#platform/base/json/json.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '#platform/base/metrics/store-metrics.ts';
import { LocalTopics } from '#platform/realtime/topics/local-topics.ts';
import { checkTopic, encodeEvent, topicEvents } from '#platform/realtime/topics/topic-events.ts';
import type { Subscription, Topics } from '#platform/realtime/topics/topics.ts';
import type { Call } from './calls.ts';

/** The functions by which one worker publishes to the topics of the supervisor, and says which of them it hears. */
export type TopicCalls = {
  publish(topic: string, event: Json): Promise<void>;
  listen(topic: string): Promise<void>;
  unlisten(topic: string): void;
};

/**
 * Creates the functions by which one worker reaches the topics of the supervisor.
 *
 * @param tell hands an event to the worker.
 */
export function serveTopics(topics: Topics, tell: (topic: string, event: Json) => void) {
  const listening = new Map<string, Promise<Subscription>>();
  const end = (topic: string): void => {
    void listening.get(topic)?.then((subscription) => subscription.close());
    listening.delete(topic);
  };
  /** Whether the worker itself publishes at the moment: it has told its own listeners. */
  let isOwn = false;
  const calls: TopicCalls = {
    publish(topic, event) {
      isOwn = true;
      // Listeners of this process are called before it returns.
      const published = topics.publish(topic, event);
      isOwn = false;
      return published;
    },
    async listen(topic) {
      const listener = (event: Json): void => {
        if (!isOwn) tell(topic, event);
      };
      if (!listening.has(topic)) listening.set(topic, topics.subscribe(topic, listener));
      await listening.get(topic);
    },
    unlisten: end,
  };
  return {
    calls,
    /** Ends what a worker heard that is gone. */
    close: () => [...listening.keys()].forEach(end),
  };
}

/** The topics of the supervisor as a worker uses them. */
export class PipedTopics implements Topics {
  readonly #call: Call<TopicCalls>;
  readonly #local: LocalTopics;
  readonly #metrics: StoreMetrics;
  readonly #log: Logger;
  /** Topics that the supervisor is asked for, so that the second listener waits for the first one's confirmation. */
  readonly #listening = new Map<string, Promise<void>>();

  constructor({ call, log, metrics }: { call: Call<TopicCalls>; log: Logger; metrics: Registry }) {
    this.#call = call;
    this.#log = log;
    this.#metrics = storeMetrics(metrics);
    this.#local = new LocalTopics(log, this.#metrics);
  }

  /** Tells the listeners of this process of an event of another one. */
  hear(topic: string, event: Json): void {
    this.#local.tell(topic, event);
  }

  async publish(topic: string, event: Json): Promise<void> {
    checkTopic(topic);
    encodeEvent(topic, event);
    this.#local.tell(topic, event);
    try {
      await this.#call('publish', topic, event);
    } catch (error) {
      this.#metrics.topicDropped.inc({ reason: 'supervisor unavailable' });
      this.#log.debug({ err: error, topic }, 'an event did not reach other processes');
    }
  }

  async subscribe(topic: string, listener: (event: Json) => void): Promise<Subscription> {
    checkTopic(topic);
    const own = (event: Json) => listener(event);
    if (this.#local.add(topic, own)) this.#listening.set(topic, this.#call('listen', topic));
    const close = (): void => {
      if (!this.#local.remove(topic, own)) return;
      this.#listening.delete(topic);
      void this.#call('unlisten', topic).catch(() => undefined);
    };
    try {
      await this.#listening.get(topic);
    } catch (error) {
      // The next one asks again.
      this.#listening.delete(topic);
      close();
      throw error;
    }
    return { close };
  }

  /** The supervisor lives as long as its workers do: what is said to it is not lost. */
  onMissed(): () => void {
    return () => {};
  }

  events(topic: string, options?: { readonly signal?: AbortSignal; readonly limit?: number }): AsyncIterable<Json> {
    return topicEvents(this, topic, this.#metrics, options);
  }
}

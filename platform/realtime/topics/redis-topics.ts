import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { Json } from '../../base/json/json.ts';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { RedisConnections } from '../redis/redis.ts';
import { LocalTopics } from './local-topics.ts';
import { checkTopic, encodeEvent, topicEvents } from './topic-events.ts';
import type { Subscription, Topics } from './topics.ts';

/**
 * The topics across processes by Redis pub/sub. Listeners of this process are told directly; the echo that Redis sends
 * back is known by the sender's id in front of the event.
 */
export class RedisTopics implements Topics {
  readonly #redis: RedisConnections;
  readonly #local: LocalTopics;
  readonly #log: Logger;
  readonly #metrics: StoreMetrics;
  readonly #processId = randomUUID();
  /** Channels that are being subscribed to, so that the second listener waits for the first one's confirmation. */
  readonly #listening = new Map<string, Promise<void>>();

  constructor(options: { redis: RedisConnections; log: Logger; metrics: Registry }) {
    this.#redis = options.redis;
    this.#log = options.log;
    this.#metrics = storeMetrics(options.metrics);
    this.#local = new LocalTopics(options.log, this.#metrics);
  }

  async publish(topic: string, event: Json): Promise<void> {
    checkTopic(topic);
    const text = encodeEvent(topic, event);
    this.#metrics.topicEvents.inc();
    this.#local.tell(topic, event);
    try {
      await this.#redis.guard(
        'topics',
        this.#redis.commands.publish(this.#channel(topic), `${this.#processId}${text}`),
      );
    } catch (error) {
      this.#metrics.topicDropped.inc({ reason: 'Redis unavailable' });
      this.#log.debug({ err: error, topic }, 'An event did not reach other processes.');
    }
  }

  async subscribe(topic: string, listener: (event: Json) => void): Promise<Subscription> {
    checkTopic(topic);
    const own = (event: Json) => listener(event);
    if (this.#local.add(topic, own)) {
      const listening = this.#redis.channels.listen(this.#channel(topic), (message) => this.#hear(topic, message));
      this.#listening.set(topic, listening);
    }
    await this.#listening.get(topic);
    return {
      close: () => {
        if (!this.#local.remove(topic, own)) return;
        this.#listening.delete(topic);
        this.#redis.channels.unlisten(this.#channel(topic));
      },
    };
  }

  events(topic: string, options?: { readonly signal?: AbortSignal; readonly limit?: number }): AsyncIterable<Json> {
    return topicEvents(this, topic, this.#metrics, options);
  }

  #hear(topic: string, message: string): void {
    if (message.startsWith(this.#processId)) return;
    this.#local.tell(topic, JSON.parse(message.slice(this.#processId.length)) as Json);
  }

  #channel(topic: string): string {
    return `${this.#redis.prefix}topic:${topic}`;
  }
}

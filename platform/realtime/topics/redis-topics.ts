import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import { guarded } from '../../base/faults/guarded.ts';
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
  readonly #missed = new Set<() => void>();
  /** Whether something that was published here has not reached the other processes, which know nothing of it. */
  #hasLost = false;

  constructor(options: { redis: RedisConnections; log: Logger; metrics: Registry }) {
    this.#redis = options.redis;
    this.#log = options.log;
    this.#metrics = storeMetrics(options.metrics);
    this.#local = new LocalTopics(options.log, this.#metrics);
    const { channels, commands } = this.#redis;
    channels.onReturn(() => this.#tellMissed());
    commands.on(
      'ready',
      guarded({ where: 'topics', log: this.#log }, () => this.#admitLoss()),
    );
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
      this.#hasLost = true;
      this.#metrics.topicDropped.inc({ reason: 'Redis unavailable' });
      this.#log.debug({ err: error, topic }, 'An event did not reach other processes.');
      return;
    }
    if (this.#hasLost) await this.#admitLoss();
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

  onMissed(listener: () => void): () => void {
    // A wrapper of its own, so that the same function can listen twice.
    const own = () => listener();
    this.#missed.add(own);
    if (this.#missed.size === 1)
      void this.#redis.channels.listen(this.#lossChannel, (from) => {
        if (from !== this.#processId) this.#tellMissed();
      });
    return () => {
      if (this.#missed.delete(own) && this.#missed.size === 0) this.#redis.channels.unlisten(this.#lossChannel);
    };
  }

  events(topic: string, options?: { readonly signal?: AbortSignal; readonly limit?: number }): AsyncIterable<Json> {
    return topicEvents(this, topic, this.#metrics, options);
  }

  #tellMissed(): void {
    for (const listener of this.#missed) guarded({ where: 'topics', log: this.#log }, listener)();
  }

  /** Tells the other processes that they have missed something. */
  async #admitLoss(): Promise<void> {
    if (!this.#hasLost) return;
    this.#hasLost = false;
    await this.#redis.commands.publish(this.#lossChannel, this.#processId).catch(() => {
      this.#hasLost = true;
    });
  }

  #hear(topic: string, message: string): void {
    if (message.startsWith(this.#processId)) return;
    this.#local.tell(topic, JSON.parse(message.slice(this.#processId.length)) as Json);
  }

  get #lossChannel(): string {
    return `${this.#redis.prefix}topics-lost`;
  }

  #channel(topic: string): string {
    return `${this.#redis.prefix}topic:${topic}`;
  }
}

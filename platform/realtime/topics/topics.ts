import type { Json } from '../../base/json/json.ts';

/**
 * The topics, by which small events are published and heard, across processes. At most once: an event published while
 * Redis is away, or before the subscription, is not seen. What must not be missed belongs in the outbox or in a stream
 * log.
 *
 * Two faces: memory and Redis pub/sub. topics.contract.ts is their common definition.
 */
export interface Topics {
  /**
   * Tells every subscriber of `topic` in every process. Subscribers in this process are called before it returns, all
   * with the same object, which no listener may change; JSON is made once, for other processes only.
   *
   * @param topic name, at most 256 characters, e.g. `conversation:<id>`.
   * @param event at most 65 536 characters of JSON.
   * @returns when Redis has it. It does not throw when Redis is away: local subscribers were told, the loss is counted.
   */
  publish(topic: string, event: Json): Promise<void>;

  /**
   * Calls `listener` for every event. A listener must be quick and must not throw (a throw is logged, others still
   * hear).
   *
   * @returns when events of other processes arrive too: `close` ends it.
   */
  subscribe(topic: string, listener: (event: Json) => void): Promise<Subscription>;

  /**
   * Calls `listener` when events of other processes may have been missed, on any topic: Redis was away from here, or
   * from a process that has published meanwhile. What is published from then on arrives.
   *
   * @returns what ends it.
   */
  onMissed(listener: () => void): () => void;

  /**
   * The events as an iteration that ends when `signal` aborts. At most `limit` (default 256) events wait for a slow
   * consumer; then the oldest are dropped and counted.
   */
  events(topic: string, options?: { readonly signal?: AbortSignal; readonly limit?: number }): AsyncIterable<Json>;
}

export interface Subscription {
  close(): void;
}

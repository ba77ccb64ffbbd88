import { Pull, WAIT } from '../../base/iteration/pull.ts';
import type { Json } from '../../base/json/json.ts';
import type { StoreMetrics } from '../../base/metrics/store-metrics.ts';
import type { Subscription, Topics } from './topics.ts';

/**
 * Yields the events of a topic, for both faces: a bounded queue between the listener and a consumer that may be slow.
 */
export function topicEvents(
  topics: Topics,
  topic: string,
  metrics: StoreMetrics,
  { signal, limit = 256 }: { readonly signal?: AbortSignal; readonly limit?: number } = {},
): AsyncIterable<Json> {
  const queue: Json[] = [];
  let subscription: Subscription | undefined;
  const events: Pull<Json> = new Pull<Json>({
    signal,
    open: async (closing) => {
      const opened = await topics.subscribe(topic, (event) => {
        if (queue.length >= limit) {
          queue.shift();
          metrics.topicDropped.inc({ reason: 'slow consumer' });
        }
        queue.push(event);
        events.wake();
      });
      if (closing.aborted) opened.close();
      else subscription = opened;
    },
    take: () => (queue.length > 0 ? queue.shift()! : WAIT),
    close: () => subscription?.close(),
  });
  return events;
}

const MAX_NAME = 256;
const MAX_EVENT_BYTES = 64 * 1024;

/**
 * Checks the name of a topic.
 *
 * @throws {TypeError}
 */
export function checkTopic(topic: string): void {
  if (topic.length === 0 || topic.length > MAX_NAME)
    throw new TypeError(`The name of a topic has 1 to ${MAX_NAME} characters; this one has ${topic.length}.`);
}

/** Returns the event as JSON. @throws {TypeError} it is too large for a topic. */
export function encodeEvent(topic: string, event: Json): string {
  const text = JSON.stringify(event);
  if (text.length > MAX_EVENT_BYTES)
    throw new TypeError(
      `An event of ${topic} is ${text.length} characters of JSON; at most ${MAX_EVENT_BYTES} are accepted.`,
    );
  return text;
}

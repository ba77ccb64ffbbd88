import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Json } from '#platform/base/json/json.ts';
import { silentLog } from '#platform/realtime/redis/testing/redis.ts';
import { MemoryTopics } from '#platform/realtime/topics/memory-topics.ts';
import { topicsContract } from '#platform/realtime/topics/topics.contract.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import { type Call, type Callable, connectCalls, type Pipe } from './calls.ts';
import { PipedTopics, serveTopics, type TopicCalls } from './shared-topics.ts';

const options = () => ({ log: silentLog, metrics: new Registry() });

/** Two ends of a pipe, over which everything is cloned and comes a moment later, in order. */
function pipes(): readonly [Pipe, Pipe] {
  const listeners: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []];
  const end = (own: 0 | 1): Pipe => ({
    isOpen: () => true,
    send: (message) => {
      const sent = structuredClone(message);
      setImmediate(() => {
        for (const listener of listeners[own === 0 ? 1 : 0]) listener(sent);
      });
    },
    onMessage: (listener) => void listeners[own].push(listener),
    onClose: () => {},
  });
  return [end(0), end(1)];
}

function workerOf(topics: Topics): { topics: PipedTopics; leave(): void } {
  const [here, there] = pipes();
  type Hear = { hear(topic: string, event: Json): void };
  let hear: Call<Hear> | undefined;
  const served = serveTopics(topics, (topic, event) => void hear!('hear', topic, event));
  hear = connectCalls<Hear>(here, served.calls as unknown as Callable, 5_000);
  const own: Callable = { hear: (...[topic, event]: [string, Json]) => piped.hear(topic, event) };
  const piped: PipedTopics = new PipedTopics({ call: connectCalls<TopicCalls>(there, own, 5_000), ...options() });
  return { topics: piped, leave: served.close };
}

describe('topics: from the supervisor to a worker', () => {
  topicsContract(async () => {
    const here = new MemoryTopics(options());
    return { here, there: workerOf(here).topics };
  });
});

describe('topics: from a worker to another', () => {
  topicsContract(async () => {
    const shared = new MemoryTopics(options());
    return { here: workerOf(shared).topics, there: workerOf(shared).topics };
  });
});

it('a worker that is gone is told nothing more', async () => {
  const shared = new MemoryTopics(options());
  const worker = workerOf(shared);
  const heard: Json[] = [];
  await worker.topics.subscribe('room', (event) => heard.push(event));
  await shared.publish('room', 1);
  await expect.poll(() => heard).toEqual([1]);
  worker.leave();
  await Promise.resolve();
  await shared.publish('room', 2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([1]);
});

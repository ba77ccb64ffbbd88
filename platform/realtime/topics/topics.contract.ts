import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Json } from '../../base/json/json.ts';
import type { Topics } from './topics.ts';

/** What topics promise, seen from two processes (one and the same where there is only one). */
export function topicsContract(
  open: (lifecycle: AsyncDisposableStack) => Promise<{ here: Topics; there: Topics }>,
): void {
  const lifecycle = new AsyncDisposableStack();
  let here: Topics;
  let there: Topics;
  let names = 0;
  const fresh = () => `room:${names++}`;
  beforeAll(async () => {
    ({ here, there } = await open(lifecycle));
  });
  afterAll(() => lifecycle.disposeAsync());

  it('tells subscribers of every process exactly once, in order', async () => {
    const topic = fresh();
    const heard: Record<string, Json[]> = { here: [], there: [] };
    const subscriptions = [
      await here.subscribe(topic, (event) => heard.here!.push(event)),
      await there.subscribe(topic, (event) => heard.there!.push(event)),
    ];
    for (let n = 0; n < 50; n++) await here.publish(topic, { n });
    await sleep(100);
    const all = Array.from({ length: 50 }, (_, n) => ({ n }));
    expect(heard).toEqual({ here: all, there: all });
    for (const subscription of subscriptions) subscription.close();
  });

  it('keeps topics apart, and is silent after close', async () => {
    const [one, two] = [fresh(), fresh()];
    const heard: Json[] = [];
    const subscription = await there.subscribe(one, (event) => heard.push(event));
    await here.publish(two, 'other');
    await here.publish(one, 'mine');
    await sleep(50);
    subscription.close();
    subscription.close();
    await here.publish(one, 'late');
    await sleep(50);
    expect(heard).toEqual(['mine']);
  });

  it('lets the second of two subscribers stay when the first leaves', async () => {
    const topic = fresh();
    const heard: Json[] = [];
    const listener = (event: Json) => heard.push(event);
    const [first, second] = [await there.subscribe(topic, listener), await there.subscribe(topic, listener)];
    first.close();
    await here.publish(topic, 'still here');
    await sleep(50);
    second.close();
    expect(heard).toEqual(['still here']);
  });

  it('does not let one listener’s failure silence the others', async () => {
    const topic = fresh();
    const heard: Json[] = [];
    const subscriptions = [
      await here.subscribe(topic, () => {
        throw new Error('a bad listener');
      }),
      await here.subscribe(topic, (event) => heard.push(event)),
    ];
    await here.publish(topic, 1);
    expect(heard).toEqual([1]);
    for (const subscription of subscriptions) subscription.close();
  });

  it('drops the oldest events of a slow consumer instead of growing', async () => {
    const topic = fresh();
    const aborting = new AbortController();
    const events = there.events(topic, { limit: 10, signal: aborting.signal })[Symbol.asyncIterator]();
    const first = events.next();
    await sleep(50);
    await here.publish(topic, 'first');
    expect((await first).value).toBe('first');
    for (let n = 0; n < 100; n++) await here.publish(topic, n);
    await sleep(100);
    expect((await events.next()).value).toBe(90);
    aborting.abort();
    expect((await events.next()).done).toBe(true);
  });

  it('refuses names that are none', async () => {
    await expect(here.publish('', 1)).rejects.toThrow(TypeError);
    await expect(here.subscribe('x'.repeat(257), () => {})).rejects.toThrow(TypeError);
  });
}

import { describe, expect, it } from 'vitest';
import { CodedError } from '#platform/base/errors/errors.ts';
import { createDelivery, type DeliveryObserver, type QueuePolicy } from './delivery.ts';

/** A client that reads only when it is told to. */
function slowClient(policy: QueuePolicy) {
  const written: string[] = [];
  const ends: string[] = [];
  let buffered = 0;
  const observer: DeliveryObserver = { sent: () => {}, coalesced: () => {}, ended: (reason) => ends.push(reason) };
  const delivery = createDelivery(
    {
      next: (json) => written.push(json.toString()),
      error: (errors) => written.push(JSON.stringify(errors)),
      complete: () => written.push('complete'),
      buffered: () => buffered,
      cut: (reason) => written.push(`cut: ${reason}`),
    },
    policy,
    observer,
  );
  return {
    delivery,
    written,
    ends,
    pause: () => {
      buffered = 1_000_000;
    },
    read: () => {
      buffered = 0;
    },
  };
}

const until = (written: readonly string[], last: string) => expect.poll(() => written.at(-1)).toBe(last);

describe('a client who reads', () => {
  it('gets every event at once, in order', () => {
    const { delivery, written } = slowClient({ when: 'keep' });
    for (const event of ['1', '2', '3']) delivery.next({ json: event });
    delivery.complete();
    expect(written).toEqual(['1', '2', '3', 'complete']);
  });
});

describe('a client who pauses', () => {
  it('gets what it missed when it reads again, and the end after that', async () => {
    const client = slowClient({ when: 'keep' });
    client.delivery.next({ json: '1' });
    client.pause();
    for (const event of ['2', '3']) client.delivery.next({ json: event });
    client.delivery.complete();
    expect(client.written).toEqual(['1']);
    client.read();
    await until(client.written, 'complete');
    expect(client.written).toEqual(['1', '2', '3', 'complete']);
    expect(client.ends).toEqual(['complete']);
  });

  it('and is gone when its end is written, has ended once', async () => {
    const ends: string[] = [];
    let [buffered, isTold] = [1_000_000, false];
    const channel = {
      next: () => undefined,
      error: () => undefined,
      complete() {
        isTold = true;
        throw new Error('gone');
      },
      buffered: () => buffered,
      cut: () => undefined,
    };
    const observer: DeliveryObserver = { sent: () => {}, coalesced: () => {}, ended: (reason) => ends.push(reason) };
    const delivery = createDelivery(channel, { when: 'keep' }, observer);
    delivery.next({ json: '1' });
    delivery.complete();
    buffered = 0;
    await expect.poll(() => isTold).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toEqual(['complete']);
  });

  it('gets what came before the source failed, and why it ended after that', async () => {
    const client = slowClient({ when: 'keep' });
    client.pause();
    for (const event of ['1', '2']) client.delivery.next({ json: event });
    client.delivery.error([new CodedError('SUBGRAPH_UNAVAILABLE', 'Lost.')]);
    client.delivery.next({ json: '3' });
    expect(client.written).toEqual([]);
    client.read();
    await expect.poll(() => client.ends).toEqual(['error']);
    expect(client.written.slice(0, -1)).toEqual(['1', '2']);
    expect(client.written.at(-1)).toContain('SUBGRAPH_UNAVAILABLE');
  });

  it('gets only the newest, where the field says so', async () => {
    const client = slowClient({ when: 'latest' });
    client.pause();
    for (let event = 1; event <= 100_000; event++) client.delivery.next({ json: String(event) });
    client.read();
    await until(client.written, '100000');
    expect(client.written).toEqual(['100000']);
  });

  it('gets events merged, where they can be', async () => {
    const merge = (a: string, b: string) => (a.length < 50 ? a + b : undefined);
    const client = slowClient({ when: 'merge', merge });
    client.pause();
    for (let event = 0; event < 1000; event++) client.delivery.next({ json: 'x' });
    client.read();
    await expect.poll(() => client.written.join('').length).toBe(1000);
    expect(client.written.length).toBe(20);
  });

  it('for too long is told where to resume, and cut, by events as by bytes', () => {
    for (const event of ['x', 'x'.repeat(10_000)]) {
      const client = slowClient({ when: 'keep', offsetOf: () => 41 });
      client.delivery.next({ json: 'first' });
      client.pause();
      for (let count = 0; count < 300; count++) client.delivery.next({ json: event });
      expect(client.ends).toEqual(['slow']);
      expect(JSON.parse(client.written[1]!)[0]).toMatchObject({
        extensions: { code: 'SLOW_CONSUMER', resumeAfter: 41 },
      });
      expect(client.written[2]).toBe('cut: Slow consumer: resume after 41');
    }
  });

  it('and leaves is forgotten', () => {
    const client = slowClient({ when: 'keep' });
    client.pause();
    client.delivery.next({ json: '1' });
    client.delivery.stop();
    client.read();
    client.delivery.next({ json: '2' });
    client.delivery.complete();
    expect(client.written).toEqual([]);
    expect(client.ends).toEqual(['left']);
  });
});

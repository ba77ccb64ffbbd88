import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { MemoryWatch, metricOf } from './testing/process-metrics.ts';
import { freePort, type ServingProcess, SextantProcess } from './testing/sextant.ts';
import { TickingSubgraph } from './testing/ticking-subgraph.ts';

const CLIENTS = 200;
const SMALL = 100;
/** Of the one who pauses: enough to fill what the system buffers for a connection within seconds. */
const LARGE = 200_000;
const MAX_MB = 20;

let subgraph: TickingSubgraph;
let gateway: ServingProcess;
beforeAll(async () => {
  subgraph = await TickingSubgraph.start();
  gateway = await SextantProcess.start(['gateway', '--supergraph', subgraph.supergraph], {
    PORT: String(await freePort()),
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await subgraph[Symbol.asyncDispose]();
});

/** A bare socket with subscriptions of these sizes: the numbers of the first one's events, and how it ended. */
function follow(...sizes: number[]) {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const numbers: number[] = [];
  const completed = Promise.withResolvers<void>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  socket.on('open', () => socket.send('{"type":"connection_init"}'));
  socket.on('message', (data) => {
    const text = String(data);
    if (text === '{"type":"connection_ack"}') {
      for (const [index, size] of sizes.entries()) {
        const query = 'subscription ($size: Int!) { ticks(size: $size) { number text } }';
        socket.send(JSON.stringify({ id: String(index), type: 'subscribe', payload: { query, variables: { size } } }));
      }
    } else if (text.startsWith('{"id":"0","type":"next"')) numbers.push(Number(/"number":(\d+)/.exec(text)![1]));
    else if (text === '{"id":"0","type":"complete"}') completed.resolve();
  });
  return { socket, numbers, completed: completed.promise, closed };
}

it(`one paused client among ${CLIENTS} costs under ${MAX_MB} MB and is closed with its code; the others lose nothing`, async () => {
  // Equal subscriptions share one upstream, the paused client's small one too.
  const readers = Array.from({ length: CLIENTS - 1 }, () => follow(SMALL));
  const sleeper = follow(LARGE, SMALL);
  await using memory = new MemoryWatch(gateway.url);
  const all = [...readers, sleeper];
  await expect.poll(() => all.every(({ numbers }) => numbers.length > 0), { timeout: 20_000 }).toBe(true);
  expect(subgraph.open).toBe(2);
  await sleep(8_000); // until its memory is what so many readers take, garbage included
  const before = memory.takePeak();

  sleeper.socket.pause();
  const ended = () => metricOf(gateway.url, 'sextant_gateway_subscriptions_ended_total', { reason: 'slow' });
  await expect.poll(ended, { timeout: 30_000 }).toBe(1);
  expect(memory.takePeak() - before).toBeLessThan(MAX_MB);
  // What it did not read is not kept for it.
  await expect.poll(() => subgraph.open).toBe(1);
  sleeper.socket.resume();
  expect(await sleeper.closed).toEqual({ code: 4411, reason: 'Slow consumer: resume' });

  await sleep(500);
  expect(memory.takePeak() - before).toBeLessThan(MAX_MB);
  subgraph.finish();
  await Promise.all(readers.map(({ completed }) => completed));
  for (const { numbers, socket } of readers) {
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => numbers[0]! + i));
    expect(numbers.at(-1)).toBe(readers[0]!.numbers.at(-1));
    socket.close();
  }
}, 90_000);

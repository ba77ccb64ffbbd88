/**
 * Subscriptions held and events delivered, against the graphql-ws library serving the same schema with no gateway.
 *
 * Memory: resident bytes a socket and a subscription that is open and silent, 10,000 of them. Events: CPU of the server
 * process for each delivered event, with a stream for each subscriber and with one stream shared by all. Storm: the time
 * until 2,000 clients who were all dropped at once have their subscriptions again.
 */
import { fork } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { WebSocket } from 'ws';

const SOCKETS = 10_000;
const STREAMS = 500;
const SHARED = 1_000;
const STORM = 2_000;
const MEASURE_MS = 4_000;

interface Usage {
  readonly cpuUs: number;
  readonly rss: number;
}

interface Server {
  readonly url: string;
  usage(): Promise<Usage>;
  stop(): void;
}

async function start(kind: 'ours' | 'library'): Promise<Server> {
  const file = path.join(import.meta.dirname, 'subscriptions', 'server.ts');
  const child = fork(file, [kind], { execArgv: ['--expose-gc'] });
  const answer = <T>() => new Promise<T>((resolve) => child.once('message', (message) => resolve(message as T)));
  const { port } = await answer<{ port: number }>();
  return {
    url: `ws://127.0.0.1:${port}/graphql`,
    usage() {
      const usage = answer<Usage>();
      child.send('usage');
      return usage;
    },
    stop: () => child.disconnect(),
  };
}

let received = 0;

function connect(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
    socket.once('error', reject);
    socket.once('open', () => socket.send('{"type":"connection_init"}'));
    socket.on('message', (data: Buffer) => {
      // `next` is told from the others by its length: no client of a benchmark should cost more than its server.
      if (data.length > 40) received++;
      else if (data.includes('connection_ack')) resolve(socket);
    });
  });
}

/** As many at once as a listen queue holds. */
async function connectAll(url: string, count: number): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(200, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => connect(url)))));
  }
  return sockets;
}

const subscribe = (socket: WebSocket, field: string, n: number): void =>
  socket.send(
    JSON.stringify({
      id: '1',
      type: 'subscribe',
      payload: { query: `subscription S($n: Int!) { ${field}(n: $n) { number text } }`, variables: { n } },
    }),
  );

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function memory(server: Server) {
  const before = await server.usage();
  const started = performance.now();
  const sockets = await connectAll(server.url, SOCKETS);
  const connectedMs = performance.now() - started;
  await pause(500);
  const connected = await server.usage();
  for (const [index, socket] of sockets.entries()) subscribe(socket, 'idle', index);
  await pause(3_000);
  const subscribed = await server.usage();
  for (const socket of sockets) socket.terminate();
  await pause(1_000);
  return {
    socket: (connected.rss - before.rss) / SOCKETS,
    subscription: (subscribed.rss - connected.rss) / SOCKETS,
    total: subscribed.rss,
    connectedMs,
  };
}

async function eventCost(server: Server, count: number, shared: boolean): Promise<number> {
  const sockets = await connectAll(server.url, count);
  for (const [index, socket] of sockets.entries()) subscribe(socket, 'beat', shared ? 0 : index);
  await pause(1_000);
  const before = await server.usage();
  const start = received;
  await pause(MEASURE_MS);
  const after = await server.usage();
  const events = received - start;
  for (const socket of sockets) socket.terminate();
  await pause(500);
  return (after.cpuUs - before.cpuUs) / events;
}

async function storm(server: Server): Promise<number> {
  const first = await connectAll(server.url, STORM);
  for (const [index, socket] of first.entries()) subscribe(socket, 'beat', index % 100);
  await pause(1_000);
  const started = performance.now();
  for (const socket of first) socket.terminate();
  const again = await connectAll(server.url, STORM);
  await Promise.all(
    again.map(
      (socket, index) =>
        new Promise<void>((resolve) => {
          socket.on('message', (data: Buffer) => data.length > 40 && resolve());
          subscribe(socket, 'beat', index % 100);
        }),
    ),
  );
  const ms = performance.now() - started;
  for (const socket of again) socket.terminate();
  return ms;
}

async function measure(kind: 'ours' | 'library') {
  const busy = await start(kind);
  await eventCost(busy, 100, false); // to be compiled by V8
  const event = await eventCost(busy, STREAMS, false);
  const shared = await eventCost(busy, SHARED, true);
  const back = await storm(busy);
  busy.stop();
  // A process of its own: pages that the streams have left behind would hide what sockets take.
  const held = await start(kind);
  for (const socket of await connectAll(held.url, 10)) {
    subscribe(socket, 'idle', -1);
    socket.close();
  }
  await pause(500);
  const kept = await memory(held);
  held.stop();
  return { event, shared, storm: back, ...kept };
}

const ours = await measure('ours');
const library = await measure('library');
const ratio = (mine: number, theirs: number) => (theirs / mine).toFixed(2);
console.log(`${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.cpus().length} cores, Node ${process.version}`);
console.log(
  `BENCH subscription-event value=${ours.event.toFixed(1)} unit=us-cpu ratio=${ratio(ours.event, library.event)} against=graphql-ws(${library.event.toFixed(1)})`,
);
console.log(
  `BENCH subscription-shared value=${ours.shared.toFixed(1)} unit=us-cpu ratio=${ratio(ours.shared, library.shared)} against=graphql-ws(${library.shared.toFixed(1)})`,
);
console.log(
  `BENCH subscription-memory value=${Math.round(ours.subscription)} unit=bytes ratio=${ratio(ours.subscription, library.subscription)} against=graphql-ws(${Math.round(library.subscription)})`,
);
console.log(
  `BENCH subscription-socket value=${Math.round(ours.socket)} unit=bytes ratio=${ratio(ours.socket, library.socket)} against=graphql-ws(${Math.round(library.socket)})`,
);
console.log(
  `BENCH subscription-10000 value=${Math.round(ours.total / 1e6)} unit=MB-resident connected-in=${(ours.connectedMs / 1000).toFixed(1)}s against=graphql-ws(${Math.round(library.total / 1e6)})`,
);
console.log(`BENCH subscription-storm value=${(ours.storm / 1000).toFixed(2)} unit=s clients=${STORM}`);
process.exit(0);

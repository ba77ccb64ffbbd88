/**
 * Subscriptions held and events delivered, against the graphql-ws library serving the same schema with no gateway.
 *
 * Memory: resident bytes a socket and a subscription that is open and silent, 10,000 of them. Events: CPU of the server
 * process for each delivered event, with a stream for each subscriber and with one stream shared by all. Storm: the
 * time until 2,000 clients who were all dropped at once have their subscriptions again. Remote: CPU of the gateway for
 * an event of a subgraph in another process, passed on as bytes and parsed. Paused: what a client costs who does not
 * read. Rivals: the gateways of bench/rivals, where they are installed, before the same subgraph.
 *
 * `npm run bench -- subscriptions <local | remote | paused | rivals>` runs one part.
 */
import os from 'node:os';
import { median, ratioText } from './statistics.ts';
import { connectAll, pause, received, subscribe } from './subscriptions/clients.ts';
import { type Server, start } from './subscriptions/processes.ts';
import { rivals } from './subscriptions/rivals.ts';

const SOCKETS = 10_000;
const STREAMS = 500;
const SHARED = 1_000;
const STORM = 2_000;
const MEASURE_MS = 4_000;
const PLANNER_MS = 8_000;
const PAUSED_AMONG = 200;
/** Long enough that the system's buffers for a connection are full and the client is closed. */
const PAUSED_MS = 10_000;
const REMOTE_STREAMS = 200;
const REMOTE_ROUNDS = 3;
/** Tokens of a reply, and a message of a few paragraphs. */
const REMOTE = [
  { name: 'subscription-event-remote', size: 0 },
  { name: 'subscription-event-remote-4k', size: 4_000 },
];

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

async function eventCost(
  server: Server,
  count: number,
  shared: boolean,
  { size = 0, ms = MEASURE_MS } = {},
): Promise<number> {
  const sockets = await connectAll(server.url, count);
  for (const [index, socket] of sockets.entries()) {
    subscribe(socket, 'beat', shared ? 0 : index, size === 0 ? '' : `, size: ${size}`);
  }
  await pause(1_000);
  const before = await server.usage();
  const start = received.events;
  await pause(ms);
  const after = await server.usage();
  const events = received.events - start;
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
  using busy = await start(kind);
  await eventCost(busy, 100, false); // to be compiled by V8
  const event = await eventCost(busy, STREAMS, false);
  const shared = await eventCost(busy, SHARED, true);
  const back = await storm(busy);
  // A process of its own: pages that the streams have left behind would hide what sockets take.
  using held = await start(kind);
  for (const socket of await connectAll(held.url, 10)) {
    subscribe(socket, 'idle', -1);
    socket.close();
  }
  // The planner's thread begins with the first operation, and is still being loaded a while later: 20 MB are not of the
  // sockets that come meanwhile. They count in the total.
  await pause(PLANNER_MS);
  const kept = await memory(held);
  return { event, shared, storm: back, ...kept };
}

/**
 * CPU of the gateway for an event from a subgraph in another process: passed on as bytes against parsed and written
 * again, in turns, by the same subgraph.
 */
async function remote(): Promise<void> {
  using subgraph = await start('subgraph');
  using passed = await start('passed', subgraph);
  using parsed = await start('parsed', subgraph);
  for (const { name, size } of REMOTE) {
    const cost = { passed: [] as number[], parsed: [] as number[] };
    for (let round = -1; round < REMOTE_ROUNDS; round++) {
      const one = await eventCost(passed, REMOTE_STREAMS, false, { size, ms: 2_000 });
      const other = await eventCost(parsed, REMOTE_STREAMS, false, { size, ms: 2_000 });
      if (round < 0) continue; // to be compiled by V8
      cost.passed.push(one);
      cost.parsed.push(other);
    }
    const { ratio, spread } = ratioText(cost.parsed, cost.passed);
    console.log(
      `BENCH ${name} value=${median(cost.passed).toFixed(1)} unit=us-cpu ratio=${ratio} spread=${spread} against=parsed(${median(cost.parsed).toFixed(1)})`,
    );
  }
}

async function local(): Promise<void> {
  const ours = await measure('ours');
  const library = await measure('library');
  const ratio = (mine: number, theirs: number) => (theirs / mine).toFixed(2);
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
}

/**
 * What a client costs who asks for much and does not read, until it is closed: the most that the gateway grows beyond
 * what it holds while that client reads, garbage collected.
 */
async function paused(): Promise<void> {
  using server = await start('ours');
  const [sleeper, ...readers] = await connectAll(server.url, PAUSED_AMONG);
  for (const [index, socket] of readers.entries()) subscribe(socket, 'beat', index);
  subscribe(sleeper!, 'beat', -1, ', size: 100000');
  await pause(MEASURE_MS);
  const before = await server.usage();
  sleeper!.pause();
  let most = 0;
  for (const until = performance.now() + PAUSED_MS; performance.now() < until; await pause(100)) {
    most = Math.max(most, (await server.usage()).rss);
  }
  const closed = new Promise<void>((resolve) => sleeper!.once('close', () => resolve()));
  sleeper!.resume();
  await closed;
  console.log(
    `BENCH subscription-paused value=${Math.max(0, (most - before.rss) / 1e6).toFixed(1)} unit=MB clients=${PAUSED_AMONG}`,
  );
}

const PARTS: Readonly<Record<string, () => Promise<void>>> = { local, remote, paused, rivals };
const [wanted] = process.argv.slice(3);
console.log(`${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.cpus().length} cores, Node ${process.version}`);
for (const [name, run] of Object.entries(PARTS)) if (wanted === undefined || wanted === name) await run();

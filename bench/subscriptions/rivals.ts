import { deepStrictEqual } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { supergraphOf } from '../gateway/graph.ts';
import { createIssuer } from '../gateway/issuer.ts';
import { OTHER_CORES, pin } from '../gateway/pin.ts';
import { rivalsOf, startRival } from '../gateway/rivals.ts';
import { startSubgraphs, startTarget, type Target } from '../gateway/targets.ts';
import { median, ratioText } from '../statistics.ts';
import { connectAll, pause, received, subscribe } from './clients.ts';
import { start } from './processes.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const MEASURE_MS = Number(process.env.BENCH_SECONDS ?? 2) * 1_000;
/** Subscribers to twenty events a second: no more than the slowest keeps up with. */
const STREAMS = 100;
const SHARED = 300;
const IDLE = 2_000;
const WARM_UP_MS = 4_000;

interface Contender {
  readonly target: Target;
  readonly socketUrl: string;
  /** Whether it is a Node process, which has garbage. */
  readonly isNode: boolean;
}

/**
 * Our gateway with every policy on against the gateways of bench/rivals, all before the same subgraph, which serves
 * graphql-ws in another process: CPU of the gateway's process for an event delivered, with a stream for each subscriber
 * and with one for all, in turns; and resident memory of a subscription that is open and silent, garbage collected.
 */
export async function rivals(): Promise<void> {
  pin(process.pid, OTHER_CORES);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-subscriptions-'));
  const { token, jwks } = await createIssuer();
  const auth = await startSubgraphs(jwks);
  using subgraph = await start('library');
  const contenders: Contender[] = [];
  try {
    const schemas = { events: readFileSync(new URL('schema.graphql', import.meta.url), 'utf8') };
    const urls = { events: subgraph.url.replace('ws:', 'http:') };
    const file = path.join(folder, 'supergraph.graphql');
    writeFileSync(file, supergraphOf(urls, schemas));
    process.env.NODE_OPTIONS = `--import ${new URL('collect.ts', import.meta.url)}`;
    const ours = await startTarget('ours', 'ours', file, auth.urls['auth']!);
    contenders.push({ target: ours, socketUrl: ours.url.replace('http', 'ws'), isNode: true });
    for (const rival of await rivalsOf({ folder, schemas, urls })) {
      const isNode = rival.command === process.execPath;
      contenders.push({ target: await startRival(rival), socketUrl: rival.socketUrl, isNode });
    }
    for (const contender of contenders) await rightEvents(contender, token);
    await compareMemory(contenders, token);
    await compareEvents('subscription-event', contenders, token, false);
    await compareEvents('subscription-shared', contenders, token, true);
  } finally {
    for (const { target } of contenders) target.stop();
    auth.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws where the first events of a stream are not what the subgraph sent. */
async function rightEvents({ target, socketUrl }: Contender, token: string): Promise<void> {
  const [socket] = await connectAll(socketUrl, 1, token);
  const messages: unknown[] = [];
  socket!.on('message', (data: Buffer) => data.length > 40 && messages.push(JSON.parse(data.toString())));
  subscribe(socket!, 'beat', -1);
  await pause(1_000);
  socket!.terminate();
  const expected = [1, 2, 3].map((number) => ({
    id: '1',
    type: 'next',
    payload: { data: { beat: { number, text: 'a few words of a reply' } } },
  }));
  deepStrictEqual(messages.slice(0, 3), expected, `${target.name} delivers other events than the subgraph sends.`);
}

async function compareMemory(contenders: readonly Contender[], token: string): Promise<void> {
  const costs: number[] = [];
  for (const contender of contenders) {
    const sockets = await connectAll(contender.socketUrl, IDLE, token);
    const connected = await keptMemory(contender);
    for (const [n, socket] of sockets.entries()) subscribe(socket, 'idle', n);
    await pause(3_000);
    costs.push(((await keptMemory(contender)) - connected) / IDLE);
    for (const socket of sockets) socket.terminate();
    await pause(1_000);
  }
  const [ours, ...others] = costs.map(Math.round);
  for (const [i, cost] of others.entries()) {
    console.log(
      `BENCH subscription-memory ratio=${(cost / ours!).toFixed(2)} against=${contenders[i + 1]!.target.name}(${cost}) value=${ours} unit=bytes`,
    );
  }
}

/** Twice, because what the first collection finds may free more. */
async function keptMemory({ target, isNode }: Contender): Promise<number> {
  for (let time = 0; time < 2; time++) {
    if (isNode) process.kill(target.pid, 'SIGUSR2');
    await pause(1_500);
  }
  return target.memory();
}

async function compareEvents(
  name: string,
  contenders: readonly Contender[],
  token: string,
  shared: boolean,
): Promise<void> {
  const costs = contenders.map((): number[] => []);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [i, contender] of contenders.entries()) {
      const cost = await eventCost(contender, token, shared, round < 0 ? WARM_UP_MS : MEASURE_MS);
      if (round >= 0) costs[i]!.push(cost);
    }
  }
  const [ours, ...others] = costs;
  for (const [i, cost] of others.entries()) {
    const { ratio, spread } = ratioText(cost, ours!);
    const against = `${contenders[i + 1]!.target.name}(${median(cost).toFixed(1)})`;
    console.log(
      `BENCH ${name} ratio=${ratio} spread=${spread} against=${against} value=${median(ours!).toFixed(1)} unit=us-cpu`,
    );
  }
}

async function eventCost(
  { target, socketUrl }: Contender,
  token: string,
  shared: boolean,
  ms: number,
): Promise<number> {
  const sockets = await connectAll(socketUrl, shared ? SHARED : STREAMS, token);
  for (const [n, socket] of sockets.entries()) subscribe(socket, 'beat', shared ? 0 : n);
  await pause(1_000);
  const before = target.cpu();
  const start = received.events;
  await pause(ms);
  const cost = (target.cpu() - before) / (received.events - start);
  for (const socket of sockets) socket.terminate();
  await pause(500);
  return cost;
}

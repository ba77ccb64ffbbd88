import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { PROTOCOL, serveGraphqlSocket } from '#platform/net/transport/graphql-socket.ts';
import type { OperationChannel } from '#platform/net/transport/socket-operation.ts';

const SCHEMA = `
type Query { ok: Boolean }
type Subscription { ticks(size: Int!): Tick }
type Tick { number: Int! text: String! }`;

const EVERY_MS = 50;

interface Ticking {
  readonly channel: OperationChannel;
  readonly text: string;
  number: number;
}

/** A subgraph of no product: numbered events for each subscription, twenty a second, as large as it asks. */
export class TickingSubgraph implements AsyncDisposable {
  /** A supergraph.yaml of this subgraph alone. */
  readonly supergraph: string;
  readonly #folder: string;
  readonly #running: Set<Ticking>;
  readonly #close: () => void;

  private constructor(folder: string, running: Set<Ticking>, close: () => void) {
    this.supergraph = path.join(folder, 'supergraph.yaml');
    this.#folder = folder;
    this.#running = running;
    this.#close = close;
  }

  /** @param everyMs from one event to the next, in milliseconds. */
  static async start(everyMs = EVERY_MS): Promise<TickingSubgraph> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const running = new Set<Ticking>();
    new WebSocketServer({ server, handleProtocols: () => PROTOCOL }).on('connection', (socket) =>
      serveGraphqlSocket(socket, {
        init: async () => 'anybody',
        operate(_, { variables }, channel) {
          const ticking = { channel, text: '.'.repeat(Number(variables?.['size'])), number: 0 };
          running.add(ticking);
          return () => running.delete(ticking);
        },
      }),
    );
    const timer = setInterval(() => {
      for (const one of running) {
        const ticks = { number: ++one.number, text: one.text };
        one.channel.next(JSON.stringify({ data: { ticks } }));
      }
    }, everyMs);
    const folder = await mkdtemp(path.join(tmpdir(), 'sextant-ticking-'));
    const subgraph = new TickingSubgraph(folder, running, () => {
      clearInterval(timer);
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${port}/graphql`;
    const yaml = { subgraphs: { ticking: { routing_url: url, schema: { sdl: SCHEMA } } } };
    await writeFile(subgraph.supergraph, JSON.stringify(yaml)); // JSON is YAML
    return subgraph;
  }

  /** Subscriptions that are open. */
  get open(): number {
    return this.#running.size;
  }

  /** Completes all subscriptions. */
  finish(): void {
    for (const { channel } of this.#running) channel.complete();
    this.#running.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

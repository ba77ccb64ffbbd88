// What bench/subscriptions.ts measures, in a process of its own: our gateway with the subgraph in it or in another
// process, or the graphql-ws library alone.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, type GraphQLObjectType } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { WebSocketServer } from 'ws';
import { createEngine } from '#gateway/execution/engine/engine.ts';
import { composeSdl } from '#gateway/execution/testing/fleet.ts';
import { type GatewayOptions, startGateway } from '#gateway/gateway.ts';
import { loadConfig } from '#platform/base/config/config.ts';
import { createSubgraph, type HostedSubgraph } from '#platform/host/host.ts';
import { serveSubgraph } from '#platform/host/server.ts';
import { hostPlatform, plainAssertions } from '#platform/host/testing/platform.ts';

const schemaFile = new URL('schema.graphql', import.meta.url);
const sdl = readFileSync(schemaFile, 'utf8');
const PERIOD_MS = 50;
const TEXT = 'a few words of a reply';

/** One timer for all streams of a process, as one broker would be. */
const listeners = new Set<() => void>();
setInterval(() => {
  for (const listener of listeners) listener();
}, PERIOD_MS);

function beat(_: unknown, { size }: { size: number }): AsyncIterableIterator<object> {
  const text = TEXT.padEnd(size, '.');
  let number = 0;
  let due = 0;
  let wake: (() => void) | undefined;
  const listener = (): void => {
    due++;
    wake?.();
  };
  listeners.add(listener);
  let open = true;
  return {
    async next() {
      while (open && due === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (!open) return { value: undefined, done: true };
      due--;
      return { value: { number: ++number, text }, done: false };
    },
    async return() {
      open = false;
      listeners.delete(listener);
      wake?.();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function idle(): AsyncIterableIterator<object> {
  let end: (() => void) | undefined;
  return {
    next: () =>
      new Promise((resolve) => {
        end = () => resolve({ value: undefined, done: true });
      }),
    async return() {
      end?.();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const event = (value: unknown) => value;

const events = (): Promise<HostedSubgraph> =>
  createSubgraph(
    {
      name: 'events',
      schemaFile,
      start: async () => ({
        resolvers: {
          Query: { ok: () => true },
          Subscription: {
            idle: { subscribe: idle, resolve: event },
            beat: { subscribe: beat, resolve: event },
          },
        },
      }),
    },
    hostPlatform(),
  );

const NO_LIMITS = { WS_MAX_SOCKETS_ADDRESS: '1000000', RATE_LIMIT_ADDRESS: '0', WS_KEEPALIVE_MS: '60000' };
const supergraph = composeSdl({ events: sdl });

/** The gateway as it is sold: that of tests reads every answer again. */
async function serve(options: Pick<GatewayOptions, 'supergraph'> & Partial<GatewayOptions>): Promise<number> {
  const { port } = await startGateway({
    config: loadConfig({ PORT: '0', SHUTDOWN_TIMEOUT_MS: '1000', ...NO_LIMITS }),
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    compile: (loaded) => createEngine({ supergraph: loaded }),
    ...options,
  });
  return port;
}

async function ours(): Promise<number> {
  const { transport } = await events();
  return serve({ supergraph: { sdl: supergraph }, transports: new Map([['events', transport]]) });
}

/** The subgraph alone, for a gateway of another process. */
async function subgraph(): Promise<number> {
  const server = await serveSubgraph(await events(), {
    config: { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: 500 },
    port: 0,
    metrics: new Registry(),
    assertions: plainAssertions,
  });
  return server.port;
}

/** @param trusted whether events that have the client's shape are passed on as bytes, or read and written again. */
async function remote(port: string, trusted: boolean): Promise<number> {
  return serve({
    supergraph: { sdl: supergraph.replace('http://events.test', `http://127.0.0.1:${port}/graphql`) },
    compile: (loaded) => createEngine({ supergraph: loaded, trusted: () => trusted }),
    transports: new Map(),
    assertions: plainAssertions,
  });
}

async function library(): Promise<number> {
  const schema = buildSchema(sdl.replace(/extend schema[^\n]*\n/, ''));
  const fields = (schema.getSubscriptionType() as GraphQLObjectType).getFields();
  Object.assign(fields['idle']!, { subscribe: idle, resolve: event });
  Object.assign(fields['beat']!, { subscribe: beat, resolve: event });
  const server = createServer();
  useServer({ schema }, new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false }), 60_000);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const [kind, upstream = ''] = process.argv.slice(2);
const KINDS: Record<string, () => Promise<number>> = {
  ours,
  library,
  subgraph,
  passed: () => remote(upstream, true),
  parsed: () => remote(upstream, false),
};
const port = await KINDS[kind!]!();
process.on('message', () => {
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuUs: user + system, rss: process.memoryUsage().rss });
});
process.on('disconnect', () => process.exit());
process.send?.({ port });

// What bench/subscriptions.ts measures, in a process of its own: our gateway, or the graphql-ws library alone.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, type GraphQLObjectType } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { startTestGateway } from '#gateway/fixture/test-gateway.ts';
import { composeSdl } from '#gateway/plan/fixtures/fleet.ts';
import { hostPlatform } from '#platform/subgraph/fixture/platform.ts';
import { createSubgraph } from '#platform/subgraph/host.ts';

const schemaFile = new URL('schema.graphql', import.meta.url);
const sdl = readFileSync(schemaFile, 'utf8');
const PERIOD_MS = 50;
const TEXT = 'a few words of a reply';

/** One timer for all streams of a process, as one broker would be. */
const listeners = new Set<() => void>();
setInterval(() => {
  for (const listener of listeners) listener();
}, PERIOD_MS);

function beat(): AsyncIterableIterator<object> {
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
      return { value: { number: ++number, text: TEXT }, done: false };
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

async function ours(): Promise<number> {
  const subgraph = await createSubgraph(
    {
      name: 'events',
      schemaFile,
      start: async () => ({
        resolvers: {
          Query: { ok: () => true },
          Subscription: { idle: { subscribe: idle, resolve: event }, beat: { subscribe: beat, resolve: event } },
        },
      }),
    },
    hostPlatform(),
  );
  const gateway = await startTestGateway(
    { WS_MAX_SOCKETS_ADDRESS: '1000000', RATE_LIMIT_ADDRESS: '0', WS_KEEPALIVE_MS: '60000' },
    { supergraph: { sdl: composeSdl({ events: sdl }) }, transports: new Map([['events', subgraph.transport]]) },
  );
  return gateway.port;
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

const port = await (process.argv[2] === 'library' ? library() : ours());
process.on('message', () => {
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuUs: user + system, rss: process.memoryUsage().rss });
});
process.on('disconnect', () => process.exit());
process.send?.({ port });

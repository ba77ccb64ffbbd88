// Subscriptions at subgraphs that are not ours, scenario by scenario, in every protocol that they may speak.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { composeSdl } from '#gateway/execution/testing/fleet.ts';
import { PROTOCOLS, STREAMING_SDL, startStreamingSubgraph, TICK_TEXT } from '#gateway/testing/streaming-subgraph.ts';
import { startTestGateway } from '#gateway/testing/test-gateway.ts';

const PATIENCE_MS = 10_000;
const HEARTBEAT_MS = 200;
type Protocol = keyof typeof PROTOCOLS;

const folder = mkdtempSync(path.join(tmpdir(), 'subscriptions-audit-'));
const subgraph = await startStreamingSubgraph();
const sdl = composeSdl({ clock: STREAMING_SDL }).replace('http://clock.test', subgraph.url);

async function serve(name: string, settings: string, more = '') {
  const file = path.join(folder, `${name}.yaml`);
  writeFileSync(file, '{}');
  const gateway = await startTestGateway(
    { RATE_LIMIT_ADDRESS: '0' },
    { supergraph: { sdl }, transports: new Map(), file },
  );
  const callback = `callback: { url: "${gateway.url}/callback", heartbeat_ms: ${HEARTBEAT_MS} }`;
  writeFileSync(file, `${callback}\nall: { subscriptions: ${settings} }\n${more}`);
  await gateway.reload();
  return gateway;
}

interface Failure {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** One subscription of a client of its own. */
function follow(url: string, query: string, given: { init?: object; headers?: Record<string, string> } = {}) {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: class extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { headers: given.headers ?? {} });
      }
    },
    retryAttempts: 0,
    connectionParams: { ...given.init },
  });
  const events: unknown[] = [];
  const ended = Promise.withResolvers<readonly Failure[]>();
  const stop = client.subscribe(
    { query },
    {
      next: (event) => events.push(event),
      error: (error) => ended.resolve(error as readonly Failure[]),
      complete: () => ended.resolve([]),
    },
  );
  return {
    events,
    stop,
    ended: async () => {
      const errors = await Promise.race([ended.promise, wait(PATIENCE_MS, undefined, { ref: false })]);
      await client.dispose();
      if (errors === undefined) throw new Error(`it does not end; events: ${JSON.stringify(events)}`);
      return errors;
    },
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not seen: ${what}`);
    await wait(5);
  }
}

function equal(found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${a} is not ${b}`);
}

const TICKS = 'subscription { ticks(to: 3) { n text } }';
const THREE = [1, 2, 3].map((n) => ({ data: { ticks: { n, text: TICK_TEXT } } }));
const ENDLESS = 'subscription { endless { n } }';
const codes = (errors: readonly Failure[]) => errors.map(({ extensions }) => extensions['code']);
const as = (name: string) => ({ init: { authorization: `Bearer ${name}` } });

type Gateway = Awaited<ReturnType<typeof serve>>;
/** In every protocol. */
const scenarios: Record<string, (gateway: Gateway, protocol: Protocol) => Promise<void>> = {
  'events come in their order, whatever is in them, and then the end': async ({ url }) => {
    const one = follow(url, TICKS);
    equal(await one.ended(), []);
    equal(one.events, THREE);
  },
  'fields keep the names that the client gave them': async ({ url }) => {
    const one = follow(url, 'subscription { clock: ticks(to: 1) { number: n __typename } }');
    equal(await one.ended(), []);
    equal(one.events, [{ data: { clock: { number: 1, __typename: 'Tick' } } }]);
  },
  'the credentials of connection_init reach the subgraph as a header': async ({ url }) => {
    await follow(url, TICKS, as('ada')).ended();
    equal(subgraph.seen.at(-1)?.headers.authorization, 'Bearer ada');
  },
  'the credentials of the upgrade request do so too': async ({ url }) => {
    await follow(url, TICKS, { headers: { authorization: 'Bearer bob' } }).ended();
    equal(subgraph.seen.at(-1)?.headers.authorization, 'Bearer bob');
  },
  'what connection_init says counts before the upgrade request': async ({ url }) => {
    await follow(url, TICKS, { ...as('ada'), headers: { authorization: 'Bearer bob' } }).ended();
    equal(subgraph.seen.at(-1)?.headers.authorization, 'Bearer ada');
  },
  'headers of the connection do not go on': async ({ url }) => {
    await follow(url, TICKS, { init: { host: 'evil.example', connection: 'close', 'x-request-id': 'mine' } }).ended();
    const { headers } = subgraph.seen.at(-1)!;
    if (headers.host === 'evil.example' || headers['x-request-id'] === 'mine') throw new Error(JSON.stringify(headers));
  },
  'clients with different credentials are kept apart upstream': async ({ url }) => {
    const before = subgraph.seen.length;
    const both = [follow(url, TICKS, as('carol')), follow(url, TICKS, as('dave'))];
    for (const one of both) equal(await one.ended(), []);
    const opened = subgraph.seen.slice(before).map(({ headers }) => headers.authorization);
    equal(opened.toSorted(), ['Bearer carol', 'Bearer dave']);
  },
  'a subscription that the subgraph refuses ends in its own words': async ({ url }) => {
    const one = follow(url, 'subscription { fails { n } }');
    const errors = await one.ended();
    equal([codes(errors), errors[0]?.message, one.events], [['FORBIDDEN'], 'Not for you.', []]);
  },
  'credentials that the subgraph refuses are FORBIDDEN, and no other client’s matter': async ({ url }) => {
    const good = follow(url, ENDLESS, as('ada'));
    await until('an event', () => good.events.length > 0);
    equal(codes(await follow(url, TICKS, as('wrong')).ended()), ['FORBIDDEN']);
    const seen = good.events.length;
    await until('another event', () => good.events.length > seen);
    good.stop();
    await good.ended();
  },
  'a refused subscription ends none of its neighbours': async ({ url }) => {
    const good = follow(url, ENDLESS);
    await until('an event', () => good.events.length > 0);
    equal(codes(await follow(url, 'subscription { fails { n } }').ended()), ['FORBIDDEN']);
    const seen = good.events.length;
    await until('another event', () => good.events.length > seen);
    good.stop();
    await good.ended();
  },
  'a client that leaves ends the work of the subgraph': async ({ url }) => {
    const one = follow(url, ENDLESS, as('erin'));
    await until('an event', () => one.events.length > 1);
    one.stop();
    await one.ended();
    await until('the end upstream', () => subgraph.endless === 0);
  },
  'the last of several equal clients does so, and not the first': async ({ url }) => {
    const [first, last] = [follow(url, ENDLESS, as('finn')), follow(url, ENDLESS, as('finn'))];
    await until('events', () => first.events.length > 0 && last.events.length > 0);
    first.stop();
    await first.ended();
    const seen = last.events.length;
    await until('another event', () => last.events.length > seen);
    last.stop();
    await last.ended();
    await until('the end upstream', () => subgraph.endless === 0);
  },
  'a subgraph that is lost is an error, and the next subscription works': async ({ url }) => {
    const one = follow(url, ENDLESS, as('gil'));
    await until('an event', () => one.events.length > 0);
    subgraph.crash();
    equal(codes(await one.ended()), ['SUBGRAPH_UNAVAILABLE']);
    await until('the end upstream', () => subgraph.endless === 0);
    const next = follow(url, TICKS, as('gil'));
    equal(await next.ended(), []);
    equal(next.events, THREE);
  },
  'the payload of connection_init is the headers that the subgraph gets': async ({ url }, protocol) => {
    await follow(url, TICKS, as('hal')).ended();
    const { init } = subgraph.seen.at(-1)!;
    const isSocket = protocol === 'graphql-ws' || protocol === 'subscriptions-transport-ws';
    equal((init as { authorization?: string } | undefined)?.authorization, isSocket ? 'Bearer hal' : undefined);
  },
};

/** Of single protocols. */
const others: Record<string, () => Promise<void>> = {
  'sockets: connection_init may be the client’s own': async () => {
    await using gateway = await serve('own', '{ init: client }');
    await follow(gateway.url, TICKS, { init: { token: 'abc', nested: { deep: [1] } } }).ended();
    equal(subgraph.seen.at(-1)?.init, { token: 'abc', nested: { deep: [1] } });
  },
  'sockets: connection_init may be empty': async () => {
    await using gateway = await serve('none', '{ init: none }');
    await follow(gateway.url, TICKS, as('ada')).ended();
    equal(subgraph.seen.at(-1)?.init, undefined);
  },
  'sockets: equal credentials share one': async () => {
    await using gateway = await serve('shared', '{}');
    const before = subgraph.seen.length;
    await follow(gateway.url, TICKS, as('ivy')).ended();
    await follow(gateway.url, 'subscription { ticks(to: 1) { n } }', as('ivy')).ended();
    equal(subgraph.seen.length - before, 1);
  },
  'sockets: a goodbye without an end is an end, and its code is told': async () => {
    await using gateway = await serve('silent', '{ path: /silent }');
    const errors = await follow(gateway.url, TICKS).ended();
    equal([codes(errors), errors[0]?.extensions['closeCode']], [['SUBGRAPH_UNAVAILABLE'], 4001]);
  },
  'streams: one that breaks off after its last event is an error': async () => {
    const rule = 'subgraphs: { clock: { headers: { request: [{ propagate: x-cut }] } } }';
    await using gateway = await serve('cut', '{ protocol: sse, path: /sse }', rule);
    const one = follow(gateway.url, TICKS, { headers: { 'x-cut': '1' } });
    equal(codes(await one.ended()), ['SUBGRAPH_UNAVAILABLE']);
    equal(one.events, THREE);
  },
  'headers: rules choose them, at the upgrade as in a request': async () => {
    const rule = 'subgraphs: { clock: { headers: { request: [{ propagate: { matching: "^x-" } }] } } }';
    await using gateway = await serve('rules', '{}', rule);
    await follow(gateway.url, TICKS, {
      init: { 'x-tenant': 'a', 'claim:sub': 'root' },
      headers: { 'x-user': 'ada' },
    }).ended();
    const { headers } = subgraph.seen.at(-1)!;
    equal([headers['x-tenant'], headers['x-user'], headers.authorization], ['a', 'ada', undefined]);
  },
};

let failed = 0;
let passed = 0;
async function check(name: string, scenario: () => Promise<void>): Promise<void> {
  try {
    await scenario();
    passed++;
    console.log(`ok     ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n  ${(error as Error).message}`);
  }
}

for (const [protocol, settings] of Object.entries(PROTOCOLS) as [Protocol, string][]) {
  await using gateway = await serve(protocol, settings);
  for (const [name, scenario] of Object.entries(scenarios)) {
    await check(`${protocol}: ${name}`, () => scenario(gateway, protocol));
  }
}
for (const [name, scenario] of Object.entries(others)) await check(name, scenario);
await subgraph[Symbol.asyncDispose]();
rmSync(folder, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

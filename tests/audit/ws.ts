// The graphql-transport-ws protocol, case by case, against our gateway: what PROTOCOL.md of graphql-ws says a server
// does.
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { fakeAuthenticator, startTestGateway } from '#gateway/testing/test-gateway.ts';

const PATIENCE_MS = 5_000;
const { authenticator } = fakeAuthenticator();
const gateway = await startTestGateway({ WS_MAX_MESSAGE_BYTES: '4096', WS_KEEPALIVE_MS: '300' }, { authenticator });
const url = `${gateway.url.replace('http', 'ws')}/graphql`;

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A client that only does what it is told. */
class Client {
  readonly messages: Message[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  constructor(protocols: string[] = ['graphql-transport-ws'], options: object = {}) {
    this.socket = new WebSocket(url, protocols, options);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(data.toString())));
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
  }
  async open(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) await new Promise((resolve) => this.socket.once('open', resolve));
    return this;
  }
  async acknowledged(payload?: object): Promise<this> {
    await this.open();
    this.send({ type: 'connection_init', payload });
    await this.has('connection_ack');
    return this;
  }
  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }
  subscribe(id: string, query: string, more: object = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, ...more } });
  }
  types(id?: string): string[] {
    return this.messages.filter((message) => message.id === id).map(({ type }) => type);
  }
  async has(type: string, id?: string): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (!this.types(id).includes(type)) {
      if (Date.now() > until)
        throw new Error(`no ${type} for ${id ?? 'the socket'}; got ${JSON.stringify(this.messages)}`);
      await wait(5);
    }
  }
  async closesWith(...codes: number[]): Promise<void> {
    const late = wait(PATIENCE_MS, 'still open', { ref: false });
    const code = await Promise.race([this.closed, late]);
    if (!codes.includes(code as number)) throw new Error(`closed with ${code}, not with ${codes.join(' or ')}`);
  }
  async staysOpen(): Promise<void> {
    await wait(30);
    if (this.socket.readyState !== WebSocket.OPEN) throw new Error(`closed with ${await this.closed}`);
  }
}

function equal(found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${a} is not ${b}`);
}

const client = (...given: ConstructorParameters<typeof Client>) => new Client(...given);
const ENDLESS = 'subscription { endless { number } }';

const cases: Record<string, () => Promise<void>> = {
  'connection_init is acknowledged': async () => void (await client().acknowledged()),
  'connection_init may carry a payload': async () => void (await client().acknowledged({ any: { thing: 1 } })),
  '4406 without a sub-protocol': async () => client([]).closesWith(4406),
  '4406 or a refused handshake for the legacy protocol': async () => client(['graphql-ws']).closesWith(4406, 1006),
  'the protocol is found among several': async () =>
    void (await client(['graphql-ws', 'graphql-transport-ws']).acknowledged()),
  '4400 for text that is not JSON': async () => {
    const one = await client().open();
    one.send('{');
    await one.closesWith(4400);
  },
  '4400 for JSON that is not an object': async () => {
    const one = await client().open();
    one.send('[1]');
    await one.closesWith(4400);
  },
  '4400 for a binary message': async () => {
    const one = await client().open();
    one.send(Buffer.from([1, 2, 3]));
    await one.closesWith(4400);
  },
  '4400 for an unknown type': async () => {
    const one = await client().open();
    one.send({ type: 'start', id: '1' });
    await one.closesWith(4400);
  },
  '4400 for a payload of connection_init that is not an object': async () => {
    const one = await client().open();
    one.send({ type: 'connection_init', payload: 'x' });
    await one.closesWith(4400);
  },
  '4400 for subscribe without an id': async () => {
    const one = await client().acknowledged();
    one.send({ type: 'subscribe', payload: { query: '{ mine }' } });
    await one.closesWith(4400);
  },
  '4400 for subscribe with an empty id': async () => {
    const one = await client().acknowledged();
    one.subscribe('', '{ mine }');
    await one.closesWith(4400);
  },
  '4400 for subscribe without a query': async () => {
    const one = await client().acknowledged();
    one.send({ id: '1', type: 'subscribe', payload: {} });
    await one.closesWith(4400);
  },
  '4400 for variables that are not an object': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', '{ mine }', { variables: [1] });
    await one.closesWith(4400);
  },
  '4400 for complete without an id': async () => {
    const one = await client().acknowledged();
    one.send({ type: 'complete' });
    await one.closesWith(4400);
  },
  '4401 for subscribe before the acknowledgement': async () => {
    const one = await client().open();
    one.subscribe('1', '{ mine }');
    await one.closesWith(4401);
  },
  '4403 for wrong credentials': async () => {
    const one = await client().open();
    one.send({ type: 'connection_init', payload: { authorization: 'Bearer wrong' } });
    await one.closesWith(4403);
  },
  '4408 when connection_init does not come': async () => client().closesWith(4408),
  '4409 for an id that is in use': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', ENDLESS);
    one.subscribe('1', ENDLESS);
    await one.closesWith(4409);
  },
  'an id may be used again when its operation is over': async () => {
    const one = await client().acknowledged();
    for (let round = 1; round <= 2; round++) {
      one.subscribe('1', '{ greeting(name: "x") }');
      await one.has('complete', '1');
      equal(one.types('1'), ['next', 'complete']);
      one.messages.length = 0;
    }
  },
  'an id may be used again when the client has completed it': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', ENDLESS);
    await one.has('next', '1');
    one.send({ id: '1', type: 'complete' });
    one.subscribe('1', ENDLESS);
    await one.staysOpen();
  },
  '4429 for a second connection_init': async () => {
    const one = await client().acknowledged();
    one.send({ type: 'connection_init' });
    await one.closesWith(4429);
  },
  '4429 for a second connection_init while the first is looked at': async () => {
    const one = await client().open();
    one.send({ type: 'connection_init', payload: { authorization: 'Bearer ada' } });
    one.send({ type: 'connection_init' });
    await one.closesWith(4429);
  },
  '1009 for a message that is too large': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', `{ greeting(name: "${'x'.repeat(5_000)}") }`);
    await one.closesWith(1009);
  },
  'ping is answered with pong, before and after the acknowledgement': async () => {
    const one = await client().open();
    one.send({ type: 'ping' });
    await one.has('pong');
    await one.acknowledged();
    one.messages.length = 0;
    one.send({ type: 'ping', payload: { a: 1 } });
    await one.has('pong');
    equal(one.messages, [{ type: 'pong', payload: { a: 1 } }]);
  },
  'an unasked pong is taken': async () => {
    const one = await client().acknowledged();
    one.send({ type: 'pong' });
    await one.staysOpen();
  },
  'a query is one next and one complete': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', '{ greeting(name: "x") }');
    await one.has('complete', '1');
    equal(one.messages.slice(1), [
      { id: '1', type: 'next', payload: { data: { greeting: 'Hello x' } } },
      { id: '1', type: 'complete' },
    ]);
  },
  'a mutation is one next and one complete': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', 'mutation { count }');
    await one.has('complete', '1');
    equal(one.types('1'), ['next', 'complete']);
  },
  'a subscription is next for each event and one complete': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', 'subscription { ticks(count: 3) { number } }');
    await one.has('complete', '1');
    equal(one.types('1'), ['next', 'next', 'next', 'complete']);
  },
  'operationName chooses': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', 'query A { a: greeting(name: "a") } query B { b: greeting(name: "b") }', { operationName: 'B' });
    await one.has('complete', '1');
    equal(one.messages.at(-2)?.payload, { data: { b: 'Hello b' } });
  },
  'an operation that cannot run is error, with no complete': async () => {
    const one = await client().acknowledged();
    one.subscribe('syntax', '{');
    one.subscribe('field', '{ nothing }');
    one.subscribe('name', 'query A { mine }', { operationName: 'B' });
    for (const id of ['syntax', 'field', 'name']) await one.has('error', id);
    await wait(30);
    for (const id of ['syntax', 'field', 'name']) equal(one.types(id), ['error']);
    await one.staysOpen();
  },
  'field errors are part of next': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', '{ fails(how: "expected") }');
    await one.has('complete', '1');
    equal(one.types('1'), ['next', 'complete']);
  },
  'nothing comes after the client has completed': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', ENDLESS);
    await one.has('next', '1');
    one.send({ id: '1', type: 'complete' });
    await wait(20);
    const seen = one.messages.length;
    await wait(60);
    equal(one.messages.length, seen);
  },
  'complete of an unknown id does no harm': async () => {
    const one = await client().acknowledged();
    one.send({ id: 'unknown', type: 'complete' });
    await one.staysOpen();
  },
  'one operation’s end is not another’s': async () => {
    const one = await client().acknowledged();
    one.subscribe('1', ENDLESS);
    one.subscribe('2', 'subscription { broken { number } }');
    await one.has('error', '2');
    one.messages.length = 0;
    await one.has('next', '1');
  },
  'a client that answers no ping is cut': async () => {
    const one = client(['graphql-transport-ws'], { autoPong: false });
    await one.acknowledged();
    await one.closesWith(1006);
  },
};

let passed = 0;
let failed = 0;
await Promise.all(
  Object.entries(cases).map(async ([name, run]) => {
    try {
      await run();
      passed++;
    } catch (error) {
      failed++;
      console.log(`error ${name}: ${(error as Error).message}`);
    }
  }),
);
await gateway[Symbol.asyncDispose]();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

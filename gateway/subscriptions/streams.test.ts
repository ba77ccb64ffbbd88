import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { observed } from '#platform/host/testing/subgraph.ts';
import { fakeAuthenticator, startTestGateway } from '../testing/test-gateway.ts';

const { authenticator, end } = fakeAuthenticator();
const gateway = await startTestGateway({}, { authenticator });
afterAll(() => gateway[Symbol.asyncDispose]());

const post = (query: string, accept: string, headers: Record<string, string> = {}, url = gateway.url) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify({ query }),
  });

const MULTIPART = 'multipart/mixed;subscriptionSpec="1.0", application/json';

describe('server-sent events', () => {
  it('carry a subscription in the distinct mode of graphql-sse', async () => {
    const response = await post('subscription { ticks(count: 2) { number } }', 'text/event-stream');
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(await response.text()).toBe(
      'event: next\ndata: {"data":{"ticks":{"number":1}}}\n\n' +
        'event: next\ndata: {"data":{"ticks":{"number":2}}}\n\n' +
        'event: complete\ndata:\n\n',
    );
  });

  it('carry a query for a client that takes nothing else', async () => {
    const response = await post('{ greeting(name: "x") }', 'text/event-stream');
    expect(await response.text()).toBe(
      'event: next\ndata: {"data":{"greeting":"Hello x"}}\n\nevent: complete\ndata:\n\n',
    );
    const both = await post('{ greeting(name: "x") }', 'application/json, text/event-stream');
    expect(await both.json()).toEqual({ data: { greeting: 'Hello x' } });
  });

  it('refuse what cannot run with a status', async () => {
    const response = await post('subscription { nothing }', 'text/event-stream');
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
    const plain = await post('subscription { ticks(count: 1) { number } }', 'application/json');
    expect([plain.status, (await plain.json()).errors[0].message]).toEqual([
      400,
      expect.stringContaining('graphql-ws'),
    ]);
  });

  it('end with a code when the credentials end, and close the source when the client leaves', async () => {
    const aborter = new AbortController();
    const leaving = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { endless { number } }' }),
      signal: aborter.signal,
    });
    await leaving.body!.getReader().read();
    aborter.abort();
    await expect.poll(() => observed.streams).toBe(0);

    const response = await post('subscription { endless { number } }', 'text/event-stream', {
      authorization: 'Bearer eve',
    });
    await expect.poll(() => observed.streams).toBe(1);
    end('eve', 'revoked');
    expect(await response.text()).toMatch(/"code":"UNAUTHENTICATED".*\n\nevent: complete\ndata:\n\n$/);
    await expect.poll(() => observed.streams).toBe(0);
  });
});

describe('Apollo’s multipart protocol', () => {
  it('carries a subscription, each part ended by its boundary', async () => {
    const response = await post('subscription { ticks(count: 2) { number } }', MULTIPART);
    expect(response.headers.get('content-type')).toBe('multipart/mixed;boundary="graphql";subscriptionSpec="1.0"');
    const part = (json: string) => `\r\ncontent-type: application/json\r\n\r\n${json}\r\n--graphql`;
    expect(await response.text()).toBe(
      `\r\n--graphql${part('{"payload":{"data":{"ticks":{"number":1}}}}')}${part('{"payload":{"data":{"ticks":{"number":2}}}}')}--\r\n`,
    );
  });
});

describe('a client that does not read', () => {
  it('is closed with 4411 and the offset, and the others lose nothing', async () => {
    const url = `${gateway.url.replace('http', 'ws')}/graphql`;
    const follow = (paused: boolean) => {
      const socket = new WebSocket(url, 'graphql-transport-ws');
      const numbers: number[] = [];
      const closed = new Promise<[number, string]>((resolve) => {
        socket.on('close', (code, reason) => resolve([code, reason.toString()]));
      });
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (data) => {
        const message = JSON.parse(data.toString());
        if (message.type === 'connection_ack') {
          const query = 'subscription { flood(size: 4000) { text firstSeq lastSeq } }';
          socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
          if (paused) setTimeout(() => socket.pause(), 50);
        }
        if (message.type === 'next')
          numbers.push(message.payload.data.flood.firstSeq, message.payload.data.flood.lastSeq);
      });
      return { socket, numbers, closed };
    };
    const reader = follow(false);
    const sleeper = follow(true);
    await expect.poll(() => observed.streams).toBe(2);
    // The sleeper's stream ends at the gateway while it still sleeps.
    await expect.poll(() => observed.streams, { timeout: 20_000 }).toBe(1);
    sleeper.socket.resume();
    const [code, reason] = await sleeper.closed;
    // It was cut after two seconds of not even reading the close frame, or has just read it.
    expect([4411, 1006]).toContain(code);
    if (code === 4411) expect(reason).toMatch(/^Slow consumer: resume after \d+$/);
    const { numbers } = reader;
    expect(numbers.length).toBeGreaterThan(100);
    for (let i = 2; i < numbers.length; i += 2) expect(numbers[i]).toBe(numbers[i - 1]! + 1);
    reader.socket.terminate();
    await expect.poll(() => observed.streams).toBe(0);
  });

  it('over HTTP is cut as well', async () => {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    const body = JSON.stringify({ query: 'subscription { flood(size: 4000) { text lastSeq } }' });
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    socket.on('error', () => {});
    socket.resume(); // reads, and is left alone, until it pauses
    await expect.poll(() => observed.streams).toBe(1);
    socket.pause();
    await expect.poll(() => observed.streams, { timeout: 20_000 }).toBe(0);
    socket.destroy();
  });
});

describe('streams over HTTP', () => {
  const open = async (
    target: { url: string },
    headers: Record<string, string> = {},
    query = 'subscription { endless { number } }',
  ) => {
    const aborter = new AbortController();
    const response = await fetch(`${target.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify({ query }),
      signal: aborter.signal,
    });
    const { value } = await response.body!.getReader().read();
    return { first: Buffer.from(value!).toString(), leave: () => aborter.abort() };
  };

  it('are no more at once of a user with all its keys, or of a network, than allowed', async () => {
    const limits = { WS_MAX_SOCKETS_IDENTITY: '2', WS_MAX_SOCKETS_ADDRESS: '3' };
    const limited = await startTestGateway(limits, { authenticator });
    const ada = { authorization: 'Bearer ada' };
    const held = [await open(limited, ada), await open(limited, { 'x-api-key': 'ada:one' })];
    for (const { first } of held) expect(first).toContain('"data"');
    for (const more of [ada, { 'x-api-key': 'ada:one' }, { 'x-api-key': 'ada:two' }]) {
      expect((await open(limited, more)).first).toMatch(/"More than 2 streams at once of one user.*RATE_LIMITED/);
    }
    held.push(await open(limited));
    expect((await open(limited)).first).toMatch(/"More than 3 streams at once of one network.*RATE_LIMITED/);
    // A client that ends one, by leaving or at its end, may open another.
    held[0]!.leave();
    await expect
      .poll(async () => (await open(limited, ada, 'subscription { ticks(count: 1) { number } }')).first)
      .toContain('"data"');
    await expect.poll(async () => (await open(limited, ada)).first).toContain('"data"');
    await limited[Symbol.asyncDispose]();
  });

  it('of all addresses of one IPv6 network are counted together', async () => {
    const limited = await startTestGateway({ WS_MAX_SOCKETS_ADDRESS: '2', TRUSTED_PROXIES: '1' }, { authenticator });
    const from = (address: string) => open(limited, { 'x-forwarded-for': address });
    const held = [await from('2001:db8::1'), await from('2001:db8::2')];
    expect((await from('2001:db8::3')).first).toContain('RATE_LIMITED');
    held.push(await from('2001:db8:0:1::1'));
    for (const { first } of held.slice(0, 2)) expect(first).toContain('"data"');
    expect(held[2]!.first).toContain('"data"');
    for (const { leave } of held) leave();
    await limited[Symbol.asyncDispose]();
  });

  it('that begin while the gateway stops are told at once, and do not hold it up', async () => {
    const stopping = await startTestGateway({ SHUTDOWN_TIMEOUT_MS: '60000' });
    const agent = new Agent({ keepAlive: true });
    const late = () =>
      new Promise<string>((resolve, reject) => {
        const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
        const sent = request(`${stopping.url}/graphql`, { method: 'POST', headers, agent }, async (response) => {
          let text = '';
          for await (const chunk of response) text += chunk;
          resolve(text);
        });
        sent.on('error', reject);
        sent.end(JSON.stringify({ query: 'subscription { endless { number } }' }));
      });
    const stopped = stopping[Symbol.asyncDispose]();
    const started = performance.now();
    expect(await late()).toMatch(/"code":"RESUBSCRIBE".*\n\nevent: complete\ndata:\n\n$/);
    await stopped;
    // It has not waited for the 60 s in which it may drain.
    expect(performance.now() - started).toBeLessThan(20_000);
    agent.destroy();
  });
});

it('a stopping gateway tells streams over HTTP to subscribe again', async () => {
  const stopping = await startTestGateway();
  const response = await post('subscription { endless { number } }', 'text/event-stream', {}, stopping.url);
  const text = response.text();
  await expect.poll(() => observed.streams).toBe(1);
  await stopping[Symbol.asyncDispose]();
  expect(await text).toMatch(/"code":"RESUBSCRIBE".*\n\nevent: complete\ndata:\n\n$/);
});

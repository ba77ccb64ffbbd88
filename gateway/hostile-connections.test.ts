// What a stranger does to connections, from outside: each is answered or ended, and others are answered meanwhile.
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Authority, HAS_OPENSSL } from '#platform/net/http/testing/certificates.ts';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  field,
  frame,
  RawHttp2,
  request,
} from '#platform/net/http/testing/raw-http2.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const gateway = await startTestGateway({ WS_MAX_MESSAGE_BYTES: '1000000' });
afterAll(() => gateway[Symbol.asyncDispose]());

const QUERY = JSON.stringify({ query: '{ greeting(name: "Ada") }' });

async function isAnswered(): Promise<void> {
  const answer = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: QUERY,
  });
  expect(await answer.json()).toEqual({ data: { greeting: 'Hello Ada' } });
}

function open(): Socket & { text: string } {
  const socket = Object.assign(connect({ port: gateway.port, host: '127.0.0.1' }), { text: '' });
  socket.on('data', (data) => {
    socket.text += String(data);
  });
  socket.on('error', () => undefined);
  return socket;
}

const post = (length: number) =>
  `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

it('hundreds of requests in one packet end their connection, a few are answered in their order', async () => {
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
  const flood = open();
  flood.write(get('/health').repeat(1_500));
  await once(flood, 'close');
  const few = open();
  few.write(`${get('/health').repeat(40)}${get('/last')}`);
  await expect.poll(() => few.text).toContain('There is nothing at /last.');
  expect(few.text.match(/HTTP\/1\.1 200/g)).toHaveLength(40);
  few.destroy();
  await isAnswered();
});

it('an upgrade that is refused leaves no connection behind, though its client closes nothing', async () => {
  const upgrade = (path: string) =>
    `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
  const socket = Object.assign(connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true }), { text: '' });
  socket.on('data', (data) => {
    socket.text += String(data);
  });
  socket.on('error', () => undefined);
  socket.write(upgrade('/nothing'));
  await once(socket, 'end');
  expect(socket.text).toContain('404 Not Found');
  // The other side is gone: what is written to it is answered with a reset.
  await expect
    .poll(
      () => {
        if (!socket.destroyed) socket.write('x');
        return socket.destroyed;
      },
      { timeout: 20_000 },
    )
    .toBe(true);
});

it('bodies that never become whole are taken up to a bound; then others of that network wait', async () => {
  const size = 500_000;
  const held = Array.from({ length: 68 }, () => {
    const socket = open();
    socket.write(post(size));
    socket.write(' '.repeat(size - 1));
    return socket;
  });
  const later = async (): Promise<string> => {
    const socket = open();
    socket.write(post(QUERY.length + 100_000));
    socket.write(' '.repeat(100_000));
    await expect
      .poll(() => socket.text !== '' || held.every(({ destroyed }) => destroyed), { timeout: 10_000 })
      .toBe(true);
    socket.destroy();
    return socket.text;
  };
  await expect.poll(() => held.some(({ text }) => text.includes('429'))).toBe(true);
  expect(held.filter(({ text }) => text.includes('429')).length).toBeLessThan(6);
  expect(held.find(({ text }) => text !== '')!.text).toContain('bytes of bodies and messages are under way');
  expect(await later()).toContain('RATE_LIMITED');
  // A whole one is answered all the same, and all are when the others have gone.
  await isAnswered();
  for (const socket of held) socket.destroy();
  const body = ' '.repeat(100_000) + QUERY;
  await expect
    .poll(async () => {
      const answer = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      return answer.text();
    })
    .toContain('Hello Ada');
});

it('messages of sockets that never become whole are bounded as bodies are; whole ones are answered', async () => {
  const sockets = Array.from({ length: 45 }, () => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const codes: number[] = [];
    socket.on('close', (code) => codes.push(code));
    socket.on('open', () => {
      socket.send('{"type":"connection_init"}');
      socket.send(' '.repeat(900_000), { fin: false });
    });
    return { socket, codes };
  });
  await expect.poll(() => sockets.flatMap(({ codes }) => codes), { timeout: 20_000 }).toContain(4412);
  expect(sockets.filter(({ codes }) => codes.length > 0).length).toBeLessThan(10);
  for (const { socket } of sockets) socket.terminate();
  const fine = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(fine, 'open');
  fine.send('{"type":"connection_init"}');
  for (let id = 0; id < 50; id++) {
    const message = JSON.stringify({ id: String(id), type: 'subscribe', payload: JSON.parse(QUERY) });
    fine.send(`${' '.repeat(900_000)}${message}`);
  }
  let answers = 0;
  fine.on('message', (data) => {
    if (String(data).includes('Hello Ada')) answers++;
  });
  await expect.poll(() => answers, { timeout: 50_000 }).toBe(50);
  fine.terminate();
}, 60_000);

describe.skipIf(!HAS_OPENSSL)('over HTTP/2 (skipped without the openssl command)', async () => {
  const { MTLS_CERT_FILE, MTLS_KEY_FILE } = HAS_OPENSSL ? new Authority().issue() : ({} as Record<string, string>);
  const secure = await startTestGateway({
    ...(HAS_OPENSSL && { TLS_CERT_FILE: MTLS_CERT_FILE!, TLS_KEY_FILE: MTLS_KEY_FILE! }),
  });
  afterAll(() => secure[Symbol.asyncDispose]());
  const json = field('content-type', 'application/json');

  /** Sends a body on one stream, in frames of so many bytes. */
  async function post(blanks: number, size: number) {
    const body = Buffer.from(' '.repeat(blanks) + QUERY);
    const client = await RawHttp2.open(secure.port);
    const frames = [frame(FRAME.HEADERS, END_HEADERS, 1, request('POST', '/graphql', json))];
    for (let at = 0; at < body.length; at += size) {
      const part = body.subarray(at, at + size);
      frames.push(frame(FRAME.DATA, at + size >= body.length ? END_STREAM : 0, 1, part));
    }
    client.send(...frames);
    return client;
  }

  it('a body in frames of one byte ends its session; one in packets is read', async () => {
    const small = await post(20_000, 1);
    expect(await small.ended).toBe(11);
    const client = connectHttp2(`https://127.0.0.1:${secure.port}`, { rejectUnauthorized: false });
    const stream = client.request({ ':method': 'POST', ':path': '/graphql', 'content-type': 'application/json' });
    stream.end(' '.repeat(300_000) + QUERY);
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    expect(JSON.parse(text)).toEqual({ data: { greeting: 'Hello Ada' } });
    client.close();
  });
});

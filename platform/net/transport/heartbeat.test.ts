import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { PROTOCOL, serveGraphqlSocket } from './graphql-socket.ts';

const EVERY_MS = 50;
/** Far beyond the time in which a peer that does not answer is cut. */
const LONG_MS = 12 * EVERY_MS;

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A server whose every answer has so many bytes. */
async function serve(bytes: number) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => PROTOCOL });
  await once(server, 'listening');
  open.push(() => server.close());
  server.on('connection', (socket) => {
    open.push(() => socket.terminate());
    serveGraphqlSocket(socket, {
      init: async () => 'session',
      operate: (_, __, channel) => {
        channel.next(JSON.stringify({ data: 'x'.repeat(bytes) }));
        channel.complete();
        return () => undefined;
      },
      keepAliveMs: EVERY_MS,
    });
  });
  return (server.address() as AddressInfo).port;
}

/** A client that has asked, and does not read any more. */
async function askAndPause(port: number) {
  const client = new WebSocket(`ws://127.0.0.1:${port}`, PROTOCOL);
  open.push(() => client.terminate());
  const messages: string[] = [];
  const end = Promise.withResolvers<number | 'whole'>();
  client.on('message', (data) => {
    messages.push(String(data));
    if (String(data).includes('"complete"')) end.resolve('whole');
  });
  client.on('close', (code) => end.resolve(code));
  await once(client, 'open');
  client.send('{"type":"connection_init"}');
  await expect.poll(() => messages.length).toBeGreaterThan(0);
  client.pause();
  client.send('{"id":"1","type":"subscribe","payload":{"query":"{ a }"}}');
  return { client, end: end.promise };
}

it('a client that reads a large answer slowly gets the whole of it', async () => {
  const { client, end } = await askAndPause(await serve(20_000_000));
  await sleep(LONG_MS);
  client.resume();
  expect(await end).toBe('whole');
});

it('one that is gone is cut, whatever it was sent of little', async () => {
  const { client } = await askAndPause(await serve(100));
  const closed = once(client, 'close');
  await sleep(LONG_MS);
  client.resume();
  expect((await closed)[0]).toBe(1006);
});

it('a client that sends a large message slowly is heard by it', async () => {
  const port = await serve(10);
  const socket: Socket = connect(port, '127.0.0.1');
  open.push(() => socket.destroy());
  const answers: Buffer[] = [];
  let isClosed = false;
  socket
    .on('data', (data: Buffer) => answers.push(data))
    .on('close', () => {
      isClosed = true;
    });
  socket.write(
    `GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${PROTOCOL}\r\n\r\n`,
  );
  const message = Buffer.from(JSON.stringify({ type: 'connection_init', payload: { text: 'y'.repeat(100) } }));
  const frame = Buffer.concat([Buffer.from([0x81, 0x80 | 126, 0, message.length, 0, 0, 0, 0]), message]);
  expect(message.length).toBeLessThan(256);
  for (const byte of frame.subarray(0, -1)) {
    socket.write(Buffer.of(byte));
    await sleep(LONG_MS / 40);
  }
  socket.write(frame.subarray(-1));
  await expect.poll(() => Buffer.concat(answers).toString('latin1')).toContain('connection_ack');
  expect(isClosed).toBe(false);
});

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { leaveUnread } from './leave-unread.ts';

const LARGE = 12 * 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'x');

let server: Server;
let port: number;
beforeEach(async () => {
  server = createServer((request, response) => {
    // A part of the body is read, as where its length was not declared.
    request.once('data', () => {
      request.pause();
      response.statusCode = 413;
      leaveUnread(response);
      response.end('too large');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A connection that has sent the head of a request, and reads nothing yet. */
async function upload(length: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.pause();
  await once(socket, 'connect');
  socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`);
  return socket;
}

it('a client that writes its whole request before it reads hears what was wrong', async () => {
  for (let times = 0; times < 20; times++) {
    const socket = await upload(LARGE);
    for (let sent = 0; sent < LARGE; sent += PIECE.length) {
      if (!socket.write(PIECE)) await once(socket, 'drain');
    }
    let heard = '';
    socket.on('data', (data) => {
      heard += data;
    });
    socket.resume();
    await once(socket, 'end');
    expect(heard).toMatch(/^HTTP\/1\.1 413 .*\r\nConnection: close\r\n.*too large$/is);
    socket.destroy();
  }
});

it('a client that goes on sending is cut', async () => {
  const socket = await upload(Number.MAX_SAFE_INTEGER);
  const cut = once(socket, 'error');
  const timer = setInterval(() => socket.write(PIECE), 5);
  expect((await cut)[0]).toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET/) });
  clearInterval(timer);
});

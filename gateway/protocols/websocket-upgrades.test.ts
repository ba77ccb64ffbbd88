import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { serveWebSockets, type WebSocketOptions } from './websocket.ts';

/** What the handshake looks at; it is refused by its key, which is enough to see that its turn has come. */
const request = {
  url: '/graphql',
  method: 'GET',
  headers: { host: 'gateway', upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-key': 'none' },
  rawHeaders: [],
  socket: { remoteAddress: '192.0.2.1' },
};

/** A client's side of a connection, and what it has been answered. */
function connection() {
  const socket = new PassThrough();
  const said = { text: '' };
  socket.end = ((text: string) => {
    said.text += text;
    return socket;
  }) as never;
  return { socket, said };
}

function listen() {
  const server = new EventEmitter();
  serveWebSockets({
    server: server as Server,
    path: '/graphql',
    config: loadConfig({ WS_MAX_SOCKETS_ADDRESS: '100000' }),
    log: pino({ level: 'silent' }),
    graph: { current: {} },
    origins: { allowed: () => true, maySendCookies: () => true },
    propagation: { collect: () => ({ headers: {} }) },
    authenticator: {},
    metrics: {},
  } as unknown as WebSocketOptions);
  return () => {
    const made = connection();
    server.emit('upgrade', request, made.socket, Buffer.alloc(0));
    return made;
  };
}

it('as many sockets wait to be let in as may, others are answered 503', async () => {
  const upgrade = listen();
  upgrade(); // is let in at once
  const waiting = Array.from({ length: 2_000 }, upgrade);
  expect(waiting.map(({ said }) => said.text).filter(Boolean)).toEqual([]);
  expect(upgrade().said.text).toMatch(/^HTTP\/1\.1 503 /);
  await expect.poll(() => waiting.filter(({ said }) => said.text.startsWith('HTTP/1.1 400')).length).toBe(2_000);
});

it('sockets whose clients have left hold up no other, and no place', async () => {
  const upgrade = listen();
  upgrade();
  const left = Array.from({ length: 2_000 }, upgrade);
  for (const { socket } of left) socket.destroy();
  await turn();
  await turn();
  const next = upgrade();
  await turn();
  expect(next.said.text).toMatch(/^HTTP\/1\.1 400 /);
  expect(left.map(({ said }) => said.text).filter(Boolean)).toEqual([]);
});

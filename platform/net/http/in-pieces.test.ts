import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, createServer as createHttp2Server, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Http2Sessions } from './http2-sessions.ts';
import { endInPieces } from './in-pieces.ts';
import { type Outlet, UnreadAnswers } from './unread-answers.ts';
import { sendResponse } from './web.ts';

/** More than the buffers of both ends hold. */
const LARGE = Buffer.alloc(40_000_000, 'x');
const GRACE_MS = 60_000;
/** No more time for what waits than the grace: each look has to see what was read since the last one. */
const BOUNDS = { graceMs: GRACE_MS, bytesPerSecond: 1e12 };

type Handler = (response: ServerResponse) => void;

/** A server whose answers are watched by a clock of the test's own, and a client's answer of which nothing is read. */
async function open(protocol: string, handler: Handler) {
  let cuts = 0;
  const outlets: Outlet[] = [];
  const unread = new (class extends UnreadAnswers {
    override add(outlet: Outlet): void {
      outlets.push(outlet);
      super.add(outlet);
    }
  })(BOUNDS, () => cuts++);
  const answer = (_: unknown, response: unknown): void => handler(response as ServerResponse);
  let server: Server;
  let read: Readable;
  if (protocol === 'HTTP/2') {
    server = createHttp2Server(answer as never) as unknown as Server;
    const sessions = { idleMs: GRACE_MS, maxControlFrames: 500 };
    new Http2Sessions(server as unknown as Http2SecureServer, sessions, unread, () => undefined);
  } else {
    server = createServer(answer as never).on('connection', (socket) => unread.add(socket));
  }
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  if (protocol === 'HTTP/2') {
    const client = connect(`http://127.0.0.1:${port}`).on('error', () => undefined);
    read = client.request({ ':path': '/' });
    await once(read, 'response');
  } else {
    [read] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [IncomingMessage];
  }
  read.on('error', () => undefined);
  let now = 0;
  return {
    read,
    cuts: () => cuts,
    /** Bytes that the watch knows to be read. */
    seen: () => outlets.reduce((sum, { bytesWritten, writableLength }) => sum + bytesWritten - writableLength, 0),
    /** Whether an answer that waits is cut, so much later. */
    look(ms: number): void {
      now += ms;
      unread.look(now);
    },
    async [Symbol.asyncDispose]() {
      read.destroy();
      server.close();
      server.closeAllConnections?.();
    },
  };
}

/** Reads so many bytes, and no more. */
async function take(from: Readable, bytes: number): Promise<number> {
  for (let taken = 0; ; ) {
    const chunk: Buffer | null = from.read();
    if (chunk) taken += chunk.length;
    if (taken >= bytes) return taken;
    if (chunk === null) await once(from, 'readable');
  }
}

describe.each(['HTTP/1.1', 'HTTP/2'])('a large answer over %s', (protocol) => {
  it.each<[string, Handler]>([
    ['written whole', (response) => endInPieces(response.writeHead(200), LARGE)],
    ['that a subgraph gave whole', (response) => void sendResponse(response, new Response(LARGE))],
  ])('%s is let be read as slowly as its reader likes, and cut when it reads no more', async (_, handler) => {
    await using client = await open(protocol, handler);
    // Each step takes nearly all the time that a reader has who reads nothing.
    for (let step = 0; step < 10; step++) {
      const before = client.seen();
      await take(client.read, 3_000_000);
      await expect.poll(client.seen).toBeGreaterThan(before);
      client.look(GRACE_MS - 1);
      expect(client.cuts()).toBe(0);
    }
    await expect
      .poll(() => {
        client.look(GRACE_MS);
        return client.cuts();
      })
      .toBe(1);
  });
});

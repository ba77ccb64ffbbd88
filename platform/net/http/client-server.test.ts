import { type EventEmitter, once } from 'node:events';
import type { Server } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { get as getHttps } from 'node:https';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { type ConnectionBounds, type CutReason, createClientServer } from './client-server.ts';
import { drain } from './listen.ts';
import { Authority, HAS_OPENSSL } from './testing/certificates.ts';
import { END_HEADERS, END_STREAM, FRAME, field, frame, RawHttp2, request, window } from './testing/raw-http2.ts';

const log = pino({ level: 'silent' });
const LARGE = Buffer.alloc(40_000_000, 'x');
/** What is not read is cut as soon as it is looked at. */
const IMPATIENT = { graceMs: 100, bytesPerSecond: 1e12, lookEveryMs: 20 };
/** A body of which nothing comes is cut soon; each byte gives it a quarter of an hour. */
const SLOW = { bodyGraceMs: 50, bodyBytesPerSecond: 0.001, lookEveryMs: 20 };
const ENHANCE_YOUR_CALM = 11;

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

const certificate = HAS_OPENSSL ? new Authority().issue() : undefined;
const TLS = { TLS_CERT_FILE: certificate?.MTLS_CERT_FILE, TLS_KEY_FILE: certificate?.MTLS_KEY_FILE };

async function serve(config: typeof TLS | Record<string, never>, bounds: Partial<ConnectionBounds> = {}) {
  const cuts: CutReason[] = [];
  const server = await createClientServer({ config, log, bounds, cut: (reason) => cuts.push(reason) });
  servers.push(server);
  /** What came of bodies. */
  const bodies: string[] = [];
  const gate = Promise.withResolvers<void>();
  server.on('request', async (request, response) => {
    if (request.url === '/slow') await gate.promise;
    if (request.url === '/upload') {
      request.on('error', () => undefined);
      request.on('data', (chunk) => bodies.push(String(chunk)));
      request.on('end', () => bodies.push('whole'));
      await once(request, 'end').catch(() => undefined);
    }
    if (request.url === '/large') return response.end(LARGE);
    if (request.url === '/medium') return response.end(LARGE.subarray(0, 1_000_000));
    response.writeHead(200, ['content-type', 'text/plain']).end(`${request.httpVersion} ${request.url}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, gate, port: (server.address() as AddressInfo).port, cuts, bodies };
}

const closed = (one: EventEmitter): Promise<void> => new Promise((resolve) => one.once('close', resolve));

async function ask(client: ClientHttp2Session, path: string): Promise<string> {
  const stream = client.request({ ':path': path });
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

describe('a server for clients without a certificate', () => {
  it('a client that does not read its answer is cut; one that waits for its own is not', async () => {
    const { port, gate, cuts } = await serve({}, IMPATIENT);
    const patient = connectTcp(port, '127.0.0.1');
    patient.write('GET /slow HTTP/1.1\r\nhost: a\r\n\r\n');
    const sleeper = connectTcp(port, '127.0.0.1').pause();
    sleeper.on('error', () => undefined);
    sleeper.write('GET /large HTTP/1.1\r\nhost: a\r\n\r\n');
    await expect.poll(() => cuts).toEqual(['unread']);
    gate.resolve();
    expect(String((await once(patient, 'data'))[0])).toContain('1.1 /slow');
    patient.destroy();
    sleeper.destroy();
  });

  it('a body that comes slowly is let come; one of which nothing comes is cut', async () => {
    const { port, cuts, bodies } = await serve({}, SLOW);
    const post = 'POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n';
    const patient = connectTcp(port, '127.0.0.1');
    patient.write(`${post}a`);
    await expect.poll(() => bodies).toEqual(['a']);
    const silent = connectTcp(port, '127.0.0.1');
    silent.on('error', () => undefined);
    silent.write(post);
    await closed(silent);
    expect(cuts).toEqual(['slow_body']);
    patient.write('b');
    expect(String((await once(patient, 'data'))[0])).toContain('1.1 /upload');
    expect(bodies).toEqual(['a', 'b', 'whole']);
    patient.destroy();
  });

  it('a network has no more connections than it may have', async () => {
    const { port, cuts } = await serve({}, { maxOfNetwork: 2 });
    const open = () => connectTcp(port, '127.0.0.1');
    const kept = [open(), open()];
    await Promise.all(kept.map((socket) => once(socket, 'connect')));
    const third = open();
    third.on('error', () => undefined);
    await closed(third);
    expect(cuts).toEqual(['too_many']);
    kept[0]!.destroy();
    // Its place is free again.
    await expect
      .poll(async () => {
        const next = open();
        next.on('error', () => undefined);
        next.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
        let text = '';
        next.on('data', (data) => {
          text += String(data);
          next.destroy();
        });
        await closed(next);
        return text;
      })
      .toContain('1.1 /');
    kept[1]!.destroy();
  });
});

describe.skipIf(!HAS_OPENSSL)('a server for clients with a certificate (skipped without the openssl command)', () => {
  const session = (port: number, options: object = {}) =>
    connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...options });

  it('speaks HTTP/2, and HTTP/1.1 to those who know nothing newer', async () => {
    const { server, port } = await serve(TLS);
    const client = session(port);
    expect(await ask(client, '/a')).toBe('2.0 /a');
    const [answer] = await once(
      getHttps({ port, host: '127.0.0.1', path: '/b', rejectUnauthorized: false }),
      'response',
    );
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    expect(text).toBe('1.1 /b');
    client.close();
    await drain(server, 2_000);
  });

  it('answers what runs before it ends, and takes nothing new', async () => {
    const { server, gate, port } = await serve(TLS);
    const client = session(port);
    const slow = ask(client, '/slow');
    const refused = once(client, 'goaway');
    await ask(client, '/ready');
    const drained = drain(server, 5_000);
    await refused;
    gate.resolve();
    expect(await slow).toBe('2.0 /slow');
    await drained;
    expect(client.closed).toBe(true);
  });

  it('a stream whose window stays shut is cut; its session goes on', async () => {
    const { port, cuts } = await serve(TLS, IMPATIENT);
    const client = session(port, { settings: { initialWindowSize: 0 } });
    const stream = client.request({ ':path': '/medium' });
    stream.on('error', () => undefined);
    await closed(stream);
    expect(stream.rstCode).toBe(8);
    expect(cuts).toEqual(['unread']);
    const head = client.request({ ':path': '/', ':method': 'HEAD' });
    expect((await once(head, 'response'))[0]).toMatchObject({ ':status': 200 });
    client.destroy();
  });

  it('an answer that is read in small windows is given whole', async () => {
    const { port, cuts } = await serve(TLS, { ...IMPATIENT, graceMs: 60_000 });
    const client = session(port, { settings: { initialWindowSize: 100_000 } });
    expect(await ask(client, '/large')).toHaveLength(LARGE.length);
    expect(cuts).toEqual([]);
    client.close();
  });

  it('a body that does not come is cut; a request without one runs on, however long its answer takes', async () => {
    const { port, gate, cuts } = await serve(TLS, SLOW);
    const client = session(port);
    const slow = ask(client, '/slow');
    // It is asked for later, and so has its time later.
    const upload = client.request({ ':path': '/slow', ':method': 'POST' }, { endStream: false });
    await closed(upload);
    expect(upload.rstCode).toBe(8);
    expect(cuts).toEqual(['slow_body']);
    gate.resolve();
    expect(await slow).toBe('2.0 /slow');
    client.close();
  });

  it('a body that comes slowly is let come over HTTP/2, too', async () => {
    const { port, cuts, bodies } = await serve(TLS, SLOW);
    const client = await RawHttp2.open(port);
    const post = request('POST', '/upload');
    client.send(frame(FRAME.HEADERS, END_HEADERS, 1, post), frame(FRAME.DATA, 0, 1, Buffer.from('a')));
    await expect.poll(() => bodies).toEqual(['a']);
    client.send(frame(FRAME.HEADERS, END_HEADERS, 3, post));
    await expect.poll(() => cuts).toEqual(['slow_body']);
    client.send(frame(FRAME.DATA, END_STREAM, 1, Buffer.from('b')));
    await expect.poll(() => bodies).toEqual(['a', 'b', 'whole']);
    client.socket.destroy();
  });

  it('an answer of HTTP/1.1 that is not read is cut, too', async () => {
    const { port, cuts } = await serve(TLS, IMPATIENT);
    const sleeper = getHttps({ port, host: '127.0.0.1', path: '/large', rejectUnauthorized: false });
    sleeper.on('response', (answer) => answer.on('error', () => undefined).pause());
    sleeper.on('error', () => undefined);
    await expect.poll(() => cuts).toEqual(['unread']);
    sleeper.destroy();
  });

  it('pings keep no session open on which nothing is asked for', async () => {
    const { port } = await serve(TLS, { ...IMPATIENT, idleMs: 300 });
    const client = session(port);
    await ask(client, '/a');
    const pinging = setInterval(() => client.ping(() => undefined), 20);
    await once(client, 'close');
    clearInterval(pinging);
  });

  it.each([
    ['pings', frame(FRAME.PING, 0, 0, Buffer.alloc(8))],
    ['settings', frame(FRAME.SETTINGS, 0, 0)],
  ])('a flood of %s ends its session', async (_, flood) => {
    const { port, cuts } = await serve(TLS);
    const client = await RawHttp2.open(port);
    client.send(...Array<Buffer>(600).fill(flood));
    expect(await client.ended).toBe(ENHANCE_YOUR_CALM);
    expect(cuts).toEqual(['control_frames']);
  });

  const get = request('GET', '/slow');
  const ids = (count: number) => Array.from({ length: count }, (_, index) => index * 2 + 1);
  it.each<readonly [string, () => Buffer[]]>([
    [
      'requests that are taken back at once (CVE-2023-44487)',
      () =>
        ids(3_000).flatMap((id) => [
          frame(FRAME.HEADERS, END_HEADERS | END_STREAM, id, get),
          frame(FRAME.RST_STREAM, 0, id, window(8)),
        ]),
    ],
    [
      'streams that the server has to reset (CVE-2025-8671)',
      () =>
        ids(3_000).flatMap((id) => [
          frame(FRAME.HEADERS, END_HEADERS | END_STREAM, id, get),
          frame(FRAME.WINDOW_UPDATE, 0, id, window(0x7fffffff)),
        ]),
    ],
    [
      'headers without end (CVE-2024-27316)',
      () => [
        frame(FRAME.HEADERS, END_STREAM, 1, get),
        ...Array<Buffer>(2_000).fill(frame(FRAME.CONTINUATION, 0, 1, field('x', 'y'.repeat(1_000)))),
      ],
    ],
    [
      'empty frames of a body',
      () => [
        frame(FRAME.HEADERS, END_HEADERS, 1, request('POST', '/slow')),
        ...Array<Buffer>(3_000).fill(frame(FRAME.DATA, 0, 1)),
      ],
    ],
  ])('ends the session of a client that sends %s; others are answered', async (_, flood) => {
    const { port, gate } = await serve(TLS);
    const client = await RawHttp2.open(port);
    client.send(...flood());
    const other = session(port);
    expect(await ask(other, '/a')).toBe('2.0 /a');
    await client.ended;
    gate.resolve();
    expect(await ask(other, '/b')).toBe('2.0 /b');
    other.close();
  });

  it('a table of headers that unfolds into megabytes is refused', async () => {
    const { port, server } = await serve(TLS);
    let requests = 0;
    server.on('request', () => requests++);
    const client = await RawHttp2.open(port);
    // 3,000 bytes are put into the table, and named two thousand times by one byte each.
    const value = Buffer.from('y'.repeat(3_000));
    const put = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from('x'), Buffer.from([127, 0xb9, 0x16]), value]);
    const bomb = request('GET', '/bomb', put, Buffer.alloc(2_000, 0x80 | 62));
    client.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, bomb));
    client.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 3, request('GET', '/after')));
    await expect.poll(() => requests > 0 || client.socket.destroyed).toBe(true);
    expect(requests).toBeLessThanOrEqual(1);
    client.socket.destroy();
  });

  it('a network has no more connections than it may have, before any handshake', async () => {
    const { port, cuts } = await serve(TLS, { maxOfNetwork: 1 });
    const client = session(port);
    expect(await ask(client, '/a')).toBe('2.0 /a');
    const second = session(port);
    second.on('error', () => undefined);
    await closed(second);
    expect(cuts).toEqual(['too_many']);
    expect(await ask(client, '/b')).toBe('2.0 /b');
    client.close();
  });
});

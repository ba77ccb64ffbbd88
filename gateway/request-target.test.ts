// Whom a request of HTTP/1.1 is meant for (RFC 9112, 3.2), over raw sockets: no client library sends all of it.
import { connect } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { startTestGateway } from './testing/test-gateway.ts';

const gateway = await startTestGateway();
afterAll(() => gateway[Symbol.asyncDispose]());

const BODY = JSON.stringify({ query: '{ greeting(name: "Ada") }' });
const JSON_BODY = `content-type: application/json\r\ncontent-length: ${BODY.length}\r\n`;
const UPGRADE =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

/** What comes back to a request, up to where an answer or a socket begins to be told. */
async function send(start: string, headers: string, body = ''): Promise<string> {
  const socket = connect({ port: gateway.port, host: '127.0.0.1' });
  let text = '';
  socket.on('data', (data) => {
    text += String(data);
  });
  socket.on('error', () => undefined);
  socket.write(`${start}\r\n${headers}\r\n${body}`);
  await expect.poll(() => text).toContain('\r\n\r\n');
  if (/content-length: [1-9]/i.test(text)) await expect.poll(() => text.split('\r\n\r\n')[1]).not.toBe('');
  socket.destroy();
  return text;
}

describe('a request that says twice, or not at all, whom it is meant for is refused', () => {
  it.each([
    ['two hosts', 'host: a\r\nhost: b\r\n'],
    ['the same host twice', 'host: a\r\nHOST: a\r\n'],
    ['two hosts with headers between them', 'host: a\r\naccept: */*\r\nHost: b\r\n'],
    ['no host', ''],
    ['what is not a host', 'host: a b\r\n'],
    ['a user', 'host: ada@a\r\n'],
    ['a list', 'host: a, b/c\r\n'],
    ['a port that is none', 'host: a:b\r\n'],
  ])('%s', async (_, hosts) => {
    for (const path of ['/health', '/graphql', '/_/auth/x', '/nothing', 'http://a/graphql']) {
      expect(await send(`GET ${path} HTTP/1.1`, hosts)).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(await send('POST /graphql HTTP/1.1', hosts + JSON_BODY, BODY)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await send('GET /graphql HTTP/1.1', hosts + UPGRADE)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('and its connection is closed, with all that comes after it', async () => {
    const after = 'GET /health HTTP/1.1\r\nhost: a\r\n\r\n';
    const text = await send('GET /health HTTP/1.1', 'host: a\r\nhost: b\r\n', after);
    expect(text).toMatch(/connection: close/i);
    expect(text).not.toContain('HTTP/1.1 200');
    expect(text).toContain('A request has one Host header');
  });
});

describe('a host is what RFC 3986 calls one', () => {
  it.each(['a', 'a:8080', '127.0.0.1:4000', '[::1]:4000', 'sextant_gateway-1.local.', 'xn--bcher-kva.example', ''])(
    'host: %s',
    async (host) => {
      expect(await send('GET /ready HTTP/1.1', `host: ${host}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it('HTTP/1.0 knows none', async () => {
    expect(await send('GET /ready HTTP/1.0', '')).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a target in the absolute form is served as its path is', () => {
  it.each(['http://other.example', 'HTTP://a:4000', 'https://[::1]:4000', 'http://a_b'])('%s', async (origin) => {
    const answer = await send(`POST ${origin}/graphql HTTP/1.1`, `host: a\r\n${JSON_BODY}`, BODY);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('Hello Ada');
    const query = encodeURIComponent('{ greeting(name: "Eve") }');
    const own = 'host: a\r\napollo-require-preflight: 1\r\n';
    expect(await send(`GET ${origin}/graphql?query=${query} HTTP/1.1`, own)).toContain('Hello Eve');
    expect(await send(`GET ${origin}/graphql HTTP/1.1`, `host: a\r\n${UPGRADE}`)).toMatch(/^HTTP\/1\.1 101 /);
    for (const path of ['/health', '/ready', '/metrics', '/explorer', '/nothing', '/_/nothing/x?y=z', '/?x=1', '']) {
      const [status] = (await send(`GET ${path || '/'} HTTP/1.1`, 'host: a\r\n')).split('\r\n');
      expect((await send(`GET ${origin}${path} HTTP/1.1`, 'host: a\r\n')).split('\r\n')[0]).toBe(status);
    }
  });

  it.each(['http://', 'http:///graphql', 'http://ada:secret@a/graphql', 'ftp://a/graphql', 'a/graphql', 'a:80'])(
    'what is neither a path nor an URL of a host is refused: %s',
    async (target) => {
      expect(await send(`GET ${target} HTTP/1.1`, 'host: a\r\n')).toMatch(/^HTTP\/1\.1 400 /);
      expect(await send(`GET ${target} HTTP/1.1`, `host: a\r\n${UPGRADE}`)).toMatch(/^HTTP\/1\.1 400 /);
    },
  );
});

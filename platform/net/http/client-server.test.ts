import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { get as getHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createClientServer } from './client-server.ts';
import { drain } from './listen.ts';
import { Authority, HAS_OPENSSL } from './testing/certificates.ts';

const log = pino({ level: 'silent' });

describe.skipIf(!HAS_OPENSSL)('a server for clients with a certificate (skipped without the openssl command)', () => {
  async function serve() {
    const { MTLS_CERT_FILE, MTLS_KEY_FILE } = new Authority().issue();
    const server = await createClientServer({ TLS_CERT_FILE: MTLS_CERT_FILE, TLS_KEY_FILE: MTLS_KEY_FILE }, log);
    const gate = Promise.withResolvers<void>();
    server.on('request', async (request, response) => {
      if (request.url === '/slow') await gate.promise;
      response.writeHead(200, ['content-type', 'text/plain']).end(`${request.httpVersion} ${request.url}`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, gate, port: (server.address() as AddressInfo).port };
  }
  const session = (port: number) => connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  async function ask(client: ClientHttp2Session, path: string): Promise<string> {
    const stream = client.request({ ':path': path });
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return text;
  }

  it('speaks HTTP/2, and HTTP/1.1 to those who know nothing newer', async () => {
    const { server, port } = await serve();
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
    const { server, gate, port } = await serve();
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
});

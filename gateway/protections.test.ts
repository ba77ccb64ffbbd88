import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CountingRateLimiter } from '#platform/identity/limits/counting-rate-limiter.ts';
import { MemoryCounter } from '#platform/identity/limits/memory-counter.ts';
import { Authority, HAS_OPENSSL } from '#platform/net/http/testing/certificates.ts';
import { composeSdl } from './execution/testing/fleet.ts';
import type { Gateway } from './gateway.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'protections-'));
const file = path.join(folder, 'gateway.yaml');
const lines: string[] = [];
const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });

let gateway: Gateway;
beforeAll(async () => {
  writeFileSync(file, '{}');
  gateway = await startTestGateway(
    { RATE_LIMIT_ADDRESS: '1000', TRUSTED_PROXIES: '1', CORS_ORIGINS: 'https://old.example.org' },
    { file, log, limiter: new CountingRateLimiter({ metrics: new Registry(), shared: new MemoryCounter() }) },
  );
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => void lines.splice(0));

/** Writes the file, and has it read. */
async function say(yaml: string): Promise<boolean> {
  writeFileSync(file, yaml);
  return gateway.reload();
}

async function ask(query: string, address = '10.0.0.1', origin?: string) {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': address, ...(origin && { origin }) };
  const answer = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  const body = (await answer.json()) as {
    data?: unknown;
    errors?: { message: string; extensions: { code: string } }[];
  };
  return { body, headers: answer.headers, code: body.errors?.[0]?.extensions.code };
}

describe('gateway.yaml', () => {
  it('sets the limits of operations, for those too that are known', async () => {
    const query = '{ __schema { types { name } } }';
    expect((await ask(query)).body.data).toBeDefined();
    expect(await say('limits: { depth: 2 }')).toBe(true);
    const refused = await ask(query);
    expect([refused.code, refused.body.errors?.[0]?.message]).toEqual([
      'OPERATION_TOO_COMPLEX',
      expect.stringContaining('at most 2 are accepted'),
    ]);
    expect((await ask('{ greeting(name: "x") }')).body.data).toEqual({ greeting: 'Hello x' });
    await say('limits: { body_bytes: 1024 }');
    expect((await ask(query)).body.data).toBeDefined();
    expect((await ask(`${query} # ${'x'.repeat(1_024)}`)).code).toBe('PAYLOAD_TOO_LARGE');
  });

  it('sets the operations a minute; a higher limit holds at once', async () => {
    await say('rate_limits: { address: 3 }');
    const codes = await Promise.all(Array.from({ length: 12 }, () => ask('{ __typename }', '10.0.0.2')));
    expect(codes.filter(({ code }) => code === 'RATE_LIMITED').length).toBeGreaterThanOrEqual(6);
    await say('rate_limits: { address: 0 }');
    expect((await ask('{ __typename }', '10.0.0.2')).code).toBeUndefined();
  });

  it('says which pages may call, in the place of CORS_ORIGINS', async () => {
    await say(
      'cors: { origins: ["https://shop.example.org", { matching: "https://[a-z]+\\\\.preview\\\\.example\\\\.org" }], credentials: true, expose_headers: [x-trace], max_age_s: 60 }',
    );
    const allowed = async (origin: string) =>
      (await ask('{ __typename }', '10.0.0.3', origin)).headers.get('access-control-allow-origin');
    expect(await allowed('https://shop.example.org')).toBe('https://shop.example.org');
    expect(await allowed('https://one.preview.example.org')).toBe('https://one.preview.example.org');
    expect(await allowed('https://one.preview.example.org.evil.net')).toBe(null);
    expect(await allowed('https://old.example.org')).toBe(null);
    const preflight = await fetch(`${gateway.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example.org', 'access-control-request-method': 'POST' },
    });
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-request-id, retry-after, x-trace',
      'access-control-max-age': '60',
    });
    await say('{}');
    expect(await allowed('https://old.example.org')).toBe('https://old.example.org');
  });

  it.each([
    ['limits: { depth: many }', 'limits.depth is wrong; allowed: a whole number from 1 to 1000'],
    ['limits: { deep: 3 }', 'limits has deep, which is not a setting'],
    ['rate_limits: { user: -1 }', 'rate_limits.user is wrong; allowed: a whole number from 0 to 100000000'],
    ['cors: { origins: [shop.example.org] }', 'cors.origins.0 is wrong; allowed: an origin, such as'],
    ['cors: { origins: ["*"], credentials: true }', 'cors.credentials is wrong; allowed: true only where'],
    ['all: { tls: { cert: a.pem } }', 'all.tls is wrong; allowed: `cert` and `key` together, or neither'],
    ['subgraphs: { library: { tls: { ca: none.pem } } }', 'subgraphs.library.tls.ca names'],
  ])('that says `%s` does not replace a good one, and the log says where it is wrong', async (yaml, problem) => {
    await say('limits: { depth: 2 }');
    lines.splice(0);
    expect(await say(yaml)).toBe(false);
    expect(lines.join()).toContain(problem);
    expect((await ask('{ __schema { types { name } } }')).code).toBe('OPERATION_TOO_COMPLEX');
  });
});

describe.skipIf(!HAS_OPENSSL)('TLS of a subgraph (skipped without the openssl command)', () => {
  let server: Server;
  let seen: unknown[];
  let reached: Gateway;
  const authority = HAS_OPENSSL ? new Authority() : undefined!;
  const own = path.join(folder, 'tls.yaml');

  beforeAll(async () => {
    const files = authority.issue('server');
    seen = [];
    server = createServer(
      {
        cert: readFileSync(files.MTLS_CERT_FILE),
        key: readFileSync(files.MTLS_KEY_FILE),
        ca: readFileSync(files.MTLS_CA_FILE),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        const socket = request.socket as TLSSocket;
        seen.push(socket.authorized ? socket.getPeerCertificate().subject.CN : undefined);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"name":"Ever Given"}}');
      },
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
    writeFileSync(own, 'all: { tries: 1, restart_ms: 0 }');
    reached = await startTestGateway(
      {},
      {
        file: own,
        transports: new Map(),
        supergraph: { sdl: composeSdl({ ships: 'type Query { name: String }' }).replace('http://ships.test', url) },
      },
    );
  });
  afterAll(async () => {
    await reached[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });

  const name = async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${reached.url}/graphql`, { method: 'POST', headers, body: '{"query":"{ name }"}' });
    return ((await answer.json()) as { data: { name: string | null } }).data.name;
  };

  it('is checked with its authority, shows a certificate, and may be known by another name', async () => {
    expect(await name()).toBe(null); // its authority is not known
    const files = authority.issue('gateway');
    const tls = `ca: ${files.MTLS_CA_FILE}, cert: ${files.MTLS_CERT_FILE}, key: ${files.MTLS_KEY_FILE}`;
    writeFileSync(own, `subgraphs: { ships: { tries: 1, restart_ms: 0, tls: { ${tls}, server_name: localhost } } }`);
    expect(await reached.reload()).toBe(true);
    expect(await name()).toBe('Ever Given');
    expect(seen).toEqual(['localhost']);
    writeFileSync(own, `subgraphs: { ships: { tries: 1, restart_ms: 0, tls: { ${tls}, server_name: other.org } } }`);
    expect(await reached.reload()).toBe(true);
    expect(await name()).toBe(null);
  });
});

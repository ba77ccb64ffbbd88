import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { JwksAuthenticator } from './request/jwks-authenticator.ts';
import { composeForeign, startForeignSubgraph } from './testing/foreign-subgraph.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const shop = await startForeignSubgraph(
  'shop',
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\ntype Query { seen: String }',
  { Query: { seen: (_: unknown, __: unknown, headers: object) => JSON.stringify(headers) } },
);
const cleanup = new AsyncDisposableStack();
cleanup.use(shop);
afterAll(() => cleanup.disposeAsync());

const [first, second] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
const publicKeys: readonly JWK[] = await Promise.all([first, second].map(({ publicKey }) => exportJWK(publicKey)));
let served: readonly JWK[] = [];
let isDown = false;
let asked = 0;
const issuer = createServer((_, response) => {
  asked++;
  if (isDown) return void response.writeHead(503).end();
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: served }));
}).listen(0, '127.0.0.1');
await new Promise((resolve) => issuer.once('listening', resolve));
cleanup.defer(() => void issuer.close());
const jwks = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json`;
beforeEach(() => {
  served = publicKeys.map((key, n) => ({ ...key, kid: `k${n}`, alg: 'ES256' }));
  isDown = false;
  asked = 0;
});

const token = (claims: object, { key = first.privateKey, kid = 'k0', iss = 'https://a.test' } = {}) =>
  new SignJWT({ sub: 'ada', ...claims })
    .setProtectedHeader({ alg: 'ES256', ...(kid !== '' && { kid }) })
    .setIssuer(iss)
    .setExpirationTime('20h')
    .sign(key as CryptoKey);
const log = pino({ level: 'silent' });
const codeOf = (answer: Promise<unknown>) =>
  answer.then(
    () => 'good',
    (error: { extensions: { code: string } }) => error.extensions.code,
  );

describe('the keys of an issuer', () => {
  it('that cannot be had again hold as they were; a key that is new waits for them', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const verifier = new JwksAuthenticator({ issuers: [{ jwks, issuer: 'https://a.test' }] }, log);
      const ask = async (given: Promise<string>) => codeOf(verifier.authenticate({ authorization: await given }));
      expect(await ask(token({ n: 1 }))).toBe('good');
      isDown = true;
      vi.setSystemTime(Date.now() + 3_600_000);
      expect(await ask(token({ n: 2 }))).toBe('good');
      asked = 0;
      expect(await ask(token({ n: 3 }))).toBe('good');
      expect(await ask(token({}, { kid: 'new' }))).toBe('SERVICE_UNAVAILABLE');
      expect(await ask(token({}, { key: second.privateKey }))).toBe('UNAUTHENTICATED');
      expect(asked).toBe(0);
      isDown = false;
      vi.setSystemTime(Date.now() + 6_000);
      expect(await ask(token({}, { key: second.privateKey, kid: 'k1' }))).toBe('good');
      expect(asked).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('may have changed a moment after they were asked for: no good token is called false', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const verifier = new JwksAuthenticator({ issuers: [{ jwks, issuer: 'https://a.test' }] }, log);
      const ask = async (given: Promise<string>) => codeOf(verifier.authenticate({ authorization: await given }));
      const all = served;
      served = all.slice(0, 1);
      expect(await ask(token({}))).toBe('good');
      served = all.slice(1);
      vi.setSystemTime(Date.now() + 1_000);
      const [rotated, made] = [
        () => token({}, { key: second.privateKey, kid: 'k1' }),
        () => token({}, { kid: 'made up' }),
      ];
      expect(await ask(rotated())).toBe('SERVICE_UNAVAILABLE');
      expect(await ask(made())).toBe('SERVICE_UNAVAILABLE');
      vi.setSystemTime(Date.now() + 6_000);
      expect(await ask(rotated())).toBe('good');
      // By now it is certain, and stays so until they are asked for again.
      expect(await ask(made())).toBe('UNAUTHENTICATED');
      vi.setSystemTime(Date.now() + 1_000);
      expect(await ask(made())).toBe('UNAUTHENTICATED');
      expect(asked).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('outlast a change of other settings while they cannot be had', async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'identities-')), 'gateway.yaml');
    const write = (depth: number) =>
      writeFileSync(
        file,
        `limits: { depth: ${depth} }\nauthentication: { required: true, issuers: [{ jwks: "${jwks}", issuer: "https://a.test" }] }`,
      );
    write(12);
    await using gateway = await startTestGateway({}, { file });
    const ask = async (n: number) => {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${await token({ n })}` },
        body: '{"query":"{ greeting(name: \\"x\\") }"}',
      });
      return response.json();
    };
    const good = { data: { greeting: 'Hello x' } };
    expect(await ask(1)).toEqual(good);
    isDown = true;
    write(13);
    expect(await gateway.reload()).toBe(true);
    expect(await ask(2)).toEqual(good);
  });

  it('that it has withdrawn verify nothing more, tokens that were good before among them', async () => {
    const verifier = new JwksAuthenticator({ issuers: [{ jwks, issuer: 'https://a.test' }] }, log);
    const authorization = await token({});
    expect(await codeOf(verifier.authenticate({ authorization }))).toBe('good');
    served = served.slice(1);
    const [later, laterDate] = [performance.now() + 3_600_000, Date.now() + 3_600_000];
    const [clock, date] = [vi.spyOn(performance, 'now'), vi.spyOn(Date, 'now')];
    clock.mockReturnValue(later);
    date.mockReturnValue(laterDate);
    try {
      expect(verifier.known({ authorization })).toBeUndefined();
      expect(await codeOf(verifier.authenticate({ authorization }))).toBe('UNAUTHENTICATED');
    } finally {
      clock.mockRestore();
      date.mockRestore();
    }
  });

  it('are all tried where a token does not name its own', async () => {
    const verifier = new JwksAuthenticator({ issuers: [{ jwks, issuer: 'https://a.test' }] }, log);
    const ask = async (given: Promise<string>) => codeOf(verifier.authenticate({ authorization: await given }));
    const strange = await generateKeyPair('ES256');
    expect(await ask(token({}, { kid: '' }))).toBe('good');
    expect(await ask(token({}, { kid: '', key: second.privateKey }))).toBe('good');
    expect(await ask(token({}, { kid: '', key: strange.privateKey }))).toBe('UNAUTHENTICATED');
  });
});

it('users of two issuers who are called alike are two', async () => {
  const issuers = ['https://a.test', 'https://b.test'].map((name) => ({ jwks, issuer: name }));
  const verifier = new JwksAuthenticator({ issuers }, log);
  const who = async (iss: string) =>
    (await verifier.authenticate({ authorization: await token({}, { iss }) })) as UserIdentity;
  const [a, b] = [await who('https://a.test'), await who('https://b.test')];
  expect([a.userId, a.issuer, b.userId, b.issuer]).toEqual(['ada', 'https://a.test', 'ada', 'https://b.test']);
});

it('a claim that cannot stand in a header goes on in one that is', async () => {
  const verifier = new JwksAuthenticator({ issuers: [{ jwks, issuer: 'https://a.test' }] }, log);
  const identity = await verifier.authenticate({
    authorization: await token({ half: '\ud800', lines: 'a\r\nx-role: admin' }),
  });
  expect(verifier.claimOf(identity, 'half')).toBe('%EF%BF%BD');
  expect(verifier.claimOf(identity, 'lines')).toBe('a%0D%0Ax-role%3A%20admin');
});

describe('headers', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'identities-'));
  let files = 0;
  async function serve(yaml: string) {
    const file = path.join(folder, `gateway-${files++}.yaml`);
    writeFileSync(file, yaml);
    const options = { supergraph: { sdl: composeForeign([shop]) }, transports: new Map(), file };
    return cleanup.use(await startTestGateway({ CORS_ORIGINS: '*' }, options));
  }
  /** What the subgraph is sent of a query over a WebSocket, or the code of the refusal. */
  const overSocket = (url: string, payload: object, headers: Record<string, string> = {}) =>
    new Promise<unknown>((resolve, reject) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
      socket.on('error', reject);
      socket.on('close', (code) => resolve(code));
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
      socket.on('message', (data) => {
        const message = JSON.parse(data.toString()) as {
          type: string;
          payload: { data?: { seen: string }; errors?: { extensions: { code: string } }[] };
        };
        if (message.type === 'connection_ack')
          socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ seen }' } }));
        if (message.type !== 'next' && message.type !== 'error') return;
        const { data: answer, errors } = message.payload;
        resolve(answer?.seen ? JSON.parse(answer.seen) : errors?.[0]?.extensions.code);
        socket.terminate();
      });
    });

  it('that a token fills in are not the client’s to fill in, whatever a pattern lets through', async () => {
    const { url } = await serve(`
      authentication: { issuers: [{ jwks: "${jwks}", issuer: "https://a.test" }] }
      all:
        headers:
          request:
            - propagate: { matching: "^x-" }
            - { insert: x-user, claim: sub }
            - { insert: x-tenant, claim: tenant }
      subgraphs: { shop: { headers: { request: [{ propagate: { matching: "^x-t" } }] } } }
    `);
    const seen = async (headers: Record<string, string>) => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-user': 'root',
          'x-tenant': 'acme',
          'x-tint': 'red',
          ...headers,
        },
        body: '{"query":"{ seen }"}',
      });
      return JSON.parse(((await response.json()) as { data: { seen: string } }).data.seen) as Record<string, string>;
    };
    const anonymous = await seen({});
    expect([anonymous['x-user'], anonymous['x-tenant'], anonymous['x-tint']]).toEqual([undefined, undefined, 'red']);
    const ada = await seen({ authorization: `Bearer ${await token({})}` });
    expect([ada['x-user'], ada['x-tenant']]).toEqual(['ada', undefined]);
  });

  it('of `connection_init` are headers: none brings another header, or another request, along', async () => {
    const { url } = await serve('all: { headers: { request: [{ propagate: { matching: ".*" } }] } }');
    shop.requests.length = 0;
    const bad = ['\r\n\r\nPOST / HTTP/1.1\r\nhost', 'x-a\r\nx-role', 'x a', 'x-b\n', 'x-c\u0000'];
    const payload = { 'x-good': 'yes', ...Object.fromEntries(bad.map((name) => [name, 'root'])) };
    const got = (await overSocket(url, payload)) as Record<string, string>;
    expect(got['x-good']).toBe('yes');
    const names = Object.keys(got).filter((name) => name.includes('x-') || name.includes('role'));
    expect(names.sort()).toEqual(['x-forwarded-for', 'x-good', 'x-request-id']);
    expect(shop.requests).toHaveLength(1);
    expect(await overSocket(url, { 'x-good': 'yes\r\nx-role: root' })).toBe('BAD_USER_INPUT');
    expect(shop.requests).toHaveLength(1);
  });

  it('that a browser adds to a WebSocket of any page are not its user’s word', async () => {
    const { url } = await serve('{}');
    const cookieOf = async (headers: Record<string, string>) =>
      ((await overSocket(url, {}, { cookie: 'session=ada', ...headers })) as Record<string, string>)['cookie'];
    expect(await cookieOf({ origin: 'https://evil.test' })).toBeUndefined();
    expect(await cookieOf({ origin: 'null' })).toBeUndefined();
    expect(await cookieOf({ origin: url })).toBe('session=ada');
    expect(await cookieOf({})).toBe('session=ada');
    const trusting = await serve('cors: { origins: ["https://shop.test"], credentials: true }');
    const trusted = { origin: 'https://shop.test', cookie: 'session=ada' };
    expect(((await overSocket(trusting.url, {}, trusted)) as Record<string, string>)['cookie']).toBe('session=ada');
  });
});

import { randomBytes } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from './gateway.ts';
import { composeForeign, type ForeignSubgraph, startForeignSubgraph } from './testing/foreign-subgraph.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const FROM_BYTES = 2_000;

let texts: ForeignSubgraph;
let gateway: Gateway;
beforeAll(async () => {
  texts = await startForeignSubgraph('texts', 'type Query { text(size: Int!): String }', {
    Query: { text: (_: unknown, { size }: { size: number }) => 'é'.repeat(size) },
  });
  gateway = await startTestGateway(
    { COMPRESS_FROM_BYTES: String(FROM_BYTES), MAX_BODY_BYTES: '100000' },
    { supergraph: { sdl: composeForeign([texts]) } },
  );
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await texts[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** Sends bytes as they are, and returns those that come back: fetch would inflate them. */
function send(body: Buffer | string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const given = { 'content-type': 'application/json', ...headers };
    const sent = request(`${gateway.url}/graphql`, { method: 'POST', agent: false, headers: given }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode!, headers: answer.headers, bytes: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const ask = (size: number, headers: Record<string, string>) =>
  send(JSON.stringify({ query: `{ text(size: ${size}) }` }), headers);
const expected = (size: number) => JSON.stringify({ data: { text: 'é'.repeat(size) } });

describe('a large answer', () => {
  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync],
  ])('comes in %s to a client that accepts it', async (coding, inflate) => {
    const { headers, bytes } = await ask(FROM_BYTES, { 'accept-encoding': coding });
    expect(headers['content-encoding']).toBe(coding);
    expect(headers['vary']).toContain('Accept-Encoding');
    expect(Number(headers['content-length'])).toBe(bytes.length);
    expect(inflate(bytes).toString()).toBe(expected(FROM_BYTES));
  });

  it.each([
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1.0, br;q=0.5, *;q=0', 'gzip'],
    ['*', 'zstd'],
    ['identity', undefined],
    ['identity;q=1, gzip;q=0.5', undefined],
    ['gzip;q=0', undefined],
    ['deflate', undefined],
    ['', undefined],
  ])('for %j comes in %s', async (accepted, coding) => {
    const { headers } = await ask(FROM_BYTES, { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(coding);
  });

  it('comes as it is to a request with a cookie, unless the browser says that the page is of the same origin', async () => {
    const given = { 'accept-encoding': 'gzip', cookie: 'session=1' };
    expect((await ask(FROM_BYTES, given)).headers['content-encoding']).toBeUndefined();
    expect((await ask(FROM_BYTES, { ...given, 'sec-fetch-site': 'cross-site' })).headers['content-encoding']).toBe(
      undefined,
    );
    expect((await ask(FROM_BYTES, { ...given, 'sec-fetch-site': 'same-origin' })).headers['content-encoding']).toBe(
      'gzip',
    );
  });

  it('of less than COMPRESS_FROM_BYTES, or as an event stream, comes as it is', async () => {
    const small = await ask(10, { 'accept-encoding': 'gzip' });
    expect(small.headers['content-encoding']).toBeUndefined();
    expect(small.bytes.toString()).toBe(expected(10));
    const stream = await ask(FROM_BYTES, { 'accept-encoding': 'gzip', accept: 'text/event-stream' });
    expect(stream.headers['content-encoding']).toBeUndefined();
    expect(stream.bytes.toString()).toContain(expected(FROM_BYTES));
  });
});

describe('a request body', () => {
  const body = JSON.stringify({ query: '{ text(size: 1) }' });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('may be in %s', async (coding, deflate) => {
    const { status, bytes } = await send(deflate(body), { 'content-encoding': coding });
    expect([status, bytes.toString()]).toEqual([200, expected(1)]);
  });

  it('in a coding that is not known is a 415 that says which are', async () => {
    for (const coding of ['compress', 'gzip, gzip']) {
      const { status, bytes } = await send(body, { 'content-encoding': coding });
      expect(status).toBe(415);
      expect(bytes.toString()).toContain('send gzip, br, zstd, deflate or none');
    }
  });

  it('that is not what it says is a 400 that says so', async () => {
    const { status, bytes } = await send(body, { 'content-encoding': 'gzip' });
    expect(status).toBe(400);
    expect(bytes.toString()).toContain('is not what its content encoding gzip says');
  });

  it('that inflates beyond MAX_BODY_BYTES, or two hundred times, is refused', async () => {
    const large = gzipSync(JSON.stringify({ query: `{ text(size: 1) } # ${randomBytes(80_000).toString('hex')}` }));
    const refused = await send(large, { 'content-encoding': 'gzip' });
    expect(refused.status).toBe(413);
    expect(refused.bytes.toString()).toContain('100000 bytes');
    const bomb = zstdCompressSync(Buffer.alloc(80_000, ' '));
    expect(bomb.length).toBeLessThan(400);
    expect((await send(bomb, { 'content-encoding': 'zstd' })).status).toBe(413);
  });

  it('that asks for more memory to be inflated than HTTP allows is refused', async () => {
    const frame = (windowLog: number): Buffer => {
      const lastBlock = Buffer.alloc(4);
      lastBlock.writeUInt32LE((body.length << 3) | 1);
      const head = [0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3];
      return Buffer.concat([Buffer.from(head), lastBlock.subarray(0, 3), Buffer.from(body)]);
    };
    expect((await send(frame(23), { 'content-encoding': 'zstd' })).status).toBe(200);
    expect((await send(frame(24), { 'content-encoding': 'zstd' })).status).toBe(400);
  });
});

import { createConnection } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Fuzzer } from './fuzzer.ts';
import { hostileJson, mutate } from './hostile.ts';
import type { Random } from './random.ts';

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'HEAD',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'X',
];
const PATHS = [
  ...['/graphql', '/graphql', '/graphql', '/', '/health', '/ready', '/metrics', '/schema.graphql', '/openapi.json'],
  ...['/explorer', '/explorer/index.html', '/.well-known/jwks.json', '/api/chat', '/api/models', '/conversations'],
  ...['/_/', '/_/auth/graphql', '/_/chat/graphql', '/_/auth/metrics', '/_/vision/images/x', '/_/memory/documents/x'],
  ...[
    '/_/auth/reset-password',
    '/_/auth/verify-email',
    '/_/auth/change-email',
    '/_/auth/first-admin',
    '/_/nothing/x',
    '/_/%00/x',
    '/_//x',
  ],
  ...[
    '/mcp',
    '/v1/models',
    '/v1/chat/completions',
    '/v1/responses',
    '/v1/embeddings',
    '/cache/invalidate',
    '/callback',
  ],
];
const QUERIES = [
  '{models{id}}',
  '{__typename}',
  'query Q($i:ID!){conversation(id:$i){id}}',
  'subscription{x}',
  'mutation{a}',
  '{models{id ...@defer(label:"a"){provider}} ...@defer{__typename}}',
  '{...@defer(if:$i){models{id}}}',
];
/** Beside `identity`, how a body may come. */
const CODINGS: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['gzip, br', gzipSync],
  ['GZIP ', gzipSync],
  ['x', (bytes) => bytes],
];
const TYPES = [
  ...[
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=utf-16',
    'text/plain',
    'image/png',
  ],
  ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/graphql', '', ';', 'a/b/c'],
];
const ACCEPTS = [
  '*/*',
  'text/html',
  'text/event-stream',
  'multipart/mixed;subscriptionSpec=1.0',
  'multipart/mixed;deferSpec=20220824',
  'multipart/mixed;incrementalSpec=v0.2, application/json',
  'application/json;q=x',
  '',
];
const HOSTS = ['localhost', 'a b%%', '', '[', 'x:99999999', 'a@b', '[::1', 'ä', '..', 'localhost:0'];
const HEADERS = [
  'authorization: Bearer x',
  'authorization: Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.x',
  'x-api-key: sx_x',
  'origin: null',
  'origin: http://localhost:3000',
  'x-forwarded-for: 1.2.3.4, ,,',
  'x-request-id: \u00ff',
  'traceparent: 00-0-0-0',
  'range: bytes=0-18446744073709551615',
  'if-none-match: *',
  'expect: 100-continue',
  'upgrade: websocket',
  'connection: upgrade',
  'sec-websocket-key: x',
  'accept-encoding: gzip;q=x',
  'content-encoding: gzip',
  'cookie: a=b',
  'apollo-require-preflight: 1',
];

function bodyOf(random: Random): string {
  const query = JSON.stringify(random.pick(QUERIES));
  switch (random.int(7)) {
    case 0:
      return hostileJson(random);
    case 6:
      return `[${Array.from({ length: random.int(7) }, () => (random.chance(0.8) ? `{"query":${JSON.stringify(random.pick(QUERIES))}}` : hostileJson(random, 100))).join()}]`;
    case 1:
      return `{"query":${query},"variables":${hostileJson(random)}}`;
    case 2:
      return `{"query":${query},"extensions":${hostileJson(random)},"operationName":${hostileJson(random)}}`;
    case 3:
      return `{"query":${query},"variables":{"i":${hostileJson(random)},"unused":${hostileJson(random)}}}`;
    case 4:
      return `{"id":${hostileJson(random)},"extensions":{"persistedQuery":{"version":1,"sha256Hash":${hostileJson(random)}}}}`;
    default:
      return `{"query":${query}}`;
  }
}

function searchOf(random: Random): string {
  if (random.chance(0.6)) return '';
  const parameters = ['query', 'variables', 'extensions', 'operationName', 'id', 'token', 'expires', 'signature'];
  return `?${Array.from({ length: 1 + random.int(3) }, () => {
    const value = random.chance(0.5) ? random.pick(QUERIES) : hostileJson(random).slice(0, 6_000);
    return `${random.pick(parameters)}=${random.chance(0.8) ? encodeURIComponent(value.toWellFormed()) : value.replace(/\s/g, '')}`;
  }).join('&')}`;
}

/** One request as bytes: grammatical, or nearly. */
function requestOf(random: Random): Buffer {
  const method = random.chance(0.7) ? random.pick(['GET', 'POST']) : random.pick(METHODS);
  const path = `${random.pick(PATHS)}${random.chance(0.1) ? random.pick(['/%00', '/%zz', '/..%2f', '/'.repeat(50)]) : ''}`;
  const plain = method === 'GET' || method === 'HEAD' ? Buffer.alloc(0) : Buffer.from(bodyOf(random));
  const [coding, encode] = random.chance(0.15) ? random.pick(CODINGS) : [undefined, undefined];
  const body = encode ? encode(plain) : plain;
  const payload = random.chance(0.15) ? mutate(random, body) : body;
  const headers = [
    `host: ${random.chance(0.85) ? 'localhost' : random.pick(HOSTS)}`,
    ...(random.chance(0.9) ? [`content-type: ${random.chance(0.7) ? TYPES[0] : random.pick(TYPES)}`] : []),
    ...(random.chance(0.3) ? [`accept: ${random.pick(ACCEPTS)}`] : []),
    ...(coding === undefined ? [] : [`content-encoding: ${coding}`]),
    ...Array.from({ length: random.int(3) }, () => random.pick(HEADERS)),
    'connection: close',
  ];
  const chunked = payload.length > 0 && random.chance(0.1);
  headers.push(chunked ? 'transfer-encoding: chunked' : `content-length: ${payload.length}`);
  const head = Buffer.from(
    `${method} ${path}${searchOf(random)} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`,
    'latin1',
  );
  const sent = chunked
    ? Buffer.concat([Buffer.from(`${payload.length.toString(16)}\r\n`), payload, Buffer.from('\r\n0\r\n\r\n')])
    : payload;
  const request = Buffer.concat([head, sent]);
  return random.chance(0.15) ? mutate(random, request) : request;
}

/** Longest wait for the answer. A stream of events has none; its head is enough. */
const PATIENCE_MS = 15_000;

/** Sends bytes on a connection of their own. @returns all that came back until it was closed; undefined in time. */
function exchange(url: URL, bytes: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = createConnection({ host: url.hostname, port: Number(url.port) });
    const end = (complete: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(chunks).toString();
      resolve(complete || text.length > 0 ? text : undefined);
    };
    const timer = setTimeout(() => end(false), PATIENCE_MS);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (/content-type: (text\/event-stream|multipart)/i.test(chunk.toString())) end(true);
    });
    socket.on('error', () => end(true));
    socket.on('close', () => end(true));
    // What a changed length promises never comes: the other side hears that this is all.
    socket.end(bytes);
  });
}

/** The HTTP face: methods, targets, headers, types, bodies, GraphQL parameters, REST and plain routes. */
export const http: Fuzzer = {
  parallel: 6,
  async run({ url }, random, judge) {
    const request = requestOf(random);
    const input = request.toString();
    judge.sending(input);
    const answer = await exchange(new URL(url), request);
    if (answer === undefined) return judge.fault(`no answer within ${PATIENCE_MS} ms`, input);
    judge.answer(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]), answer, input);
  },
};

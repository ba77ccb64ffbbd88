import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionResult } from 'graphql';
import { pino } from 'pino';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { plainAssertions } from '../../host/testing/platform.ts';
import { ANONYMOUS } from '../../identity/identity.ts';
import { createHttpTransport } from './http.ts';

let answer: { status: number; type?: string; body: string };
let hits = 0;
/** Whether operations get no answer at all. */
let isSilent = false;
/** A subgraph, or the proxy before it, that answers as told. */
const server = createServer((request, response) => {
  if (request.method === 'POST') hits++;
  request.resume();
  if (isSilent && request.method === 'POST') return;
  response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' }).end(answer.body);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const urls = [`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`];

const lines: { level: number; msg: string }[] = [];
const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
const passing = createHttpTransport({ subgraph: 'shop', urls, log });
const signing = createHttpTransport({ subgraph: 'shop', urls, log, assertions: plainAssertions });
beforeEach(() => {
  hits = 0;
  lines.length = 0;
});
afterAll(async () => {
  await passing[Symbol.asyncDispose]();
  await signing[Symbol.asyncDispose]();
  server.close();
});

/** The answer as a client may read it: the result, or the code with which there is none. */
async function ask(transport = passing): Promise<ExecutionResult | string> {
  try {
    return (await transport.execute({ query: '{ a }', identity: ANONYMOUS, requestId: 'r' })).result;
  } catch (error) {
    return (error as { extensions: { code: string } }).extensions.code;
  }
}

const PAGE = '<html>upstream</html>';
const FAILED = { errors: [{ message: 'No.', extensions: { code: 'OWN' } }] };
const PARTLY = { data: { a: null }, errors: [{ message: 'No.', path: ['a'] }] };
const DATA = { data: { a: 1 } };

describe('a GraphQL body', () => {
  it.each([400, 404, 422, 429, 500, 502, 503, 504])('is read as it is with status %i, and once', async (status) => {
    for (const body of [FAILED, PARTLY, DATA]) {
      hits = 0;
      answer = { status, body: JSON.stringify(body) };
      expect(await ask()).toEqual(body);
      expect(await ask(signing)).toEqual(body);
      expect(hits).toBe(2);
    }
  });

  it('with 503 is not a reason to think that the subgraph is away, and a page is', async () => {
    const transport = createHttpTransport({ subgraph: 'shop', urls, log });
    answer = { status: 503, body: JSON.stringify(FAILED) };
    for (let i = 0; i < 60; i++) expect(await ask(transport)).toEqual(FAILED);
    answer = { status: 503, type: 'text/html', body: PAGE };
    for (let i = 0; i < 60; i++) expect(await ask(transport)).toBe('SUBGRAPH_UNAVAILABLE');
    // It fails fast: nothing is asked.
    hits = 0;
    expect(await ask(transport)).toBe('SUBGRAPH_UNAVAILABLE');
    expect(hits).toBe(0);
    await transport[Symbol.asyncDispose]();
  });
});

it.each<[number, string, string]>([
  [200, 'text/html', PAGE],
  [200, 'application/json', '{"message":"hello"}'],
  [204, 'application/json', ''],
  [302, 'text/html', PAGE],
  [404, 'text/html', PAGE],
  [500, 'text/html', PAGE],
  [500, 'application/json', '{"errors":[]}'],
  [500, 'application/json', '{"errors":"broken"}'],
  [500, 'application/json', '{"data":null}'],
  [503, 'application/json', '{"message":"Service Unavailable"}'],
  [503, 'application/json', '[{"data":{}}]'],
])('an answer with status %i (%s) that is not GraphQL is SUBGRAPH_UNAVAILABLE: %s', async (status, type, body) => {
  answer = { status, type, body };
  expect(await ask()).toBe('SUBGRAPH_UNAVAILABLE');
});

describe('a status about credentials', () => {
  it.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
  ])('is told to the client whose credentials were passed on: %i is %s', async (status, code) => {
    answer = { status, type: 'text/html', body: PAGE };
    expect(await ask()).toBe(code);
    answer = { status, body: '{"message":"Unauthorized"}' };
    expect(await ask()).toBe(code);
    answer = { status, body: JSON.stringify({ errors: [{ message: 'No.' }, ...FAILED.errors] }) };
    const told = { errors: [{ message: 'No.', extensions: { code } }, ...FAILED.errors] };
    expect(await ask()).toEqual(told);
    answer = { status, body: JSON.stringify(FAILED) };
    expect(await ask()).toEqual(FAILED);
    expect(lines).toEqual([]);
  });

  it.each([
    [401, PAGE],
    [401, '{"errors":[{"message":"No.","extensions":{"code":"UNAUTHENTICATED"}}]}'],
    [403, PAGE],
  ])('is a matter of the operator where the identity was signed here: %i %s', async (status, body) => {
    const transport = createHttpTransport({ subgraph: 'shop', urls, log, assertions: plainAssertions });
    answer = { status, body };
    // Told once, however many ask, until it has worked again.
    for (let i = 0; i < 3; i++) expect(await ask(transport)).toBe('SUBGRAPH_UNAVAILABLE');
    expect(lines).toMatchObject([{ level: 50, subgraph: 'shop', status, said: body }]);
    expect(await transport.health!()).toEqual({
      status: 'down',
      detail: 'refuses what is signed for it; the log has what it says',
    });
    expect(lines).toHaveLength(1);
    answer = { status: 200, body: JSON.stringify(DATA) };
    expect(await transport.health!()).toMatchObject({ status: 'up' });
    answer = { status, body };
    expect(await ask(transport)).toBe('SUBGRAPH_UNAVAILABLE');
    expect(lines).toHaveLength(2);
    await transport[Symbol.asyncDispose]();
  });

  it('does not hold up /health where what is asked again gives no answer', async () => {
    const transport = createHttpTransport({ subgraph: 'shop', urls, log, assertions: plainAssertions });
    answer = { status: 401, body: PAGE };
    expect(await ask(transport)).toBe('SUBGRAPH_UNAVAILABLE');
    isSilent = true;
    expect(await transport.health!()).toMatchObject({ status: 'down', detail: expect.stringContaining('refuses') });
    isSilent = false;
    await transport[Symbol.asyncDispose]();
  });

  it('is the subgraph’s own word where it knows who asks and forbids it', async () => {
    answer = { status: 403, body: JSON.stringify(FAILED) };
    expect(await ask(signing)).toEqual(FAILED);
  });
});

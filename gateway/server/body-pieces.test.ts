import { connect } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { startTestGateway } from '../testing/test-gateway.ts';

const gateway = await startTestGateway();
afterAll(() => gateway[Symbol.asyncDispose]());

const BODY = JSON.stringify({ query: '{ greeting(name: "Ada") }' });

/** Sends a body in chunks of so many bytes, with blanks before it. @returns the whole answer. */
function send(path: string, blanks: number, size: number): Promise<string> {
  const body = ' '.repeat(blanks) + BODY;
  const chunks: string[] = [];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.slice(at, at + size);
    chunks.push(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  }
  const { hostname, port } = new URL(gateway.url);
  const head = `POST ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('data', (data) => {
      answer += data.toString();
    });
    // The other side does not read to the end what it refuses.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.write(`${head}${chunks.join('')}0\r\n\r\n`);
  });
}

it.each(['/graphql', '/_/library/form', '/nothing'])(
  'a body in thousands of tiny chunks is not read to its end: %s',
  async (path) => {
    const answer = await send(path, 5_000, 1);
    expect(answer).toMatch(/^HTTP\/1\.1 (413|404) /);
    if (path === '/graphql') expect(answer).toContain('each has to have 256 bytes on average. Send larger ones.');
  },
);

it.each([
  ['a small body', 100, 1],
  ['a large body', 400_000, 300],
])('%s in chunks is read', async (_, blanks, size) => {
  const answer = await send('/graphql', blanks, size);
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).toContain('Hello Ada');
});

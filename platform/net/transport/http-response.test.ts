import { describe, expect, it } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { type HttpAnswer, MalformedResponse, ResponseReader, ResponseTooLarge } from './http-response.ts';

/** Feeds a response in pieces that end at the given places. */
function read(text: string, cuts: readonly number[] = [], maxBytes = 100_000) {
  const bytes = Buffer.from(text, 'latin1');
  const reader = new ResponseReader(maxBytes);
  reader.expect();
  const buffer = Buffer.alloc(bytes.length);
  let answer: HttpAnswer | undefined;
  let from = 0;
  for (const to of [...new Set([...cuts.map((cut) => cut % bytes.length), bytes.length])].sort((a, b) => a - b)) {
    // As a connection does: the same buffer again and again.
    const count = bytes.copy(buffer, 0, from, to);
    answer = reader.read(buffer.subarray(0, count));
    buffer.fill(0);
    from = to;
  }
  return { reader, answer: answer && { status: answer.status, body: answer.body.toString('latin1') } };
}

const chunked = (pieces: readonly string[]) =>
  `${pieces
    .filter((piece) => piece !== '')
    .map((piece) => `${piece.length.toString(16)};note=1\r\n${piece}\r\n`)
    .join('')}0\r\nX-Trailer: 1\r\n\r\n`;

it('a response is the same however the network cuts it', () => {
  const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(
      fc.array(latin1, { maxLength: 5 }),
      fc.boolean(),
      fc.array(fc.nat(), { maxLength: 30 }),
      fc.boolean(),
      (pieces, isChunked, cuts, isInterim) => {
        const body = pieces.join('');
        const head = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
        const text = `${isInterim ? 'HTTP/1.1 100 Continue\r\n\r\n' : ''}HTTP/1.1 207 Some Words\r\nContent-Type: x\r\n${head}\r\n\r\n`;
        const { answer, reader } = read(text + (isChunked ? chunked(pieces) : body), cuts);
        expect(answer).toEqual({ status: 207, body });
        expect(reader.reusable).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

it('a response without a length ends with its connection, which is not used again', () => {
  const { reader, answer } = read('HTTP/1.1 200 OK\r\n\r\nsome', [3, 20]);
  expect(answer).toBeUndefined();
  expect(reader.end()?.body.toString()).toBe('some');
  expect(reader.reusable).toBe(false);
  const { reader: cut } = read('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome');
  expect(cut.end()).toBeUndefined();
});

it('what the server says about its connection is known', () => {
  const after = (head: string) => read(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${head}\r\n\r\n`).reader;
  expect(after('Connection: close').reusable).toBe(false);
  expect(after('Keep-Alive: timeout=5, max=100').keepAliveMs).toBe(5_000);
  expect(read('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n').reader.reusable).toBe(false);
  expect(read('HTTP/1.1 204\r\n\r\n').answer).toEqual({ status: 204, body: '' });
});

describe('what would be read differently by another client is refused:', () => {
  const ok = 'HTTP/1.1 200 OK\r\n';
  it.each([
    ['two framings at once', `${ok}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['two lengths', `${ok}Content-Length: 3\r\nContent-Length: 4\r\n\r\n`],
    ['a signed length', `${ok}Content-Length: +3\r\n\r\n`],
    ['a hexadecimal length', `${ok}Content-Length: 0x3\r\n\r\n`],
    ['another coding', `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    ['chunked twice', `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['space before the colon', `${ok}Content-Length : 3\r\n\r\nabc`],
    ['a folded header', `${ok}X: a\r\n Content-Length: 3\r\n\r\nabc`],
    ['a header without a colon', `${ok}Content-Length\r\n\r\n`],
    ['no status line', 'hello\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching\r\n\r\n'],
    ['bytes after the end', `${ok}Content-Length: 3\r\n\r\nabcd`],
    ['a chunk longer than its size', `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`],
    ['a chunk without a size', `${ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`],
    ['a chunk line that ends in a bare line feed', `${ok}Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n`],
    ['a head without end', `${ok}X: ${'x'.repeat(40_000)}`],
  ])('%s', (_, text) => {
    for (const cuts of [[], [1, 5, 17, 19, 30, 31, 40, 60]]) expect(() => read(text, cuts)).toThrow(MalformedResponse);
  });

  it('bytes that no request asked for', () => {
    const reader = new ResponseReader(100);
    expect(() => reader.read(Buffer.from(`${ok}Content-Length: 0\r\n\r\n`))).toThrow(MalformedResponse);
  });
});

it('a body larger than allowed is refused, by its declared length before it comes', () => {
  for (const rest of [
    'Content-Length: 101\r\n\r\n',
    `Transfer-Encoding: chunked\r\n\r\n65\r\n`,
    `Transfer-Encoding: chunked\r\n\r\n${'32\r\n'.concat('x'.repeat(50), '\r\n').repeat(3)}`,
    `X: 1\r\n\r\n${'x'.repeat(101)}`,
  ]) {
    expect(() => read(`HTTP/1.1 200 OK\r\n${rest}`, [], 100)).toThrow(ResponseTooLarge);
  }
});

import { describe, expect, it } from 'vitest';
import { checkParts, readBoundary } from './form-parts.ts';

const part = (name: string, value: string): string =>
  `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const check = (...parts: string[]): void => checkParts(Buffer.from(`${parts.join('')}--b--\r\n`), 'b');

describe('a form', () => {
  it('of a file and some values is taken', () => {
    check(part('file', 'x'.repeat(1_000_000)), part('purpose', 'assistants'));
    check(...Array<string>(20).fill(part('a', '')));
  });

  it('of very many parts is refused before it is parsed', () => {
    expect(() => check(part('a', '').repeat(21))).toThrow('has more than 20 parts');
    expect(() => check(part('a', '').repeat(500_000))).toThrow('has more than 20 parts');
  });

  it('with a part whose headers do not end is refused', () => {
    expect(() => check(`--b\r\ncontent-disposition: form-data; name="${'a'.repeat(10_000)}"\r\n\r\n`)).toThrow(
      'more than 8192 bytes of headers',
    );
  });
});

it.each([
  ['multipart/form-data; boundary=----WebKitFormBoundaryX1', '----WebKitFormBoundaryX1'],
  ['multipart/form-data; charset=utf-8; boundary="a(b)"; x=y', 'a(b)'],
  ['Multipart/Form-Data;boundary=b', 'b'],
])('the boundary of %s is read', (contentType, boundary) => {
  expect(readBoundary(contentType)).toBe(boundary);
});

it.each([
  undefined,
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'multipart/form-data; boundary="a',
  `multipart/form-data; boundary=${'a'.repeat(71)}`,
  'multipart/form-data; boundary=a\u0000b',
  'application/json; boundary=b',
])('%s is not a form', (contentType) => {
  expect(() => readBoundary(contentType)).toThrow('multipart/form-data with a boundary');
});

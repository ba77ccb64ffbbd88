import { expect, it } from 'vitest';
import { readParts } from './multipart.ts';

const stream = (parts: readonly string[], boundary = '-'): Buffer =>
  Buffer.from(
    `preamble\r\n--${boundary}${parts.map((part) => `\r\nContent-Type: application/json\r\n\r\n${part}\r\n--${boundary}`).join('')}--\r\nepilogue`,
  );

async function read(bytes: Buffer, size: number, type = 'multipart/mixed; boundary="-"'): Promise<string[]> {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const parts: string[] = [];
  for await (const part of readParts(pieces(), type)) parts.push(part);
  return parts;
}

it('parts are read whole, however the bytes are torn', async () => {
  const parts = ['{}', '{"payload":{"data":{"text":"a --- b\\r\\n---"}}}', '{"text":"üñ🚀"}'];
  for (let size = 1; size < 40; size++) expect(await read(stream(parts), size)).toEqual(parts);
  expect(await read(stream(parts, 'graphql'), 7, 'multipart/mixed;boundary=graphql;x=1')).toEqual(parts);
});

it('a stream without its last boundary is not at its end', async () => {
  await expect(read(stream(['{}']).subarray(0, -12), 5)).rejects.toThrow('before its last boundary');
  await expect(read(Buffer.from(''), 5)).rejects.toThrow('before its last boundary');
});

import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { readTar, writeTar } from './tar.ts';

const FILES: readonly [name: string, content: string][] = [
  ['empty', ''],
  ['a/b.txt', 'sea'],
  [`files/${'long/'.repeat(90)}name`, 'x'.repeat(1_025)],
  ['last', 'y'.repeat(512)],
];

async function* files() {
  for (const [name, content] of FILES) {
    const bytes = Buffer.from(content);
    yield { name, size: bytes.length, body: [bytes] };
  }
}

const written = (): Promise<Buffer> => buffer(Readable.from(writeTar(files())));

async function read(bytes: Buffer, pieceSize: number): Promise<[string, string][]> {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize);
  }
  const found: [string, string][] = [];
  for await (const { name, body } of readTar(pieces()))
    found.push([name, (await buffer(Readable.from(body))).toString()]);
  return found;
}

it('what is written is read again, however its bytes are cut, and by the tar of the machine', async () => {
  const bytes = await written();
  for (const size of [7, 512, 1 << 20]) expect(await read(bytes, size)).toEqual(FILES);
  const folder = await mkdtemp(path.join(tmpdir(), 'sextant-tar-'));
  await writeFile(path.join(folder, 'all.tar'), bytes);
  execFileSync('tar', ['-xf', 'all.tar'], { cwd: folder });
  for (const [name, content] of FILES) expect(await readFile(path.join(folder, name), 'utf8')).toBe(content);
  await rm(folder, { recursive: true });
});

it('one that ends too early is refused, wherever it ends', async () => {
  const bytes = await written();
  for (const size of [100, 600, 1_600, bytes.length - 1_024])
    await expect(read(bytes.subarray(0, size), 512)).rejects.toThrow(/too early/);
});

it('a file that has other bytes than it was said to have is not written', async () => {
  async function* wrong() {
    yield { name: 'short', size: 4, body: [Buffer.from('sea')] };
  }
  await expect(buffer(Readable.from(writeTar(wrong())))).rejects.toThrow('short has other bytes than the 4');
});

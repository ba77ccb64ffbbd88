import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPageFiles, type PageFiles } from './page-files.ts';

const SCRIPT = `export const words = ${JSON.stringify('a sextant '.repeat(500))};`;
const lifecycle = new AsyncDisposableStack();
let port: number;
let files: PageFiles;

beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'page-files-'));
  lifecycle.defer(() => rm(folder, { recursive: true }));
  await mkdir(path.join(folder, 'built'));
  await writeFile(path.join(folder, 'built', 'main-abc.js.br'), brotliCompressSync(SCRIPT));
  files = createPageFiles(folder, { hashed: true });
  const server = http.createServer((request, response) => void files.send(response, request.url!.slice(1)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  lifecycle.defer(() => void server.close());
  port = (server.address() as AddressInfo).port;
});
afterAll(() => lifecycle.disposeAsync());

/** Asks for the script. @returns its encoding and bytes, as they come over the wire. */
async function ask(accepted?: string): Promise<{ readonly encoding: string | undefined; readonly body: Buffer }> {
  const headers = accepted === undefined ? {} : { 'accept-encoding': accepted };
  const request = http.get({ host: '127.0.0.1', port, path: '/main-abc.js', headers, agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const body = Buffer.concat(await response.toArray());
  return { encoding: response.headers['content-encoding'], body };
}

it('sends a script compressed in the way that the browser reads, also over plain http', async () => {
  const best = await ask('gzip, deflate, br');
  expect([best.encoding, brotliDecompressSync(best.body).toString()]).toEqual(['br', SCRIPT]);
  for (const time of ['first', 'second']) {
    const { encoding, body } = await ask('gzip, deflate');
    expect([time, encoding, gunzipSync(body).toString()]).toEqual([time, 'gzip', SCRIPT]);
    expect(body.byteLength).toBeLessThan(SCRIPT.length / 10);
  }
  const plain = await ask();
  expect([plain.encoding, plain.body.toString()]).toEqual([undefined, SCRIPT]);
});

it('those who do not read what they asked for share one copy', async () => {
  const [first, second] = await Promise.all([files.read('main-abc.js'), files.read('main-abc.js')]);
  expect(first).toBe(second);
  expect(await files.read('main-abc.js')).toBe(first);
});

it.each(['none.js', 'main-abc.js.br', '../page/own.css', 'own.css/../own.css', '__proto__', 'constructor.js', ''])(
  'there is no file of a made-up name: %j',
  async (name) => {
    expect(await files.send({ req: { headers: {} } } as http.ServerResponse, name)).toBe(false);
  },
);

it('a folder or a file that cannot be read for a moment is read later', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'page-files-'));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(folder, { recursive: true }));
  const [page, own] = [path.join(folder, 'page'), path.join(folder, 'page', 'own.css')];
  // A file in place of the folder, and then a folder in place of the file: reading fails, and not as if it were absent.
  await writeFile(page, '');
  const passing = createPageFiles(folder);
  const ask = () => passing.send({ req: { headers: {} } } as http.ServerResponse, 'own.css');
  await expect(ask()).rejects.toMatchObject({ code: 'ENOTDIR' });
  await rm(page);
  await mkdir(own, { recursive: true });
  await expect(ask()).rejects.toMatchObject({ code: 'EISDIR' });
  await rename(own, path.join(folder, 'away'));
  await writeFile(own, 'a {}');
  // It is found, and sent: this answer is too bare to take it.
  await expect(ask()).rejects.toThrow(TypeError);
  expect(String(await passing.read('own.css'))).toBe('a {}');
});

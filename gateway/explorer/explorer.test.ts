import { readFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExplorer } from './explorer.ts';

const explorer = createExplorer({ config: { production: false }, log: pino({ level: 'silent' }) });
const server = createServer((request, response) => void explorer.answer(response, request.url!));
let port: number;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());

/** Asks with Node's own client, which shows what was sent, and decodes nothing. */
function ask(name: string, headers: Record<string, string> = {}): Promise<{ message: IncomingMessage; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get({ port, path: name, headers }, async (message) => {
      const body = Buffer.concat(await message.toArray());
      resolve({ message, body });
    }).on('error', reject);
  });
}

it('everything that the page names is there, and nothing comes from elsewhere', async () => {
  const seen = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    if (seen.has(name)) return;
    seen.add(name);
    const { message, body } = await ask(name);
    expect([name, message.statusCode]).toEqual([name, 200]);
    if (/parts|client|worker/.test(name)) return;
    const text = body.toString();
    expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/["'(]https?:/);
    const names = [...text.matchAll(/(?:href|src|from|import)[= ]["']([^"']+\.\w+)["']/g)].map(([, one]) => one!);
    for (const one of names) await visit(new URL(one, `http://page${name}`).pathname);
  };
  await visit('/explorer/');
  const files = ['client.js', 'fill.js', 'icon.svg', 'own-styles.js', 'page.css', 'page.js', 'parts.css', 'parts.js'];
  expect([...seen].sort()).toEqual(['/explorer/', ...files.map((one) => `/explorer/${one}`)]);
  for (const worker of ['editor', 'json', 'graphql']) await visit(`/explorer/${worker}.worker.js`);
});

it('a browser that reads Brotli gets the parts as they lie, one that reads gzip gets that, and others get them unpacked', async () => {
  const packed = await ask('/explorer/parts.js', { 'accept-encoding': 'gzip, deflate, br' });
  expect(packed.message.headers['content-encoding']).toBe('br');
  expect(packed.body.equals(readFileSync(path.join(import.meta.dirname, 'built', 'parts.js.br')))).toBe(true);
  const zipped = await ask('/explorer/parts.js', { 'accept-encoding': 'gzip' });
  expect(zipped.message.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(zipped.body).equals(brotliDecompressSync(packed.body))).toBe(true);
  const plain = await ask('/explorer/parts.js', { 'accept-encoding': 'identity' });
  expect(plain.message.headers['content-encoding']).toBeUndefined();
  expect(plain.body.equals(brotliDecompressSync(packed.body))).toBe(true);
  const again = await ask('/explorer/parts.js', { 'if-none-match': plain.message.headers.etag! });
  expect([again.message.statusCode, again.body.length]).toEqual([304, 0]);
});

it('nothing but the files of the page is served', async () => {
  const names = ['../explorer.ts', 'built/parts.js.br', 'none.js', 'parts.js.br'];
  for (const name of names) expect((await ask(`/explorer/${name}`)).message.statusCode).toBe(404);
});

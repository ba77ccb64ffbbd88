import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createPageFiles } from './page-files.ts';

const TEXT = 'const a = 1;\n'.repeat(1_000);
const folder = mkdtempSync(path.join(tmpdir(), 'page-'));
for (const part of ['page', 'built']) mkdirSync(path.join(folder, part));
writeFileSync(path.join(folder, 'page', 'own.css'), 'a{}');
writeFileSync(path.join(folder, 'built', 'main.js.br'), brotliCompressSync(TEXT));
const files = createPageFiles(folder);

/** Asks for a file. @returns its body, undefined for none. */
async function ask(name: string, headers: Record<string, string> = {}): Promise<Buffer | undefined> {
  let sent: Buffer | undefined;
  const response = {
    req: { headers, method: 'GET' },
    setHeader: () => undefined,
    writeHead: () => undefined,
    end: (body: Buffer) => {
      sent = body;
    },
  };
  return (await files.send(response as unknown as ServerResponse, name)) ? sent : undefined;
}

it('a file is given as it is, or inflated for those who do not read Brotli', async () => {
  expect(String(await ask('own.css'))).toBe('a{}');
  expect(String(await ask('main.js'))).toBe(TEXT);
  expect(await ask('main.js', { 'accept-encoding': 'gzip, br' })).toEqual(brotliCompressSync(TEXT));
});

it('those who do not read what they asked for share one copy', async () => {
  const [first, second] = await Promise.all([ask('main.js'), ask('main.js')]);
  expect(first).toBe(second);
  expect(await ask('main.js')).toBe(first);
});

it.each(['none.js', 'main.js.br', '../page/own.css', 'own.css/../own.css', '__proto__', 'constructor.js', ''])(
  'there is no file of a made-up name: %j',
  async (name) => {
    expect(await ask(name)).toBeUndefined();
  },
);

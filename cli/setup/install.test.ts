import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import bringsNode from '../node/package.json' with { type: 'json' };

const { Installation } = await import(new URL('./install.mjs', import.meta.url).href);

const NAME = '@harbour/chart';

let clone: string;
let registry: Server;
let asked: string[];
let refusal: number;

/** What the registry has, by the path below its own. */
const shelf = new Map<string, Buffer | string>();

beforeEach(async () => {
  clone = await mkdtemp(path.join(tmpdir(), 'sextant-install-'));
  asked = [];
  refusal = 404;
  registry = createServer((request, response) => {
    const at = decodeURIComponent(request.url!).replace('/of/ours/', '');
    asked.push(at);
    const there = shelf.get(at);
    response.writeHead(there === undefined ? refusal : 200, { 'content-type': 'application/json' });
    response.end(there ?? '{}');
  }).listen(0, '127.0.0.1');
  await once(registry, 'listening');
  const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/of/ours`;
  vi.stubEnv('npm_config_registry', url);
  const tarball = await packed();
  vi.stubEnv('npm_config_cache', path.join(clone, 'cache'));
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  shelf.clear();
  shelf.set('elsewhere/chart.tgz', tarball);
  const dist = { tarball: `${url}/elsewhere/chart.tgz`, integrity };
  shelf.set(NAME, JSON.stringify({ name: NAME, versions: { '1.2.3': { name: NAME, version: '1.2.3', dist } } }));
  const own = { name: 'clone', version: '1.0.0', dependencies: { [NAME]: '1.2.3' } };
  const packages = { '': own, [`node_modules/${NAME}`]: { version: '1.2.3', integrity } };
  await write('package.json', own);
  await write('package-lock.json', { name: 'clone', version: '1.0.0', lockfileVersion: 3, requires: true, packages });
  await write('cli/node/package.json', bringsNode);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  registry.closeAllConnections();
  registry.close();
  await rm(clone, { recursive: true, force: true, maxRetries: 5 });
});

async function write(file: string, content: object): Promise<void> {
  await mkdir(path.dirname(path.join(clone, file)), { recursive: true });
  await writeFile(path.join(clone, file), JSON.stringify(content));
}

/** Returns a package as `npm publish` sends it. */
async function packed(): Promise<Buffer> {
  await write('source/package.json', { name: NAME, version: '1.2.3' });
  execFileSync('npm', ['pack', '--silent'], { cwd: path.join(clone, 'source') });
  return readFile(path.join(clone, 'source', 'harbour-chart-1.2.3.tgz'));
}

/** Runs npm as bootstrap.mjs does. */
async function prepare(_: string, file: string, args: string[], { mayFail = (_: string) => false } = {}) {
  const child = spawn(file, args, { cwd: clone, stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (piece: Buffer) => {
    output += piece.toString();
  });
  const [code] = await once(child, 'close');
  if (code !== 0 && !mayFail(output)) throw new Error(output);
  return code === 0;
}

const version = async (): Promise<string> =>
  JSON.parse(await readFile(path.join(clone, 'node_modules', NAME, 'package.json'), 'utf8')).version;

it('asks a registry for packages alone, where packages of registries are', async () => {
  shelf.set(`${NAME}/-/chart-1.2.3.tgz`, shelf.get('elsewhere/chart.tgz')!);
  await new Installation(clone, prepare).bring('running');
  expect(await version()).toBe('1.2.3');
  expect(asked).toEqual([`${NAME}/-/chart-1.2.3.tgz`]);
  expect(existsSync(path.join(clone, 'npm-shrinkwrap.json'))).toBe(false);
});

it.each([404, 403])(
  'asks a registry where its packages are, when it answers %i to where they usually are',
  async (status) => {
    refusal = status;
    await new Installation(clone, prepare).bring('running');
    expect(await version()).toBe('1.2.3');
    expect(asked).toContain('elsewhere/chart.tgz');
    expect(existsSync(path.join(clone, 'npm-shrinkwrap.json'))).toBe(false);
  },
);

it('says what npm says of a package that is nowhere', async () => {
  shelf.clear();
  await expect(new Installation(clone, prepare).bring('running')).rejects.toThrow(/E404.*chart/s);
  expect(existsSync(path.join(clone, 'npm-shrinkwrap.json'))).toBe(false);
});

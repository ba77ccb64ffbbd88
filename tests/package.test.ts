import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../cli/bundle.ts';
import { TestUser } from './testing/client.ts';
import { freePort } from './testing/sextant.ts';

const PATIENCE = { timeout: 200_000, interval: 100 };
const npmSetting = (name: string): string => execFileSync('npm', ['config', 'get', name], { encoding: 'utf8' }).trim();

let directory: string;
let tarball: string;
let env: Record<string, string>;
let running: ChildProcess | undefined;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sextant-package-'));
  await bundle(path.join(directory, 'dist'));
  const packed = execFileSync('npm', ['pack', './dist', '--json', '--loglevel=error'], { cwd: directory });
  tarball = path.join(directory, (JSON.parse(packed.toString()) as [{ filename: string }])[0].filename);
  env = {
    // The Node that runs the tests, and npm.
    PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH']}`,
    HOME: path.join(directory, 'home'),
    ...(process.env['NODE_EXTRA_CA_CERTS'] && { NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] }),
    npm_config_cache: npmSetting('cache'),
    // How this machine reaches the registry: a proxy, a certificate.
    npm_config_userconfig: npmSetting('userconfig'),
    npm_config_globalconfig: npmSetting('globalconfig'),
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    PORT: String(await freePort()),
    LOG_FORMAT: 'json',
    LLM_DISCOVERY: 'false',
  };
  await mkdir(env['HOME']!);
}, 240_000);
afterAll(async () => {
  if (running?.exitCode === null && running.signalCode === null) process.kill(-running.pid!, 'SIGKILL');
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

/** Types a command in a folder; resolves to what it prints, which grows. */
function type(folder: string, command: string, ...args: string[]): { readonly said: () => string } {
  let output = '';
  // A group of its own, as a terminal makes one: its Ctrl-C reaches all of it.
  running = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  for (const stream of [running.stdout!, running.stderr!]) stream.on('data', (piece) => (output += String(piece)));
  return { said: () => output };
}

/** Waits for the process that was started last; one that ends instead fails the test with what it said. */
const ready = (said: () => string) =>
  Promise.race([
    expect.poll(said, PATIENCE).toContain('"msg":"ready"'),
    once(running!, 'close').then(([code]) => Promise.reject(new Error(`it ended with ${code}: ${said()}`))),
  ]);

describe('the package', () => {
  it('can be published: a name, a licence, what it needs in exact versions, and nothing that is private', async () => {
    const manifest = JSON.parse(await readFile(path.join(directory, 'dist', 'package.json'), 'utf8')) as Record<
      string,
      never
    >;
    expect(manifest).toMatchObject({ name: 'sextant', license: 'MIT', engines: { node: '>=24' } });
    expect(manifest).not.toHaveProperty('private');
    for (const version of Object.values(manifest['dependencies']!)) expect(version).toMatch(/^\d+\.\d+\.\d+/);
    const listed = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).split('\n');
    for (const name of [
      'README.md',
      'LICENSE',
      'supergraph.yaml',
      'cli/sextant.js',
      'gateway/explorer/built/parts.js.br',
      'console/built/index.html.br',
      'gateway/rest/docs/built/viewer.js.br',
    ]) {
      expect(listed).toContain(`package/${name}`);
    }
    expect(listed.filter((name) => /node_modules|\.env|\.test\.|\.sextant/.test(name))).toEqual([]);
  });

  it('starts in an empty folder with one command, keeps its data there, answers, and ends in order', async () => {
    const folder = path.join(directory, 'empty');
    await mkdir(folder);
    const { said } = type(folder, 'npx', '--yes', `--package=${tarball}`, 'sextant', 'up', '--no-banner');
    await ready(said);
    const user = await TestUser.signUp(`http://127.0.0.1:${env['PORT']}`);
    await user.run('mutation { remember(input: { memories: [{ text: "North by west." }] }) { memories { id } } }');
    expect((await fetch(`http://127.0.0.1:${env['PORT']}/explorer/parts.js`)).status).toBe(200);
    const ended = once(running!, 'close');
    process.kill(-running!.pid!, 'SIGINT');
    await ended;
    expect(said()).toContain('"msg":"stopped"');
    // What a service manager starts is the program itself, whose end npx does not hide.
    const which = ['--yes', `--package=${tarball}`, '--call', 'which sextant'];
    const again = type(
      folder,
      execFileSync('npx', which, { cwd: folder, env, encoding: 'utf8' }).trim(),
      '--no-banner',
    );
    await ready(again.said);
    await new TestUser(`http://127.0.0.1:${env['PORT']}`, user.email).signIn();
    const end = once(running!, 'close');
    running!.kill('SIGTERM');
    expect((await end)[0]).toBe(0);
    expect(existsSync(path.join(folder, '.sextant', 'postgres'))).toBe(true);
    expect(existsSync(path.join(folder, 'node_modules'))).toBe(false);
  }, 300_000);
});

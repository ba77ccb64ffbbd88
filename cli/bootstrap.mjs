#!/usr/bin/env node
// Plain JavaScript for whatever Node is installed: brings the project's own Node and dependencies up to date, then hands
// over to them. `npm start` and `npm test` on a clean clone need nothing else.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const cache = path.join(root, 'node_modules', '.cache', 'sextant');
const node = path.join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const hash = (files) => {
  const sum = createHash('sha256');
  for (const file of files) sum.update(file).update(readFileSync(path.join(root, file)));
  return sum.digest('hex');
};
const stamp = (name) => path.join(cache, `${name}.stamp`);
const upToDate = (name, value) => existsSync(stamp(name)) && readFileSync(stamp(name), 'utf8') === value;
const remember = (name, value) => {
  mkdirSync(cache, { recursive: true });
  writeFileSync(stamp(name), value);
};

/** Runs a preparatory step quietly; what it printed is shown when it fails. */
function prepare(title, command, args, env = process.env) {
  process.stderr.write(`${title} …\n`);
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', env, shell: process.platform === 'win32' });
  if (result.status === 0) return;
  process.stderr.write(
    `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}\n${title} failed.\n`,
  );
  process.exit(result.status || 1);
}

function install() {
  const lock = hash(['package-lock.json']);
  if (existsSync(node) && upToDate('install', lock)) return;
  // NODE_ENV=production in the shell must not leave out what the tests and the code generators need.
  prepare('Installing dependencies (once, about a minute)', 'npm', [
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  remember('install', lock);
}

function generate() {
  const owners = readdirSync(path.join(root, 'prisma'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const sources = owners.flatMap(({ name }) => {
    const files = readdirSync(path.join(root, 'prisma', name), { recursive: true }).map(String);
    return files
      .filter((file) => /\.(prisma|sql)$/.test(file) && !file.startsWith('client'))
      .map((file) => `prisma/${name}/${file}`);
  });
  const explorer = ['app.css', 'app.jsx', 'build.ts'].map((file) => `gateway/explorer/${file}`);
  const value = hash(['package-lock.json', 'cli/generate.ts', ...explorer, ...sources.sort()]);
  const generated = owners.every(({ name }) => existsSync(path.join(root, 'prisma', name, 'client')));
  if (generated && upToDate('generate', value)) return;
  prepare('Preparing database clients', node, ['cli/generate.ts'], environment());
  remember('generate', value);
}

const environment = () => ({
  ...process.env,
  PATH: [
    path.join(root, 'node_modules', 'node', 'bin'),
    path.join(root, 'node_modules', '.bin'),
    process.env.PATH,
  ].join(path.delimiter),
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(cache, 'compiled'),
});

/** Hands over: signals of the terminal reach the child by themselves, those sent to this process are passed on. */
function handOver(command, args) {
  const child = spawn(command, args, { stdio: 'inherit', env: environment() });
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 128 + (signal === 'SIGKILL' ? 9 : 15) : (code ?? 1)));
}

/** Postgres is WebAssembly: optimised a fourth as early, what runs often is fast as soon, and starts are not spent on it. */
const FLAGS = ['--wasm-tiering-budget=50000000'];

install();
generate();
const [command = 'up', ...rest] = process.argv.slice(2);
// What Node keeps of compiled code is run by the next start: no other user may write it.
if (command !== 'run' && command !== 'generate') process.umask(0o077);
if (command === 'run') handOver(rest[0], rest.slice(1));
else if (command === 'dev')
  handOver(node, [
    ...FLAGS,
    '--watch-path=platform',
    '--watch-path=llm',
    '--watch-path=gateway',
    '--watch-path=subgraphs',
    '--watch-path=supergraph.yaml',
    path.join(root, 'cli', 'sextant.ts'),
    'up',
    ...rest,
  ]);
else if (command !== 'generate') handOver(node, [...FLAGS, path.join(root, 'cli', 'sextant.ts'), command, ...rest]);

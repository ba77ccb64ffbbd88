#!/usr/bin/env node
// Plain JavaScript for whatever Node is installed: brings the project's own Node and dependencies up to date, then
// hands over to them. `npm start` and `npm test` on a clean clone need nothing else.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
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

/** Commands that run until they are told to stop: that they were told is not a failure. */
const SERVING = new Set(['up', 'dev', 'serve', 'gateway']);
const [command = 'up', ...rest] = process.argv.slice(2);

let running;
let told;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    told = signal;
    running?.kill(signal);
  });
}

/** Runs another process and passes signals on to it. Resolves to how it ended: its exit code, or a signal. */
function run(file, args, options) {
  return new Promise((resolve) => {
    running = spawn(file, args, options);
    running.stdout?.on('data', options.heard);
    running.stderr?.on('data', options.heard);
    running.on('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve({ code: 1 });
    });
    running.on('close', (code, signal) => {
      running = undefined;
      resolve({ code, signal });
    });
  });
}

/** Ends as what ran. */
const end = ({ code, signal }) =>
  process.exit(code ?? (signal === told && SERVING.has(command) ? 0 : 128 + constants.signals[signal]));

/** Runs a preparatory step quietly; what it printed is shown when it fails. */
async function prepare(title, file, args, env = process.env) {
  process.stderr.write(`${title} …\n`);
  let output = '';
  const heard = (piece) => {
    output += piece;
  };
  const stdio = ['ignore', 'pipe', 'pipe'];
  const { code, signal } = await run(file, args, { cwd: root, env, stdio, heard, shell: process.platform === 'win32' });
  if (told) end({ signal: told });
  if (code === 0) return;
  process.stderr.write(`${output}\n${title} failed.\n`);
  end({ code: code || 1, signal });
}

async function install() {
  const lock = hash(['package-lock.json']);
  if (existsSync(node) && upToDate('install', lock)) return;
  // NODE_ENV=production in the shell must not leave out what the tests and the code generators need.
  await prepare('Installing dependencies (once, about a minute)', 'npm', [
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  remember('install', lock);
}

async function generate() {
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
  await prepare('Preparing database clients', node, ['cli/generate.ts'], environment());
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

/** Hands over to the project's own Node. */
const handOver = async (file, args) => end(await run(file, args, { stdio: 'inherit', env: environment() }));

/**
 * Postgres is WebAssembly: optimised a fourth as early, what runs often is fast as soon, and starts are not spent on
 * it.
 */
const FLAGS = ['--wasm-tiering-budget=50000000'];
const WATCHED = ['platform', 'llm', 'gateway', 'subgraphs', 'supergraph.yaml'];

await install();
await generate();
if (told) end({ signal: told });
// What Node keeps of compiled code is run by the next start: no other user may write it.
if (command !== 'run' && command !== 'generate') process.umask(0o077);
const sextant = path.join(root, 'cli', 'sextant.ts');
if (command === 'run') await handOver(rest[0], rest.slice(1));
else if (command === 'dev') {
  const watched = WATCHED.map((name) => `--watch-path=${path.join(root, name)}`);
  await handOver(node, [...FLAGS, ...watched, sextant, 'up', ...rest]);
} else if (command !== 'generate') await handOver(node, [...FLAGS, sextant, command, ...rest]);

#!/usr/bin/env node
// Plain JavaScript for whatever Node is installed: brings the dependencies that a command needs up to date, and Node
// where the installed one is too old, then hands over. `npm start` and `npm test` on a clean clone need nothing else.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Installation } from './setup/install.mjs';
import { node } from './setup/node.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Commands that run until they are told to stop: that they were told is not a failure. */
const SERVING = new Set(['up', 'dev', 'serve', 'gateway']);
/** Commands that work on the sources. */
const DEVELOPING = new Set(['dev', 'run', 'generate']);
const [command = 'up', ...rest] = process.argv.slice(2);

let running;
let told;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    told = signal;
    if (running) running.kill(signal);
    else end({ signal });
  });
}

/** Runs another process and passes signals on to it. Resolves to how it ended: its exit code, or a signal. */
function run(file, args, { heard, started, ...options }) {
  return new Promise((resolve) => {
    running = spawn(file, args, options);
    if (running.pid !== undefined) started?.(running.pid);
    running.stdout?.on('data', heard);
    running.stderr?.on('data', heard);
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

/** Runs a preparatory step quietly, and returns whether it succeeded. What it printed is shown when it may not fail. */
async function prepare(title, file, args, { started, mayFail = () => false } = {}) {
  process.stderr.write(`${title} …\n`);
  let output = '';
  const heard = (piece) => {
    output += piece;
  };
  const stdio = ['ignore', 'pipe', 'pipe'];
  const shell = process.platform === 'win32' && file === 'npm';
  const { code, signal } = await run(file, args, { cwd: root, stdio, shell, heard, started });
  if (told) end({ signal: told });
  if (code === 0) return true;
  if (mayFail(output)) return false;
  process.stderr.write(`${output}\n${title} failed.\n`);
  end({ code: code || 1, signal });
}

/** Threads share two arenas of malloc: with one for each, their free memory comes to a hundred MB. */
const environment = () => ({
  MALLOC_ARENA_MAX: '2',
  ...process.env,
  PATH: [path.dirname(node), path.join(root, 'node_modules', '.bin'), process.env.PATH].join(path.delimiter),
  NODE_COMPILE_CACHE:
    process.env.NODE_COMPILE_CACHE ?? path.join(root, 'node_modules', '.cache', 'sextant', 'compiled'),
});

/** Hands over to the Node that runs the product. */
const handOver = async (file, args) => end(await run(file, args, { stdio: 'inherit', env: environment() }));

/**
 * Postgres is WebAssembly: optimised a fourth as early, what runs often is fast as soon, and starts are not spent on
 * it.
 */
const FLAGS = ['--wasm-tiering-budget=50000000'];
const WATCHED = ['platform', 'retrieval', 'llm', 'gateway', 'subgraphs', 'cli', 'supergraph.yaml'];

await new Installation(root, prepare).bring(DEVELOPING.has(command) ? 'development' : 'running');
if (told) end({ signal: told });
// What Node keeps of compiled code is run by the next start: no other user may write it.
if (command !== 'run' && command !== 'generate') process.umask(0o077);
const sextant = path.join(root, 'cli', 'sextant.ts');
if (command === 'run') await handOver(rest[0], rest.slice(1));
else if (command === 'dev') {
  const watched = WATCHED.map((name) => `--watch-path=${path.join(root, name)}`);
  await handOver(node, [...FLAGS, ...watched, sextant, 'up', ...rest]);
} else if (command !== 'generate') await handOver(node, [...FLAGS, sextant, command, ...rest]);

#!/usr/bin/env node
// The bundle's entry. Runs the product's code with what V8 compiled of it at an earlier start.
//
// Node keeps compiled code too (and does for the packages beside the bundle), but as it is when a module is loaded:
// without the functions, which are compiled when they are first called. That is most of them, and a quarter of the
// start.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { beginWithLittleMemory } from './serving/little-memory.ts';

/** The files of the code, whose names tell their contents apart from those of other builds. */
declare const CODE: {
  readonly all: string;
  readonly gateway: string;
  readonly serve: Readonly<Record<string, string | undefined>>;
};

/** The file of the embedded database's thread. */
declare const DATABASE_THREAD: string;

const LEAST_NODE = 24;
if (Number.parseInt(process.versions.node, 10) < LEAST_NODE) {
  process.stderr.write(
    `Sextant needs Node ${LEAST_NODE}; this is ${process.versions.node}. Install it from https://nodejs.org and try again.\n`,
  );
  process.exit(1);
}

const command = process.argv.slice(2).find((word) => /^[a-z]+$/.test(word)) ?? 'up';
// Before anything is loaded that would be loaded twice.
if (command === 'up') beginWithLittleMemory();

/** By then the first operations have been compiled as well. */
const COMPILED_AFTER_MS = 10_000;

// Postgres is WebAssembly: compiled for speed a fourth as early, what runs often is fast as soon, and a start is not
// spent on optimising what runs only then. Before anything is compiled: compiled code is kept for the flags that it was
// made with.
setFlagsFromString('--wasm-tiering-budget=50000000');
// Where this process was given less for its new objects, as in the image, its threads would take as much: they have
// limits of their own, smaller ones.
setFlagsFromString('--max-semi-space-size=0');

// As cli/sextant.ts does for what it writes, and before the first file: what is compiled here is run by the next start.
process.umask(0o077);

const folder = process.env['NODE_COMPILE_CACHE'] ?? path.join(import.meta.dirname, 'compiled');
enableCompileCache(folder);

if (command === 'up' && !process.env['DATABASE_URL'] && !process.env['DATABASE_URL_FILE']) {
  // It takes the longest of all, so it begins before the code is loaded that will use it (see embedded-postgres.ts).
  const thread = new Worker(path.join(import.meta.dirname, DATABASE_THREAD));
  thread.unref();
  Object.assign(globalThis, { [Symbol.for('sextant.database')]: thread });
}

const subgraph = command === 'serve' ? process.argv[process.argv.indexOf(command) + 1] : undefined;
// Apollo's own executor is in the file of the whole.
const isGateway = command === 'health' || (command === 'gateway' && process.env['GATEWAY_ENGINE'] !== 'stock');
const own = isGateway
  ? CODE.gateway
  : subgraph !== undefined && Object.hasOwn(CODE.serve, subgraph) && CODE.serve[subgraph];
const file = path.join(import.meta.dirname, own || CODE.all);
/** Each command needs functions of its own. */
const kept = path.join(folder, `${path.basename(file, '.cjs')}-${process.version}-${command}`);

/** A file is its contents after their checksum: V8 does not check what it is given. */
function read(name: string): Buffer | undefined {
  try {
    const bytes = readFileSync(name);
    const compiled = bytes.subarray(4);
    return bytes.readUInt32LE(0) === crc32(compiled) ? compiled : undefined;
  } catch {
    return undefined;
  }
}

function write(compiled: Buffer): void {
  const partial = `${kept}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(crc32(compiled));
    const descriptor = openSync(partial, 'w');
    for (const bytes of [checksum, compiled]) writeSync(descriptor, bytes);
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(partial, kept);
  } catch {
    // A folder that cannot be written to makes the next start slower, and nothing else.
    try {
      rmSync(partial, { force: true });
    } catch {
      // Nor may this user look into it.
    }
  }
}

const cachedData = read(kept);
const script = new Script(readFileSync(file, 'latin1'), { filename: file, ...(cachedData && { cachedData }) });
if (cachedData === undefined || script.cachedDataRejected === true) {
  let isWritten = false;
  const keep = () => {
    if (!isWritten) write(script.createCachedData());
    isWritten = true;
  };
  setTimeout(keep, COMPILED_AFTER_MS).unref();
  process.once('exit', keep);
}
script.runInThisContext()(createRequire(file), file, path.dirname(file));

// The bundle's entry. Runs the product's code with what V8 compiled of it at an earlier start.
//
// Node keeps compiled code too (and does for the packages beside the bundle), but as it is when a module is loaded: without
// the functions, which are compiled when they are first called. That is most of them, and a quarter of the start.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** The file of the code, whose name tells its contents apart from those of other builds. */
declare const CODE: string;

/** By then the first operations have been compiled as well. */
const COMPILED_AFTER_MS = 10_000;

const folder = process.env['NODE_COMPILE_CACHE'] ?? path.join(import.meta.dirname, 'compiled');
enableCompileCache(folder);

const file = path.join(import.meta.dirname, CODE);
const [command = 'up', subject = ''] = process.argv.slice(2).filter((word) => /^[a-z]+$/.test(word));
const kept = (name: string): string => path.join(folder, `${path.basename(CODE, '.cjs')}-${process.version}-${name}`);
const own = kept(command === 'serve' ? `${command}-${subject}` : command);

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

function write(name: string, compiled: Buffer): void {
  const partial = `${name}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(crc32(compiled));
    const descriptor = openSync(partial, 'w');
    for (const bytes of [checksum, compiled]) writeSync(descriptor, bytes);
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(partial, name);
  } catch {
    // A folder that cannot be written to makes the next start slower, and nothing else.
    rmSync(partial, { force: true });
  }
}

const ownCompiled = read(own);
const cachedData = ownCompiled ?? read(kept('up'));
const script = new Script(
  `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`,
  {
    filename: file,
    ...(cachedData && { cachedData }),
  },
);
if (ownCompiled === undefined || script.cachedDataRejected === true) {
  let isKept = false;
  const keep = () => {
    if (!isKept) write(own, script.createCachedData());
    isKept = true;
  };
  setTimeout(keep, COMPILED_AFTER_MS).unref();
  process.once('exit', keep);
}
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(file), module, file, path.dirname(file));

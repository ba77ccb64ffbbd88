// The thread that Postgres runs in. It prepares what needs no folder before it is told which to open.
import { constants, cpSync, existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { hasLittleMemory } from '../../base/config/available-memory.ts';
import { closeFolder } from '../../base/files/private-files.ts';
import { DataFilesystem } from './data-filesystem.ts';
import { type Packet, pack, unpack } from './embedded-messages.ts';
import type { EmbeddedServer, FromThread, ToThread } from './embedded-postgres.ts';
import { EmbeddedSession } from './embedded-session.ts';
import { LogSync } from './log-sync.ts';
import { keepParserSmall } from './small-parser.ts';

/**
 * What Postgres keeps pages in, which it clears at every start. Pages that it drops are still in the cache of the
 * operating system; its default of 128 MB costs a tenth of the start and as much memory.
 */
const SHARED_BUFFERS = hasLittleMemory() ? '12MB' : '32MB';

/** PGlite asks for the names of array types to parse values; here the driver does that. */
class Server extends PGlite {
  override async _initArrayTypes(): Promise<void> {}
}

const pgliteWasmModule = await WebAssembly.compile(
  await readFile(new URL('./pglite.wasm', import.meta.resolve('@electric-sql/pglite'))),
);

async function open({ directory, template }: EmbeddedServer, log: LogSync | undefined): Promise<PGlite> {
  const parameters = [...PGlite.defaultStartParams, '-c', `shared_buffers=${SHARED_BUFFERS}`];
  if (directory !== undefined && !existsSync(directory)) await makeFolder(directory, template);
  using _ = keepParserSmall();
  const server = new Server({
    pgliteWasmModule,
    ...(directory !== undefined && { fs: new DataFilesystem(directory, log) }),
    startParams:
      directory !== undefined && log
        ? [...parameters.filter((one) => one !== '-F'), '-c', 'wal_sync_method=fsync']
        : parameters,
  });
  await server.waitReady;
  return server;
}

/** Copies beside the target and renames, so that a process killed meanwhile leaves no half database. */
async function makeFolder(directory: string, template: string | undefined): Promise<void> {
  if (template === undefined || !existsSync(template)) {
    await mkdir(directory, { recursive: true });
    return;
  }
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(path.dirname(directory), { recursive: true });
  await cp(template, partial, { recursive: true });
  // A copy has the modes of the template, which was made when the product was installed.
  await closeFolder(partial);
  await rename(partial, directory);
}

const port = parentPort as MessagePort;
const tell = (message: FromThread, transfer?: ArrayBuffer[]) => port.postMessage(message, transfer);

let session: EmbeddedSession | undefined;
let db: PGlite | undefined;
let folder: string | undefined;

port.on('message', async (message: ToThread) => {
  if (message === 'close') {
    await db?.close();
    process.exit();
  }
  if ('durable' in message) {
    const log = message.durable ? new LogSync(message.syncs) : undefined;
    db = await open(message, log);
    folder = message.directory;
    session = new EmbeddedSession(db, answer, broken, log);
    tell('open');
    return;
  }
  if ('copyTo' in message) return copyTo(message.copyTo);
  if (session === undefined) return;
  for (const [connection, bytes] of unpack(message)) {
    if (bytes === null) session.release(connection);
    else session.write(connection, bytes);
  }
  session.run();
});

/** Copies the folder at once: nothing else is done by this thread, so no file changes. */
function copyTo(target: string): void {
  let problem: string | undefined;
  try {
    if (folder === undefined) throw new Error('it is in memory');
    cpSync(folder, target, { recursive: true, errorOnExist: true, force: false, mode: constants.COPYFILE_FICLONE });
  } catch (error) {
    problem = (error as Error).message;
  }
  tell({ copied: target, problem });
}

function answer(answers: readonly Packet[]): void {
  const message = pack(answers);
  tell(message, [message.bytes.buffer]);
}

/** The thread ends, and with it all connections. The next one finds a new thread, which recovers as after a crash. */
function broken(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

import { existsSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Logger } from '#platform/base/log/log.ts';
import { CommandError } from '../report.ts';

/** The things that a command may ask of the process that has the data folder. */
export interface ControlHandlers {
  /**
   * Copies the embedded database. What it returns is deleted when the command ends, however it ends.
   *
   * @returns the folder of the copy.
   */
  snapshot(): Promise<{ readonly folder: string; delete(): Promise<void> }>;
}

/** The address of a socket may have this many bytes. */
const MAX_ADDRESS_BYTES = 100;

/** Where the process that has the data folder listens: a file that its user alone may open. */
const socketOf = (dataDir: string): string => path.join(dataDir, 'control.sock');

/** Listens to commands of the same user. Undefined where the folder's path is too long for a socket. */
export async function serveControl(
  dataDir: string,
  handlers: ControlHandlers,
  log: Logger,
): Promise<AsyncDisposable | undefined> {
  const file = socketOf(dataDir);
  if (Buffer.byteLength(file) > MAX_ADDRESS_BYTES) {
    log.warn({ file }, 'the path of the data folder is too long for a socket: a backup needs a stop');
    return undefined;
  }
  // The lock of the folder says that what another process left here is dead.
  rmSync(file, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A command that ends in the middle is told by `close`.
    socket.on('error', () => {});
    void answer(socket, handlers, log);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(file, resolve));
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(socket: Socket, handlers: ControlHandlers, log: Logger): Promise<void> {
  const ended = new Promise((resolve) => socket.once('close', resolve));
  try {
    for await (const line of createInterface({ input: socket })) {
      if (line !== 'snapshot') throw new Error('only `snapshot` is understood');
      const snapshot = await handlers.snapshot();
      socket.write(`${JSON.stringify({ folder: snapshot.folder })}\n`);
      await ended;
      await snapshot.delete();
      return;
    }
  } catch (error) {
    log.warn({ err: error }, 'a command could not be answered');
    socket.end(`${JSON.stringify({ problem: (error as Error).message })}\n`);
  }
}

/**
 * Asks the running process for a copy of its database, which is there until this is disposed.
 *
 * @throws {CommandError} where the process does not listen, or cannot.
 */
export async function askSnapshot(dataDir: string): Promise<{ readonly folder: string } & Disposable> {
  const file = socketOf(dataDir);
  if (!existsSync(file))
    throw new CommandError(`The Sextant that uses ${dataDir} takes no commands: stop it, then try again.`);
  const socket = connect(file);
  const line = await new Promise<string>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('it ended the connection')));
    createInterface({ input: socket }).once('line', resolve);
    socket.write('snapshot\n');
  }).catch((error: Error) => {
    throw new CommandError(
      `The Sextant that uses ${dataDir} does not answer (${error.message}): stop it, then try again.`,
    );
  });
  const { folder, problem } = JSON.parse(line) as { folder?: string; problem?: string };
  if (folder === undefined) throw new CommandError(`The running Sextant could not copy its database: ${problem}`);
  return { folder, [Symbol.dispose]: () => socket.destroy() };
}

import { fsyncSync } from 'node:fs';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import type { LogSync } from './log-sync.ts';

interface Stream {
  readonly nfd: number;
  /** Of the file within the database's own file system. */
  readonly path: string;
}

/** The parts of Emscripten's file system that are changed here. */
interface NodeFileSystem {
  readonly node_ops: {
    setattr(node: unknown, attributes: { mode?: number; size?: number }): void;
    rename(...args: unknown[]): void;
    unlink(...args: unknown[]): void;
    rmdir(...args: unknown[]): void;
  };
  readonly stream_ops: {
    fsync(stream: Stream): number;
    write(stream: Stream, ...args: unknown[]): number;
    close(stream: Stream): void;
    setattr(stream: Stream, attributes: { size?: number }): void;
  };
}

/**
 * The folder of PGlite on disk, as Postgres means it:
 * - Files are their owner's alone. Emscripten sets the mode of each file that it makes, to 0666, past the umask.
 * - Durable, an fsync reaches the disk. PGlite's own is a no-op, so a commit would survive a killed process but not a
 *   power cut. Belongs with the start parameters without `-F` and with `wal_sync_method=fsync`. That of the log is put
 *   off until something depends on it: every other change of the folder waits for it here, the session's answers in
 *   EmbeddedSession.
 */
export class DataFilesystem extends NodeFS {
  readonly #log: LogSync | undefined;

  /** @param log what makes the log durable; undefined where nothing has to be. */
  constructor(directory: string, log: LogSync | undefined) {
    super(directory);
    this.#log = log;
  }

  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const result = await super.init(...args);
    result.emscriptenOpts.preRun?.push((module) => {
      const files = module.FS.filesystems.NODEFS as unknown as NodeFileSystem;
      keepPrivate(files);
      if (this.#log) makeDurable(files, this.#log);
    });
    return result;
  }
}

function keepPrivate({ node_ops }: NodeFileSystem): void {
  const { setattr } = node_ops;
  node_ops.setattr = (node, attributes) =>
    setattr(node, attributes.mode == null ? attributes : { ...attributes, mode: attributes.mode & ~0o077 });
}

const isLog = ({ path }: Stream): boolean => path.includes('/pg_wal/');

function makeDurable({ node_ops, stream_ops }: NodeFileSystem, log: LogSync): void {
  const { write, close } = stream_ops;
  stream_ops.fsync = (stream) => {
    if (isLog(stream)) log.ask(stream.nfd);
    else {
      log.now();
      fsyncSync(stream.nfd);
    }
    return 0;
  };
  stream_ops.write = (stream, ...args) => {
    if (log.pending && !isLog(stream)) log.now();
    return write(stream, ...args);
  };
  stream_ops.close = (stream) => {
    log.closing(stream.nfd);
    close(stream);
  };
  const afterLog =
    <Args extends unknown[]>(change: (...args: Args) => void) =>
    (...args: Args): void => {
      log.now();
      change(...args);
    };
  node_ops.rename = afterLog(node_ops.rename);
  node_ops.unlink = afterLog(node_ops.unlink);
  node_ops.rmdir = afterLog(node_ops.rmdir);
  node_ops.setattr = afterLog(node_ops.setattr);
  stream_ops.setattr = afterLog(stream_ops.setattr);
}

import { fsyncSync } from 'node:fs';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** The parts of Emscripten's file system that are changed here. */
interface NodeFileSystem {
  readonly node_ops: { setattr(node: unknown, attributes: { mode?: number }): void };
  readonly stream_ops: { fsync(stream: { nfd: number }): number };
}

/**
 * The folder of PGlite on disk, as Postgres means it:
 * - Files are their owner's alone. Emscripten sets the mode of each file that it makes, to 0666, past the umask.
 * - Durable, an fsync reaches the disk. PGlite's own is a no-op, so a commit would survive a killed process but not a
 *   power cut. Belongs with the start parameters without `-F` and with `wal_sync_method=fsync`.
 */
export class DataFilesystem extends NodeFS {
  readonly #durable: boolean;

  constructor(directory: string, durable: boolean) {
    super(directory);
    this.#durable = durable;
  }

  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const result = await super.init(...args);
    result.emscriptenOpts.preRun?.push((module) => {
      const { node_ops, stream_ops } = module.FS.filesystems.NODEFS as unknown as NodeFileSystem;
      const { setattr } = node_ops;
      node_ops.setattr = (node, attributes) =>
        setattr(node, attributes.mode == null ? attributes : { ...attributes, mode: attributes.mode & ~0o077 });
      if (!this.#durable) return;
      stream_ops.fsync = (stream) => {
        fsyncSync(stream.nfd);
        return 0;
      };
    });
    return result;
  }
}

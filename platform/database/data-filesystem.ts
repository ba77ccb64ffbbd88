import { fsyncSync } from 'node:fs';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/**
 * PGlite's folder on disk with an fsync that reaches the disk. Its own is a no-op, so a commit would survive a killed
 * process but not a power cut. Belongs with the start parameters without `-F` and with `wal_sync_method=fsync`.
 */
export class DurableFilesystem extends NodeFS {
  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const result = await super.init(...args);
    result.emscriptenOpts.preRun?.push((module) => {
      const nodefs = module.FS.filesystems.NODEFS as unknown as {
        stream_ops: { fsync(stream: { nfd: number }): number };
      };
      nodefs.stream_ops.fsync = (stream) => {
        fsyncSync(stream.nfd);
        return 0;
      };
    });
    return result;
  }
}

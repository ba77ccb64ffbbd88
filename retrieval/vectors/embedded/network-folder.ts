import { statfs } from 'node:fs/promises';
import path from 'node:path';

/** What statfs(2) calls file systems that several machines mount, by their magic numbers. */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x7461636f, 'OCFS2'],
  [0x01161970, 'GFS2'],
  [0x5346414f, 'AFS'],
]);

/** Returns the name of a network file system, or undefined for those of one machine. */
export const networkName = (magic: number): string | undefined => NETWORK.get(magic >>> 0);

/**
 * Refuses a folder that several machines may mount: SQLite's write-ahead log is shared through memory, which they have
 * not in common, and what one of them writes another one would overwrite.
 *
 * @param folder which need not exist yet.
 * @throws {Error} one line that says what to do.
 */
export async function refuseNetworkFolder(folder: string): Promise<void> {
  const name = networkName(await magicOf(folder));
  if (name !== undefined) {
    throw new Error(
      `SEXTANT_DIR lies on ${name}, on which the embedded vector store would be damaged: set WEAVIATE_URL, or a folder of this machine.`,
    );
  }
}

async function magicOf(folder: string): Promise<number> {
  try {
    return (await statfs(folder)).type;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return magicOf(path.dirname(folder));
  }
}

import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ControlHandlers } from './control.ts';

const FOLDER = 'snapshots';

/**
 * Returns where a copy of the embedded database lies while a backup reads it: on the same file system, so it may share
 * blocks.
 */
export const snapshotFolder = (dataDir: string, name: string): string => path.join(dataDir, FOLDER, name);

/** Makes copies of the embedded database on request. What an earlier process left is deleted. */
export async function snapshotsOf(
  dataDir: string,
  copyTo: (folder: string) => Promise<void>,
): Promise<ControlHandlers> {
  await rm(path.join(dataDir, FOLDER), { recursive: true, force: true });
  return {
    async snapshot() {
      const folder = snapshotFolder(dataDir, randomUUID());
      await mkdir(path.dirname(folder), { recursive: true });
      const remove = () => rm(folder, { recursive: true, force: true });
      try {
        await copyTo(folder);
      } catch (error) {
        await remove();
        throw error;
      }
      return { folder, delete: remove };
    },
  };
}

import { statfs } from 'node:fs/promises';

/** Below this, in bytes, the next files of a database (16 MiB of log each) do not fit. */
const MIN_ROOM = 32 * 1024 * 1024;

/** Says why a folder's disk takes no more data for long, or undefined when it does. For /health. */
export async function lackOfRoom(folder: string): Promise<string | undefined> {
  const { bavail, bsize } = await statfs(folder);
  const room = bavail * bsize;
  if (room >= MIN_ROOM) return undefined;
  return `the disk of ${folder} is full: ${Math.floor(room / 1024 ** 2)} MiB are left, ${MIN_ROOM / 1024 ** 2} are needed`;
}

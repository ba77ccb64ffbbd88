import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { guarded } from '#platform/base/faults/guarded.ts';

/** Editors write a file in several steps; this long after the last one it is looked at, in milliseconds. */
const SETTLE_MS = 100;
/** What no watcher tells is found by a look this often: a folder that was made again, or a network's file system. */
const LOOK_MS = 2_000;
const GUARD = { where: 'watched files' };

export interface FileWatcher {
  /** Watches these files from now on, instead of those before. */
  follow(files: readonly string[]): Promise<void>;
  close(): void;
}

/**
 * Calls back when one of some files has changed: when it was written, replaced, or when a link on the way to it was
 * swapped, as Kubernetes does with a ConfigMap. Folders are watched, not files: an editor that replaces a file would
 * leave a watcher on the old one.
 */
export function watchFiles(changed: () => void): FileWatcher {
  const folders = new Map<string, FSWatcher>();
  let files: readonly string[] = [];
  let seen = '';
  let isClosed = false;
  let settling: NodeJS.Timeout | undefined;
  const looking = setInterval(guarded(GUARD, look), LOOK_MS).unref();

  async function look(): Promise<void> {
    const now = await fingerprint(files);
    if (isClosed || now === seen) return;
    seen = now;
    changed();
  }

  function settle(): void {
    clearTimeout(settling);
    settling = setTimeout(guarded(GUARD, look), SETTLE_MS).unref();
  }

  return {
    async follow(next) {
      if (isClosed) return;
      files = next;
      seen = await fingerprint(files);
      const wanted = new Set(files.map((file) => path.dirname(file)));
      for (const [folder, watcher] of folders) {
        if (wanted.has(folder)) continue;
        watcher.close();
        folders.delete(folder);
      }
      for (const folder of wanted) {
        if (folders.has(folder) || isClosed) continue;
        try {
          const watcher = watch(folder, { persistent: false }, settle);
          // A folder that disappears, or that cannot be watched: the looks go on.
          watcher.on('error', () => {
            watcher.close();
            folders.delete(folder);
          });
          folders.set(folder, watcher);
        } catch {
          // The same.
        }
      }
    },
    close() {
      isClosed = true;
      clearTimeout(settling);
      clearInterval(looking);
      for (const watcher of folders.values()) watcher.close();
    },
  };
}

/** A text that is another when one of the files is. */
async function fingerprint(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    files.map(async (file) => {
      try {
        const [target, { ino, size, mtimeNs }] = await Promise.all([realpath(file), stat(file, { bigint: true })]);
        return `${target} ${ino} ${size} ${mtimeNs}`;
      } catch {
        return 'missing';
      }
    }),
  );
  return parts.join('\n');
}

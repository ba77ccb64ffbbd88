import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { guarded } from '#platform/base/faults/guarded.ts';

/** Editors write a file in several steps; this long after the last one it is looked at, in milliseconds. */
const SETTLE_MS = 100;
/** What no watcher tells is found by a look this often: a folder that was made again, or a network's file system. */
const LOOK_MS = 2_000;
const GUARD = { where: 'watched files' };

/** The state of the files that were watched when reading began. */
export interface FileMark {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly states: ReadonlyMap<string, string>;
}

export interface FileWatcher {
  /** Notes the state of the files, before they are read. */
  mark(): Promise<FileMark>;
  /** Watches these files from now on, instead of those before. What has changed since the mark counts as a change. */
  follow(files: readonly string[], mark: FileMark): Promise<void>;
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
    const now = (await statesOf(files)).join('\n');
    if (isClosed || now === seen) return;
    seen = now;
    changed();
  }

  function settle(): void {
    clearTimeout(settling);
    settling = setTimeout(guarded(GUARD, look), SETTLE_MS).unref();
  }

  return {
    async mark() {
      const at = Date.now();
      const marked = files;
      const states = await statesOf(marked);
      return { at, states: new Map(marked.map((file, n) => [file, states[n]!])) };
    },
    async follow(next, { at, states }) {
      if (isClosed) return;
      files = next;
      const now = await statesOf(files, at);
      seen = files.map((file, n) => states.get(file) ?? now[n]).join('\n');
      settle();
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

/**
 * Returns a text for each file, which is another when the file is.
 *
 * @param since what was written later has no state yet, as nothing tells whether it was read before or after.
 */
function statesOf(files: readonly string[], since = Number.POSITIVE_INFINITY): Promise<string[]> {
  return Promise.all(
    files.map(async (file) => {
      try {
        const [target, { ino, size, mtimeNs, mtimeMs }] = await Promise.all([
          realpath(file),
          stat(file, { bigint: true }),
        ]);
        return Number(mtimeMs) > since ? 'unread' : `${target} ${ino} ${size} ${mtimeNs}`;
      } catch {
        return 'missing';
      }
    }),
  );
}

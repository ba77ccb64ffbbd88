import { type FSWatcher, watch } from 'node:fs';
import path from 'node:path';
import { SupergraphError } from './error.ts';
import { type LoadedSupergraph, loadSupergraph, type Supergraph, type SupergraphFile } from './supergraph.ts';

/** Editors write a file in several steps; this long after the last one it is read, in milliseconds. */
const SETTLE_MS = 100;

export interface SupergraphWatcher {
  /** The newest one that could be loaded. */
  readonly current: Supergraph;
  /** Loads again now, e.g. on SIGHUP. Resolves to whether there is a new supergraph. */
  reload(): Promise<boolean>;
  close(): void;
}

export interface WatchEvents {
  /** A changed supergraph; it becomes `current` when this has resolved, so that it can be warmed first. */
  changed(next: Supergraph): void | Promise<void>;
  /** The files hold no usable supergraph: the last good one stays. */
  broken(error: SupergraphError): void;
}

/**
 * Loads a supergraph file and follows its changes, those of the subgraph schemas that it names included.
 *
 * @throws {SupergraphError} when there is no good supergraph to begin with.
 */
export async function watchSupergraph(
  source: SupergraphFile,
  events: WatchEvents,
  env: Record<string, string | undefined> = process.env,
): Promise<SupergraphWatcher> {
  let current: LoadedSupergraph = await loadSupergraph(source, env);
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<boolean> = Promise.resolve(false);
  let folders = new Map<string, FSWatcher>();

  /** Folders, not files: an editor that replaces a file would leave a watcher on the old one. */
  function follow(files: readonly string[]): void {
    const wanted = new Set(files.map((f) => path.dirname(f)));
    for (const [folder, watcher] of folders) if (!wanted.has(folder)) watcher.close();
    folders = new Map(
      [...wanted].map((folder) => {
        const existing = folders.get(folder);
        if (existing) return [folder, existing];
        const watcher = watch(folder, { persistent: false }, (_, name) => {
          if (name !== null && !current.files.includes(path.join(folder, name))) return;
          clearTimeout(timer);
          timer = setTimeout(() => void reload(), SETTLE_MS).unref();
        });
        // A folder that disappears is seen at the next reload; the last good supergraph stays.
        watcher.on('error', () => watcher.close());
        return [folder, watcher];
      }),
    );
  }

  async function load(): Promise<boolean> {
    if (closed) return false;
    try {
      const next = await loadSupergraph(source, env);
      if (closed) return false;
      const changed = next.id !== current.id;
      if (changed) await events.changed(next);
      current = next;
      follow(next.files);
      return changed;
    } catch (error) {
      events.broken(error instanceof SupergraphError ? error : new SupergraphError([String(error)]));
      return false;
    }
  }

  function reload(): Promise<boolean> {
    running = running.then(load);
    return running;
  }

  follow(current.files);
  return {
    get current() {
      return current;
    },
    reload,
    close() {
      closed = true;
      clearTimeout(timer);
      for (const watcher of folders.values()) watcher.close();
    },
  };
}

import { watchFiles } from '../settings/watch-files.ts';
import { SupergraphError } from './error.ts';
import { type LoadedSupergraph, loadSupergraph, type Supergraph, type SupergraphFile } from './supergraph.ts';

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
  let closed = false;
  let running: Promise<boolean> = Promise.resolve(false);
  const files = watchFiles(() => void reload());
  const begun = await files.mark();
  let current: LoadedSupergraph;
  try {
    current = await loadSupergraph(source, env);
  } catch (error) {
    files.close();
    throw error;
  }

  async function load(): Promise<boolean> {
    if (closed) return false;
    try {
      const mark = await files.mark();
      const next = await loadSupergraph(source, env);
      if (closed) return false;
      const changed = next.id !== current.id || addressesOf(next) !== addressesOf(current);
      if (changed) await events.changed(next);
      current = next;
      await files.follow(next.files, mark);
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

  await files.follow(current.files, begun);
  return {
    get current() {
      return current;
    },
    reload,
    close() {
      closed = true;
      files.close();
    },
  };
}

/** Of several addresses of a subgraph the SDL has the first alone. */
const addressesOf = ({ subgraphs }: Supergraph): string =>
  JSON.stringify(subgraphs.map(({ name, urls }) => [name, urls]));

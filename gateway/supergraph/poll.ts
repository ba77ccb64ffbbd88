import { guarded } from '#platform/base/faults/guarded.ts';
import { reasonOf, SupergraphError } from './error.ts';
import { loadSupergraph, type RemoteSupergraph, type Supergraph } from './supergraph.ts';
import type { SupergraphWatcher, WatchEvents } from './watch.ts';

/**
 * Loads a supergraph from a registry and asks for changes. What the registry has when it cannot be used, or when it
 * does not answer, never replaces a good one.
 *
 * @throws {SupergraphError} when there is no good supergraph to begin with.
 */
export async function pollSupergraph(source: RemoteSupergraph, events: WatchEvents): Promise<SupergraphWatcher> {
  const { registry, pollMs, cache } = source;
  let current: Supergraph | undefined;
  /** What came and could not be taken over yet: the registry does not send it again. */
  let pending: Supergraph | undefined;
  let isClosed = false;
  let waitMs = 0;
  /** Told once, and not at each poll. */
  let problem: string | undefined;
  let running: Promise<boolean> = Promise.resolve(false);
  let timer: NodeJS.Timeout | undefined;

  async function load(): Promise<Supergraph | undefined> {
    const answer = await registry.ask();
    waitMs = answer.waitMs ?? 0;
    if (answer.sdl === undefined) return undefined;
    return loadSupergraph({ sdl: answer.sdl, name: `what ${registry.name} has`, ...(cache && { cache }) });
  }

  async function look(): Promise<boolean> {
    if (isClosed) return false;
    try {
      const next = (await load()) ?? pending;
      pending = next?.id === current!.id ? undefined : next;
      if (!pending) problem = undefined;
      if (isClosed || !pending) return false;
      await events.changed(pending);
      current = pending;
      pending = undefined;
      problem = undefined;
      return true;
    } catch (error) {
      const broken = error instanceof SupergraphError ? error : new SupergraphError([reasonOf(error)]);
      if (broken.message !== problem) events.broken(broken);
      problem = broken.message;
      return false;
    }
  }

  function reload(): Promise<boolean> {
    running = running.then(look);
    return running;
  }

  function schedule(): void {
    // Gateways that were started together should not ask together.
    const pause = Math.max(pollMs, waitMs) * (0.9 + Math.random() * 0.2);
    timer = setTimeout(
      guarded({ where: 'supergraph poll' }, async () => {
        await reload();
        if (!isClosed) schedule();
      }),
      pause,
    ).unref();
  }

  current = await load();
  if (current === undefined) throw new SupergraphError([`${registry.name} has no supergraph.`]);
  schedule();
  return {
    get current() {
      return current!;
    },
    reload,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

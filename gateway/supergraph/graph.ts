import type { Logger } from '#platform/base/log/log.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { checkAddresses } from './addresses.ts';
import { pollSupergraph } from './poll.ts';
import type { SubgraphAddress, Supergraph, SupergraphSource } from './supergraph.ts';
import { loadSupergraph } from './supergraph.ts';
import { type SupergraphWatcher, type WatchEvents, watchSupergraph } from './watch.ts';

/**
 * A supergraph being served, with what was opened for it. Immutable: a reload makes a new one, and what runs on the
 * old one finishes there.
 */
export type GraphVersion<Served> = Served & {
  readonly supergraph: Supergraph;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
};

export interface Graph<Served> extends AsyncDisposable {
  /** Undefined until the supergraph is loaded. */
  readonly current: GraphVersion<Served> | undefined;
  /** Loads the supergraph. @throws {SupergraphError} when there is none. */
  load(): Promise<void>;
  /** Loads it again now. */
  reload(): Promise<boolean>;
  /**
   * Makes the transports again whose settings have changed. What runs on the old ones finishes there.
   *
   * @param reopen whether to open again what serves the supergraph, as its operations may have to be refused now.
   */
  reconnect(reopen: boolean): Promise<void>;
}

export interface GraphOptions<Served> {
  readonly source: SupergraphSource;
  readonly log: Logger;
  /** Subgraphs of this process, by name. */
  readonly own?: ReadonlyMap<string, SubgraphTransport> | undefined;
  /** How another subgraph is reached; asked once for each name, set of URLs and `settingsOf`. */
  readonly transportOf: (subgraph: SubgraphAddress) => SubgraphTransport | Promise<SubgraphTransport>;
  /** What else a transport is made of: another text for the same name makes another transport. */
  readonly settingsOf?: ((subgraph: string) => string) | undefined;
  /** Opens what serves a supergraph. */
  readonly open: (supergraph: Supergraph) => Served;
  /** Prepares what the one before has used, so that the next one starts with it ready. */
  readonly warm: (next: Served, previous: Served) => Promise<void>;
  /** Called after a new version has become the current one. */
  readonly changed: () => void;
}

/**
 * Creates the holder of the supergraph in its present state, and the change from one to the next without a dropped
 * request.
 */
export function createGraph<Served>(options: GraphOptions<Served>): Graph<Served> {
  const { source, log } = options;
  const transports = new Map<string, { key: string; transport: SubgraphTransport }>();
  let current: GraphVersion<Served> | undefined;
  let watcher: SupergraphWatcher | undefined;
  let lastChange: Promise<unknown> = Promise.resolve();

  /** Changes take turns: one that took longer would put back what another one has replaced meanwhile. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = lastChange.then(change);
    lastChange = turn.catch(() => undefined);
    return turn;
  }

  async function transportsOf(supergraph: Supergraph): Promise<ReadonlyMap<string, SubgraphTransport>> {
    checkAddresses(supergraph.subgraphs.filter(({ name }) => !options.own?.has(name)));
    for (const subgraph of supergraph.subgraphs) {
      const key = `${subgraph.urls.join(' ')}\n${options.settingsOf?.(subgraph.name) ?? ''}`;
      if (transports.get(subgraph.name)?.key === key) continue;
      // The replaced one is kept until the end: subscriptions of the old supergraph still run on it.
      const replaced = transports.get(subgraph.name);
      if (replaced) retired.push(replaced.transport);
      const transport = options.own?.get(subgraph.name) ?? (await options.transportOf(subgraph));
      transports.set(subgraph.name, { key, transport });
    }
    return new Map(supergraph.subgraphs.map(({ name }) => [name, transports.get(name)!.transport]));
  }
  const retired: SubgraphTransport[] = [];

  async function open(supergraph: Supergraph): Promise<GraphVersion<Served>> {
    return { supergraph, ...options.open(supergraph), transports: await transportsOf(supergraph) };
  }

  return {
    get current() {
      return current;
    },
    async load() {
      if ('sdl' in source) {
        current = await open(await loadSupergraph(source));
        return;
      }
      const events: WatchEvents = {
        changed: (supergraph) =>
          inTurn(async () => {
            const next = await open(supergraph);
            if (current) await options.warm(next, current);
            // First the new one serves, then subscriptions of the old one are told to come back: the other way round
            // they would come back to the old one. Settings may have changed while it was warmed.
            current = { ...next, transports: await transportsOf(supergraph) };
            log.info({ supergraph: supergraph.id }, 'a new supergraph is served');
            options.changed();
          }),
        broken: (error) => log.error({ problem: error.message }, 'the supergraph is broken: the last good one stays'),
      };
      watcher = 'registry' in source ? await pollSupergraph(source, events) : await watchSupergraph(source, events);
      const { current: first } = watcher;
      await inTurn(async () => {
        // What has changed meanwhile is newer.
        current ??= await open(first);
      });
    },
    reload: async () => (await watcher?.reload()) ?? false,
    reconnect: (reopen) =>
      inTurn(async () => {
        if (!current) return;
        const { supergraph } = current;
        if (reopen) {
          const next = await open(supergraph);
          await options.warm(next, current);
          current = next;
        }
        current = { ...current, transports: await transportsOf(supergraph) };
      }),
    async [Symbol.asyncDispose]() {
      watcher?.close();
      const all = [...retired, ...[...transports.values()].map(({ transport }) => transport)];
      await Promise.all(all.map((transport) => transport[Symbol.asyncDispose]()));
    },
  };
}

import { guarded } from '../../base/faults/guarded.ts';
import type { UpstreamSockets } from './upstream-sockets.ts';

type Headers = Readonly<Record<string, string>>;

/** How long sockets are kept after the last subscription with their credentials, in milliseconds. */
const KEPT_MS = 60_000;

interface Group {
  readonly sockets: UpstreamSockets;
  subscriptions: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Creates the sockets to a subgraph that checks credentials itself: it learns them when a socket is opened, so only
 * subscriptions with equal headers may have one together.
 *
 * @param open makes the sockets of one set of headers.
 */
export function createUpstreamGroups(open: (headers: Headers | undefined) => UpstreamSockets): UpstreamSockets {
  const groups = new Map<string, Group>();
  let isDisposed = false;

  function groupOf(headers: Headers | undefined): [key: string, group: Group] {
    const key = JSON.stringify(headers) ?? '';
    let group = groups.get(key);
    if (!group) {
      group = { sockets: open(headers), subscriptions: 0, timer: undefined };
      groups.set(key, group);
    }
    return [key, group];
  }

  return {
    subscribe(request, sink) {
      const [key, group] = groupOf(request.headers);
      clearTimeout(group.timer);
      group.subscriptions++;
      let isOver = false;
      const over = (): void => {
        if (isOver) return;
        isOver = true;
        if (--group.subscriptions > 0 || isDisposed) return;
        const leave = (): void => {
          groups.delete(key);
          group.sockets.dispose();
        };
        group.timer = setTimeout(guarded({ where: 'upstream socket' }, leave), KEPT_MS).unref();
      };
      const stop = group.sockets.subscribe(request, {
        next: (event) => sink.next(event),
        ...(sink.pass && { pass: (payload: Uint8Array) => sink.pass!(payload) }),
        complete() {
          over();
          sink.complete();
        },
        error(error) {
          over();
          sink.error(error);
        },
      });
      return () => {
        over();
        stop();
      };
    },
    load() {
      let sockets = 0;
      let subscriptions = 0;
      for (const group of groups.values()) {
        const one = group.sockets.load();
        sockets += one.sockets;
        subscriptions += one.subscriptions;
      }
      return { sockets, subscriptions };
    },
    leave(endpoint) {
      for (const { sockets } of groups.values()) sockets.leave(endpoint);
    },
    dispose() {
      isDisposed = true;
      for (const { sockets, timer } of groups.values()) {
        clearTimeout(timer);
        sockets.dispose();
      }
      groups.clear();
    },
  };
}

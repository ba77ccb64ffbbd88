import type { CancelSignal } from '../../base/cancellation/cancellation.ts';
import { Pull, WAIT } from '../../base/iteration/pull.ts';
import type { StoreMetrics } from '../../base/metrics/store-metrics.ts';
import type { PresenceEvent, PresentMember } from './presence.ts';

type Hear = (event: PresenceEvent) => void;

/** The listeners who watch one room in this process. */
export class Watchers {
  readonly #watching = new Set<Hear>();

  get size(): number {
    return this.#watching.size;
  }

  tell(event: PresenceEvent): void {
    for (const hear of this.#watching) hear(event);
  }

  add(hear: Hear): void {
    this.#watching.add(hear);
  }

  remove(hear: Hear): void {
    this.#watching.delete(hear);
  }
}

export interface WatchOptions {
  /** Gets hold of the room. Runs when iteration starts, so a watch that is never iterated costs nothing. */
  readonly prepare?: () => Promise<void>;
  /** Who is there, and where to hear of changes from this very moment on. */
  readonly enter: () => { readonly watchers: Watchers; readonly members: readonly PresentMember[] };
  /** Lets go of what `prepare` and `enter` took. */
  readonly leave: () => void;
  readonly signal: CancelSignal | undefined;
  readonly metrics: StoreMetrics;
}

/** Watches a room: `Presence.watch` for both faces. */
export function watchRoom({ prepare, enter, leave, signal, metrics }: WatchOptions): AsyncIterable<PresenceEvent> {
  let first: PresenceEvent | undefined;
  let room: Watchers | undefined;
  /** Undefined: none waits, as nearly always. */
  let changes: Map<string, PresenceEvent> | undefined;
  const hear: Hear = (event) => {
    changes ??= new Map();
    merge(changes, event);
    watcher.wake();
  };
  const watcher: Pull<PresenceEvent> = new Pull<PresenceEvent>({
    signal,
    open: async (closing) => {
      await prepare?.();
      if (closing.aborted) return;
      // Without a pause between the two: no change falls between the list and the first event.
      const { watchers, members } = enter();
      watchers.add(hear);
      room = watchers;
      first = { type: 'members', members };
      metrics.presenceWatchers.inc();
    },
    take: () => {
      if (first) {
        const event = first;
        first = undefined;
        return event;
      }
      for (const [userId, event] of changes ?? []) {
        changes!.delete(userId);
        return event;
      }
      changes = undefined;
      return WAIT;
    },
    close: () => {
      room?.remove(hear);
      if (room) metrics.presenceWatchers.dec();
      leave();
    },
  });
  return watcher;
}

/** Adds an event to those that wait, at most one a user: what the watcher sees next is where things stand. */
function merge(changes: Map<string, PresenceEvent>, event: PresenceEvent): void {
  if (event.type === 'members') return;
  const userId = event.type === 'left' ? event.userId : event.member.userId;
  const waiting = changes.get(userId);
  if (waiting?.type === 'joined' && event.type === 'left') changes.delete(userId);
  else if (waiting?.type === 'joined' && event.type === 'updated')
    changes.set(userId, { type: 'joined', member: event.member });
  else if (waiting?.type === 'left' && event.type === 'joined')
    changes.set(userId, { type: 'updated', member: event.member });
  else changes.set(userId, event);
}

import type { CancelSignal } from '../../base/cancellation/cancellation.ts';
import type { JsonObject } from '../../base/json/json.ts';

/**
 * The presence of users in a room (a conversation, say) right now. A user is present while at least one of their
 * connections is: a subscription calls `join` when it starts and `leave` when it ends. A process that dies takes its
 * connections with it within `PRESENCE_TTL_MS`. Every replica gives the same answer.
 *
 * Two faces: memory and Redis. presence.contract.ts is their common definition.
 */
export interface Presence {
  /**
   * Adds one connection of a user to a room. It stays until `leave` or until this process dies.
   *
   * @param room name, at most 200 characters.
   * @param details small and public (device, display name), at most 1 KB of JSON.
   */
  join(
    room: string,
    userId: string,
    options?: { readonly state?: PresenceState; readonly details?: JsonObject },
  ): Promise<PresenceConnection>;

  /**
   * Sets the state of all of a user's connections in a room, from whatever replica.
   *
   * @returns false when the user has no connection there.
   */
  setState(room: string, userId: string, state: PresenceState): Promise<boolean>;

  /**
   * Says that a user is typing, for `TYPING_TTL_MS` or until told otherwise: repeat it while keys are pressed.
   *
   * @returns false when the user has no connection there.
   */
  setTyping(room: string, userId: string, typing: boolean): Promise<boolean>;

  /** Who is there, in order of arrival. */
  members(room: string): Promise<PresentMember[]>;

  /**
   * First `{type: 'members'}` with everybody, then changes. A slow watcher keeps the latest per user, in order of the
   * first change, so it holds at most one entry a user. Ends when `signal` aborts.
   */
  watch(room: string, options?: { readonly signal?: CancelSignal }): AsyncIterable<PresenceEvent>;
}

/**
 * The state that a user shows. With several connections it is the strongest of theirs: BUSY, then ONLINE, then AWAY.
 */
export type PresenceState = 'ONLINE' | 'AWAY' | 'BUSY';

export interface PresentMember {
  readonly userId: string;
  readonly state: PresenceState;
  readonly typing: boolean;
  /** When the user's oldest connection joined. */
  readonly since: Date;
  readonly connections: number;
  /** Details of the newest connection. */
  readonly details?: JsonObject;
}

export type PresenceEvent =
  | { readonly type: 'members'; readonly members: readonly PresentMember[] }
  | { readonly type: 'joined'; readonly member: PresentMember }
  /** State, typing, details or number of connections changed. */
  | { readonly type: 'updated'; readonly member: PresentMember }
  | { readonly type: 'left'; readonly userId: string };

export interface PresenceConnection extends AsyncDisposable {
  readonly connectionId: string;
  /** State of this connection alone. */
  setState(state: PresenceState): Promise<void>;
  /** Idempotent. It does not throw: a leave that Redis did not hear is repeated until it does. */
  leave(): Promise<void>;
}

/** How long a killed process's members are still shown, in ms. */
export const PRESENCE_TTL_MS = 15_000;
/** How long a typing indicator lasts, in ms. */
export const TYPING_TTL_MS = 6_000;

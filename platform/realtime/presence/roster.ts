import type { JsonObject } from '../../base/json/json.ts';
import type { PresenceEvent, PresenceState, PresentMember } from './presence.ts';

/** A connection of a user to a room. */
export interface Connection {
  readonly userId: string;
  readonly state: PresenceState;
  /** When it joined, ms since 1970. */
  readonly since: number;
  readonly details?: JsonObject | undefined;
}

const STRENGTH: Record<PresenceState, number> = { AWAY: 0, ONLINE: 1, BUSY: 2 };

/** Returns what a user's connections amount to; undefined when there is none. */
export function memberOf(
  userId: string,
  connections: Iterable<Connection>,
  typing: boolean,
): PresentMember | undefined {
  let state: PresenceState = 'AWAY';
  let since = Number.POSITIVE_INFINITY;
  let newest: Connection | undefined;
  let count = 0;
  for (const connection of connections) {
    count++;
    if (STRENGTH[connection.state] > STRENGTH[state]) state = connection.state;
    since = Math.min(since, connection.since);
    if (!newest || connection.since >= newest.since) newest = connection;
  }
  if (!newest) return undefined;
  const { details } = newest;
  return { userId, state, typing, since: new Date(since), connections: count, ...(details && { details }) };
}

/** Compares members by the time of arrival, and by user id among those who came at the same time. */
export const byArrival = (a: PresentMember, b: PresentMember): number =>
  a.since.getTime() - b.since.getTime() || (a.userId < b.userId ? -1 : 1);

/** Returns what happened to one user between two looks; undefined when nothing did. */
export function changeOf(
  before: PresentMember | undefined,
  after: PresentMember | undefined,
): PresenceEvent | undefined {
  if (!after) return before && { type: 'left', userId: before.userId };
  if (!before) return { type: 'joined', member: after };
  const same =
    before.state === after.state &&
    before.typing === after.typing &&
    before.connections === after.connections &&
    before.since.getTime() === after.since.getTime() &&
    JSON.stringify(before.details) === JSON.stringify(after.details);
  return same ? undefined : { type: 'updated', member: after };
}

const MAX_NAME = 200;
const MAX_DETAILS = 1024;

/**
 * Checks a room's name, a user's id and the details that are told to others.
 *
 * @throws {TypeError}
 */
export function checkPresence(room: string, userId: string, details?: JsonObject): void {
  for (const [what, value] of Object.entries({ room, userId })) {
    if (value.length === 0 || value.length > MAX_NAME)
      throw new TypeError(`${what} has 1 to ${MAX_NAME} characters; this one has ${value.length}.`);
  }
  const size = details ? JSON.stringify(details).length : 0;
  if (size > MAX_DETAILS)
    throw new TypeError(`details are ${size} characters of JSON; at most ${MAX_DETAILS} are accepted.`);
}

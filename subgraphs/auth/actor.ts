import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';

/** The one who does something, and the client from which it is done. */
export interface Actor {
  readonly identity: Identity;
  readonly client?: ClientInfo | undefined;
}

/** What this process does of its own accord. */
export const SYSTEM: Actor = { identity: { kind: 'service', service: 'auth' } };

/** Returns the id of the user who acts; null where it is not a user. */
export const actorOf = (actor: Actor): string | null => (actor.identity.kind === 'user' ? actor.identity.userId : null);

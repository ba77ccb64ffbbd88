import type { ClientInfo } from '#platform/identity/client-info.ts';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';

/** Who does something, and from where. */
export interface Origin {
  readonly identity: Identity;
  readonly client?: ClientInfo | undefined;
}

/** What this process does of its own accord. */
export const SYSTEM: Origin = { identity: { kind: 'service', service: 'auth' } };
export const NOBODY: Origin = { identity: ANONYMOUS };

export const actorOf = (origin: Origin): string | null =>
  origin.identity.kind === 'user' ? origin.identity.userId : null;

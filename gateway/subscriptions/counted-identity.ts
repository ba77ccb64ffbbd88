import { type Identity, personOf } from '#platform/identity/identity.ts';

/** Returns the user that a connection counts for, with all its API keys. Undefined for callers without credentials. */
export const countedIdentity = (identity: Identity): string | undefined =>
  identity.kind === 'user' ? personOf(identity) : undefined;

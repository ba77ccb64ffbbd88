import { type Identity, personOf } from '#platform/identity/identity.ts';

/** Counts what is open, by key, up to a limit. */
export function createOpenCounter(limit: number) {
  const counts = new Map<string, number>();
  return {
    /** Takes one more in, or says that the limit is reached. */
    enter(key: string): boolean {
      const count = counts.get(key) ?? 0;
      if (count >= limit) return false;
      counts.set(key, count + 1);
      return true;
    },
    leave(key: string): void {
      const count = (counts.get(key) ?? 1) - 1;
      if (count === 0) counts.delete(key);
      else counts.set(key, count);
    },
  };
}

/** Returns the user that a connection counts for, with all its API keys. Undefined for callers without credentials. */
export const countedIdentity = (identity: Identity): string | undefined =>
  identity.kind === 'user' ? personOf(identity) : undefined;

import type { Secrets } from '#platform/base/secrets/secrets.ts';

/** The person and the server that something is sealed for. */
export interface Owner {
  readonly userId: string;
  readonly server: string;
}

/** A row of the database that holds what is sealed for a person and a server. */
export interface Sealed extends Owner {
  readonly sealed: string;
}

/** Seals a value for one person and one server: both are sealed in, so that a row that was moved opens nothing. */
export const sealFor = (secrets: Secrets, purpose: string, { userId, server }: Owner, value: object): string =>
  secrets.seal(purpose, JSON.stringify({ userId, server, ...value }));

/**
 * Opens what was sealed for the person and the server of its row; undefined when it was for others.
 *
 * @throws {Error} when it was sealed with a secret that is not accepted any more.
 */
export function openOwn<Kept extends object>(
  secrets: Secrets,
  purpose: string,
  { userId, server, sealed }: Sealed,
): Kept | undefined {
  const kept = JSON.parse(secrets.open(purpose, sealed)) as Kept & Owner;
  return kept.userId === userId && kept.server === server ? kept : undefined;
}

import { LRUCache } from 'lru-cache';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Prisma } from '#prisma/chat/client/client.ts';

/** The person on whose behalf a reply is written, as it is stored with it: any process may have to write it, later. */
export interface Requester {
  readonly userId: string;
  readonly apiKeyId?: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

/** Returns the requester of a signed-in user, as the row of a reply keeps it. */
export const requesterOf = ({ userId, apiKeyId, roles, scopes }: UserIdentity): Requester => ({
  userId,
  ...(apiKeyId !== undefined && { apiKeyId }),
  roles,
  scopes,
});

/** How long a reply may act for the person who asked for it, in seconds, and beyond it to the end of the minute. */
const LIFETIME_S = 900;
const MINUTE_S = 60;

/** A person's replies of one minute share an identity: what is signed for it, and verified, is so once. */
const identities = new LRUCache<string, UserIdentity>({ max: 1_000 });

/**
 * Returns the identity that the reply's own calls (memory, the model's budget) are made with: what the person had, no
 * more.
 */
export const identityOf = (stored: Prisma.JsonValue): UserIdentity => {
  const requester = stored as unknown as Requester;
  const expiresAt = Math.ceil(Date.now() / 1000 / MINUTE_S) * MINUTE_S + LIFETIME_S;
  const key = `${expiresAt} ${JSON.stringify(requester)}`;
  let identity = identities.get(key);
  if (!identity) {
    identity = { kind: 'user', ...requester, expiresAt };
    identities.set(key, identity);
  }
  return identity;
};

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

/** How long a reply may act for the person who asked for it, in seconds. */
const LIFETIME_S = 900;

/**
 * Returns the identity that the reply's own calls (memory, the model's budget) are made with: what the person had, no
 * more.
 */
export const identityOf = (stored: Prisma.JsonValue): UserIdentity => {
  const requester = stored as unknown as Requester;
  return { kind: 'user', ...requester, expiresAt: Math.floor(Date.now() / 1000) + LIFETIME_S };
};

import { badInput } from '#platform/base/errors/errors.ts';
import { digestOf, randomToken } from '#platform/base/secrets/tokens.ts';
import type { OneTimeToken, TokenPurpose } from '#prisma/auth/client/client.ts';
import type { Tx } from '../change.ts';

/** How long a token is good, in seconds. ASVS 6.5.5 gives 10 minutes to what replaces a password. */
export const LIFE_S = {
  PASSWORD_RESET: 600,
  EMAIL_VERIFICATION: 86_400,
  FIRST_ADMIN: 86_400,
  EMAIL_CHANGE: 86_400,
} as const;
/** For a person who has no password yet and does not wait for the mail. */
export const INVITATION_LIFE_S = 3 * 86_400;
/** For a link that one person hands to another. */
export const PASSED_ON_LIFE_S = 3600;

/**
 * Makes a token that is good for once. Earlier ones for the same user stay good until they end or one of them is used:
 * a stranger who asks for another link must not spoil the one that its owner is about to follow. Of the first
 * administrator there is one link.
 *
 * @param userId absent: a decoy that nothing can be done with, so that asking for an unknown address takes the same
 * steps.
 * @returns the token, which is not stored: its hash is.
 */
export async function issueToken(
  tx: Tx,
  purpose: TokenPurpose,
  userId: string | null,
  lifeS: number = LIFE_S[purpose],
  change: Pick<OneTimeToken, 'email' | 'sessionId'> = { email: null, sessionId: null },
): Promise<string> {
  const token = randomToken();
  if (purpose === 'FIRST_ADMIN') await endTokens(tx, purpose, null);
  await tx.oneTimeToken.create({
    data: { purpose, userId, tokenHash: digestOf(token), expiresAt: new Date(Date.now() + lifeS * 1000), ...change },
  });
  return token;
}

/** Looks without using it up. @throws {CodedError} BAD_USER_INPUT when it is not good any more. */
export async function findToken(
  db: Pick<Tx, 'oneTimeToken'>,
  purpose: TokenPurpose,
  token: string,
): Promise<OneTimeToken> {
  const found = await db.oneTimeToken.findUnique({ where: { tokenHash: digestOf(token) } });
  if (found === null || found.purpose !== purpose || found.usedAt !== null || found.expiresAt <= new Date())
    throw notGood();
  return found;
}

/**
 * Uses it up, and the others of its user with it: of many at once, one succeeds. @throws {CodedError} BAD_USER_INPUT
 * when it is not good any more.
 */
export async function redeemToken(tx: Tx, purpose: TokenPurpose, token: string): Promise<OneTimeToken> {
  const { userId } = await findToken(tx, purpose, token);
  // The row of the user is the lock: two links of one user are not redeemed at once.
  if (userId !== null) await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR UPDATE`;
  const [redeemed] = await tx.oneTimeToken.updateManyAndReturn({
    where: { tokenHash: digestOf(token), purpose, usedAt: null, expiresAt: { gt: new Date() } },
    data: { usedAt: new Date() },
  });
  if (redeemed === undefined) throw notGood();
  await endTokens(tx, purpose, userId);
  return redeemed;
}

/** Ends the tokens of a purpose that are still good. */
export const endTokens = (tx: Tx, purpose: TokenPurpose, userId: string | null) =>
  tx.oneTimeToken.updateMany({ where: { purpose, userId, usedAt: null }, data: { usedAt: new Date() } });

/** Returns what a token is told that is good for nothing. */
export const notGood = () => badInput('input.token', 'is wrong, was used already or has expired; ask for a new one.');

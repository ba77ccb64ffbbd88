import { badInput, forbidden, unauthenticated } from '#platform/base/errors/errors.ts';
import { type Identity, requireUser, type UserIdentity } from '#platform/identity/identity.ts';
import type { User } from '#prisma/auth/client/client.ts';
import type { Actor } from '../actor.ts';
import type { AuthParts } from '../parts.ts';

/**
 * Returns the session of the request. @throws {CodedError} FORBIDDEN for an API key and a connected app: what concerns
 * the account needs a person.
 */
export function requireSession(identity: Identity): UserIdentity & { readonly sessionId: string } {
  const user = requireUser(identity);
  if (user.sessionId === undefined)
    throw forbidden('An API key or a connected app cannot do this: sign in with the password.');
  return { ...user, sessionId: user.sessionId };
}

/** How long after signing in a session needs no further proof of the password, in ms. */
export const FRESH_MS = 15 * 60_000;

/**
 * Returns the caller, who has shown the password again; a stolen session must not be enough for this. Wrong attempts
 * count for this session alone: those of others, who try to sign in, do not hold its owner up.
 *
 * @param argument dotted path of the password's argument.
 */
export async function provePassword(parts: AuthParts, password: string, argument: string, actor: Actor): Promise<User> {
  const { userId, sessionId } = requireSession(actor.identity);
  const place = { session: sessionId };
  const user = await parts.db.user.findUnique({ where: { id: userId } });
  if (user === null || user.disabledAt !== null) throw unauthenticated('The account is gone.');
  const attempt = await parts.lockout.count(user.email, place);
  if (!(await parts.hasher.verify(user.passwordHash, password))) {
    const details = { attempt: attempt.number, argument };
    await parts.changes.run(actor, (change) => change.audit({ type: 'authn_password_change_fail', userId, details }));
    throw badInput(argument, 'is not the password of this account.');
  }
  await parts.lockout.clear(user.email, place);
  return user;
}

/**
 * Requires a fresh sign-in or the password: for what outlives a stolen session.
 *
 * @throws {CodedError} BAD_USER_INPUT for `input.password` when it is needed, or wrong.
 */
export async function proveFresh(parts: AuthParts, password: string | null | undefined, actor: Actor): Promise<void> {
  const { sessionId } = requireSession(actor.identity);
  if (password != null) {
    await provePassword(parts, password, 'input.password', actor);
    return;
  }
  const session = await parts.db.session.findUnique({ where: { id: sessionId }, select: { createdAt: true } });
  if (session === null || Date.now() - session.createdAt.getTime() > FRESH_MS) {
    const minutes = FRESH_MS / 60_000;
    throw badInput('input.password', `is needed: the sign-in of this session is more than ${minutes} minutes old.`);
  }
}

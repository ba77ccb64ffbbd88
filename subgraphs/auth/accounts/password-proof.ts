import { badInput, forbidden, unauthenticated } from '#platform/errors/errors.ts';
import { type Identity, requireUser, type UserIdentity } from '#platform/identity/identity.ts';
import type { User } from '#prisma/auth/client/client.ts';
import type { Core } from '../core.ts';
import type { Origin } from '../origin.ts';

/** The session of the request. @throws {CodedError} FORBIDDEN for an API key: what concerns the account needs a person. */
export function requireSession(identity: Identity): UserIdentity & { readonly sessionId: string } {
  const user = requireUser(identity);
  if (user.sessionId === undefined) throw forbidden('An API key cannot do this: sign in with the password.');
  return { ...user, sessionId: user.sessionId };
}

/**
 * The caller, who has shown the password again; a stolen session must not be enough for this. Wrong attempts count
 * towards the lock of the account.
 *
 * @param argument dotted path of the password's argument.
 */
export async function provePassword(core: Core, password: string, argument: string, origin: Origin): Promise<User> {
  const { userId } = requireSession(origin.identity);
  const user = await core.db.user.findUnique({ where: { id: userId } });
  if (user === null || user.disabledAt !== null) throw unauthenticated('The account is gone.');
  const attempt = await core.lockout.count(user.email);
  if (!(await core.hasher.verify(user.passwordHash, password))) {
    const details = { attempt: attempt.number, argument };
    await core.changes.run(origin, (change) => change.audit({ type: 'authn_password_change_fail', userId, details }));
    throw badInput(argument, 'is not the password of this account.');
  }
  await core.lockout.clear(user.email);
  return user;
}

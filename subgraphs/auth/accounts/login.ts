import { unauthenticated } from '#platform/errors/errors.ts';
import type { Session, User } from '#prisma/auth/client/client.ts';
import type { Core } from '../core.ts';
import { maskEmail, normalizeEmail } from '../email.ts';
import type { Origin } from '../origin.ts';
import type { TokenPair } from '../sessions/sessions.ts';

export interface SignedIn {
  readonly user: User;
  readonly session: Session;
  readonly tokens: TokenPair;
}

/**
 * Signs in. An unknown address, a wrong password, a shut account and an address that is not confirmed read the same and
 * take the same steps: the same statements, one hash.
 *
 * @throws {CodedError} UNAUTHENTICATED, ACCOUNT_LOCKED, RATE_LIMITED.
 */
export async function login(
  core: Core,
  input: { readonly email: string; readonly password: string },
  origin: Origin,
): Promise<SignedIn> {
  await core.limits.spend('login', origin);
  const email = normalizeEmail(input.email).slice(0, 254);
  const attempt = await core.lockout.count(email);
  const found = await core.db.user.findUnique({ where: { email } });
  const matches = await core.hasher.verify(found?.passwordHash, input.password);
  const allowed =
    found !== null && found.disabledAt === null && (found.emailVerifiedAt !== null || !core.mail.configured);
  if (!matches || !allowed) {
    const details = { email: maskEmail(email), attempt: attempt.number };
    await core.changes.run(origin, (change) =>
      change.audit({
        type: attempt.locks ? 'authn_login_lock' : 'authn_login_fail',
        userId: found?.id ?? null,
        details,
      }),
    );
    throw refused();
  }
  return signIn(core, found, origin, input.password);
}

/** Opens a session for a user who has proved to be who they are. */
export async function signIn(core: Core, found: User, origin: Origin, password?: string): Promise<SignedIn> {
  const outdated = password !== undefined && found.passwordHash !== null && core.hasher.isOutdated(found.passwordHash);
  const rehashed = outdated ? await core.hasher.hash(password) : undefined;
  const { user, session } = await core.changes.run(origin, async (change) => {
    // Again, in the transaction: the account may have been shut or the password changed while the hash was made.
    const [user] = await change.tx.user.updateManyAndReturn({
      where: { id: found.id, disabledAt: null, passwordHash: found.passwordHash },
      data: { lastLoginAt: new Date(), ...(rehashed && { passwordHash: rehashed }) },
    });
    if (user === undefined) throw refused();
    await core.lockout.clear(user.email, change.tx);
    const session = await core.sessions.open(change.tx, user.id, origin);
    const entry = { userId: user.id, actorId: user.id, details: { sessionId: session.id } };
    await change.audit({ type: 'authn_login_success', ...entry });
    return { user, session };
  });
  return { user, session, tokens: await core.sessions.tokens(user, session) };
}

const refused = () => unauthenticated('The address or the password is wrong, or the address is not confirmed yet.');

import { ConfigError } from '#platform/base/config/config-error.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { User } from '#prisma/auth/client/client.ts';
import { type Actor, SYSTEM } from '../actor.ts';
import type { Change, Tx } from '../change.ts';
import { normalizeEmail, parseEmail } from '../email.ts';
import { linkTo } from '../mail/mails.ts';
import type { AuthParts } from '../parts.ts';
import { checkPassword } from '../passwords/password-rules.ts';
import { lockAdmins } from './account.ts';
import { type SignedIn, signIn } from './login.ts';
import { findToken, issueToken, redeemToken } from './one-time-tokens.ts';
import { createUser, isTaken, type NewAccount, nameOf } from './registration.ts';

const ADMIN_ROLES = ['user', 'admin'] as const;

/**
 * Returns a link with which the person who started the product makes the first administrator; a new one ends the one
 * before. Undefined as soon as there is an administrator. So there are no default credentials (ASVS 6.3.2).
 */
export async function firstAdminLink(parts: AuthParts): Promise<string | undefined> {
  return parts.changes.run(SYSTEM, async (change) => {
    await lockAdmins(change.tx);
    if (await hasAdmin(change.tx)) return undefined;
    return linkTo(parts.config, 'first-admin', await issueToken(change.tx, 'FIRST_ADMIN', null));
  });
}

/** Redeems the link: of two who try, one becomes the first administrator. */
export async function createFirstAdmin(
  parts: AuthParts,
  input: NewAccount & { readonly token: string },
  actor: Actor,
): Promise<SignedIn> {
  await parts.limits.spend('login', actor);
  const email = parseEmail(input.email, 'input.email');
  const displayName = nameOf(input.displayName, email);
  await checkPassword(input.password, 'input.password', [email, displayName]);
  // Before the hash, which is dear: a wrong link costs a look.
  await findToken(parts.db, 'FIRST_ADMIN', input.token);
  const passwordHash = await parts.hasher.hash(input.password);
  try {
    const user = await parts.changes.run(actor, async (change) => {
      await lockAdmins(change.tx);
      await redeemToken(change.tx, 'FIRST_ADMIN', input.token);
      if (await hasAdmin(change.tx))
        throw new CodedError('CONFLICT', 'There is an administrator already: ask them for the role.');
      return createUser(parts, change, {
        email,
        displayName,
        passwordHash,
        roles: ADMIN_ROLES,
        emailVerifiedAt: new Date(),
      });
    });
    return signIn(parts, user, actor);
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw new CodedError('CONFLICT', 'That address has an account already: use another one for the administrator.');
  }
}

/**
 * Makes the administrator of ADMIN_EMAIL and ADMIN_PASSWORD, where there is no administrator yet. An account that has
 * the address already may belong to anybody, because registering needs no proof of the address: the operator takes it
 * over.
 *
 * @throws {ConfigError} in production, when ADMIN_PASSWORD is easy to guess.
 */
export async function ensureConfiguredAdmin(parts: AuthParts): Promise<void> {
  const { ADMIN_EMAIL, ADMIN_PASSWORD, production } = parts.config;
  if (ADMIN_EMAIL === undefined || ADMIN_PASSWORD === undefined) return;
  const email = normalizeEmail(ADMIN_EMAIL);
  if (production) await refuseWeakPassword(ADMIN_PASSWORD, email);
  if (await hasAdmin(parts.db)) return;
  const passwordHash = await parts.hasher.hash(ADMIN_PASSWORD);
  const outcome = await parts.changes.run(SYSTEM, async (change) => {
    await lockAdmins(change.tx);
    // Another replica may have been faster.
    if (await hasAdmin(change.tx)) return undefined;
    const user = await change.tx.user.findUnique({ where: { email } });
    if (user !== null) {
      await takeOver(parts, change, user, passwordHash);
      return 'taken over';
    }
    const displayName = nameOf(undefined, email);
    const account = { email, displayName, passwordHash, roles: ADMIN_ROLES, emailVerifiedAt: new Date() };
    await createUser(parts, change, account);
    return 'created';
  });
  if (outcome === 'created') parts.log.info({ email }, 'the administrator of ADMIN_EMAIL is there');
  if (outcome === 'taken over') {
    const what = 'an account with the address of ADMIN_EMAIL became the administrator: it has ADMIN_PASSWORD now';
    parts.log.warn({ email }, `${what}, and its sessions, API keys and links have ended`);
  }
}

async function takeOver(parts: AuthParts, change: Change, user: User, passwordHash: string): Promise<void> {
  const by = 'ADMIN_EMAIL';
  const now = new Date();
  const proven = { passwordHash, passwordChangedAt: now, emailVerifiedAt: now, disabledAt: null };
  await change.tx.user.update({ where: { id: user.id }, data: { ...proven, roles: [...ADMIN_ROLES] } });
  await change.endSessions({ userId: user.id }, by);
  await change.endApiKeys({ userId: user.id }, by);
  await change.tx.oneTimeToken.deleteMany({ where: { userId: user.id } });
  await parts.lockout.clearAll(user.email, change.tx);
  await change.outdateTokens(user.id);
  await change.audit({ type: 'authn_password_change', userId: user.id, details: { by } });
  const details = { from: user.roles, to: [...ADMIN_ROLES], by };
  await change.audit({ type: 'privilege_permissions_changed', userId: user.id, details });
}

async function refuseWeakPassword(password: string, email: string): Promise<void> {
  try {
    await checkPassword(password, 'ADMIN_PASSWORD', [email, email.split('@')[0]!]);
  } catch (error) {
    if (error instanceof CodedError) throw new ConfigError(error.message);
    throw error;
  }
}

const hasAdmin = async (db: Pick<Tx, 'user'>): Promise<boolean> =>
  (await db.user.count({ where: { roles: { has: 'admin' } } })) > 0;

import { CodedError } from '#platform/errors/errors.ts';
import type { Change } from '../change.ts';
import type { Core } from '../core.ts';
import { normalizeEmail, parseEmail } from '../email.ts';
import { linkTo } from '../mail/mails.ts';
import { issueToken, redeemToken } from '../one-time-tokens.ts';
import { type Origin, SYSTEM } from '../origin.ts';
import { checkPassword } from '../passwords/password-rules.ts';
import { lockAdmins } from './account.ts';
import { type SignedIn, signIn } from './login.ts';
import { createUser, isTaken, type NewAccount, nameOf } from './registration.ts';

const ADMIN_ROLES = ['user', 'admin'] as const;

/**
 * A link with which whoever started the product makes the first administrator; a new one ends the one before. Undefined
 * as soon as there is an administrator. So there are no default credentials (ASVS 6.3.2).
 */
export async function firstAdminLink(core: Core): Promise<string | undefined> {
  return core.changes.run(SYSTEM, async (change) => {
    await lockAdmins(change.tx);
    if (await hasAdmin(change)) return undefined;
    return linkTo(core.config, 'first-admin', await issueToken(change.tx, 'FIRST_ADMIN', null));
  });
}

/** Redeems the link: of two who try, one becomes the first administrator. */
export async function createFirstAdmin(
  core: Core,
  input: NewAccount & { readonly token: string },
  origin: Origin,
): Promise<SignedIn> {
  await core.limits.spend('login', origin);
  const email = parseEmail(input.email, 'input.email');
  const displayName = nameOf(input.displayName, email);
  await checkPassword(input.password, 'input.password', [email, displayName]);
  const passwordHash = await core.hasher.hash(input.password);
  try {
    const user = await core.changes.run(origin, async (change) => {
      await lockAdmins(change.tx);
      await redeemToken(change.tx, 'FIRST_ADMIN', input.token);
      if (await hasAdmin(change))
        throw new CodedError('CONFLICT', 'There is an administrator already: ask them for the role.');
      return createUser(core, change, {
        email,
        displayName,
        passwordHash,
        roles: ADMIN_ROLES,
        emailVerifiedAt: new Date(),
      });
    });
    return signIn(core, user, origin);
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw new CodedError('CONFLICT', 'That address has an account already: use another one for the administrator.');
  }
}

/** Makes the administrator of ADMIN_EMAIL and ADMIN_PASSWORD. An account that exists keeps its password. */
export async function ensureConfiguredAdmin(core: Core): Promise<void> {
  const { ADMIN_EMAIL, ADMIN_PASSWORD } = core.config;
  if (ADMIN_EMAIL === undefined || ADMIN_PASSWORD === undefined) return;
  const email = normalizeEmail(ADMIN_EMAIL);
  const found = await core.db.user.findUnique({ where: { email } });
  if (found?.roles.includes('admin')) return;
  const passwordHash = found ? found.passwordHash : await core.hasher.hash(ADMIN_PASSWORD);
  await core.changes.run(SYSTEM, async (change) => {
    await lockAdmins(change.tx);
    // Another replica may have been faster.
    const user = await change.tx.user.findUnique({ where: { email } });
    if (user?.roles.includes('admin')) return;
    if (user === null) {
      const displayName = nameOf(undefined, email);
      await createUser(core, change, {
        email,
        displayName,
        passwordHash,
        roles: ADMIN_ROLES,
        emailVerifiedAt: new Date(),
      });
      return;
    }
    await change.tx.user.update({ where: { id: user.id }, data: { roles: [...ADMIN_ROLES] } });
    await change.outdateTokens(user.id);
    const details = { from: user.roles, to: [...ADMIN_ROLES], by: 'ADMIN_EMAIL' };
    await change.audit({ type: 'privilege_permissions_changed', userId: user.id, details });
  });
  core.log.info({ email }, 'the administrator of ADMIN_EMAIL is there');
}

const hasAdmin = async ({ tx }: Change): Promise<boolean> =>
  (await tx.user.count({ where: { roles: { has: 'admin' } } })) > 0;

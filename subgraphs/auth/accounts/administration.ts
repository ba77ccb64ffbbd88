import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import { requireAdmin } from '#platform/identity/identity.ts';
import type { User } from '#prisma/auth/client/client.ts';
import type { Actor } from '../actor.ts';
import type { Change } from '../change.ts';
import { parseEmail } from '../email.ts';
import { invitationMail, linkTo } from '../mail/mails.ts';
import type { AuthParts } from '../parts.ts';
import { checkPassword } from '../passwords/password-rules.ts';
import { refuseLastAdmin } from './account.ts';
import { INVITATION_LIFE_S, issueToken, PASSED_ON_LIFE_S } from './one-time-tokens.ts';
import { proveFresh } from './password-proof.ts';
import { isTaken, nameOf, createUser as writeUser } from './registration.ts';

const MAX_REASON = 500;

/** Creates an account for another person: with a password, or with a mail by which they choose one. */
export async function createUser(
  parts: AuthParts,
  input: {
    readonly email: string;
    readonly displayName?: string | null;
    readonly roles: readonly string[];
    readonly password?: string | null;
  },
  actor: Actor,
): Promise<User> {
  requireAdmin(actor.identity);
  const email = parseEmail(input.email, 'input.email');
  const displayName = nameOf(input.displayName, email);
  const roles = parseRoles(input.roles);
  if (input.password != null) await checkPassword(input.password, 'input.password', [email, displayName]);
  if (input.password == null) parts.mail.requireDestination('give a password, and createPasswordLink makes a link.');
  const passwordHash = input.password == null ? null : await parts.hasher.hash(input.password);
  try {
    return await parts.changes.run(actor, async (change) => {
      // The administrator vouches for the address.
      const user = await writeUser(parts, change, {
        email,
        displayName,
        passwordHash,
        roles,
        emailVerifiedAt: new Date(),
      });
      if (passwordHash === null) {
        const token = await issueToken(change.tx, 'PASSWORD_RESET', user.id, INVITATION_LIFE_S);
        const letter = invitationMail(linkTo(parts.config, 'reset-password', token));
        await parts.mail.add(change.tx, { to: email, ...letter }, INVITATION_LIFE_S * 1000);
      }
      return user;
    });
  } catch (error) {
    if (isTaken(error)) throw new CodedError('CONFLICT', 'That address has an account already.');
    throw error;
  }
}

/**
 * Makes a link by which a user sets a password, for the administrator to pass on: where mail is not configured, or does
 * not arrive. It is as good as the account, so it needs a person who has just signed in.
 */
export async function createPasswordLink(
  parts: AuthParts,
  input: { readonly id: string; readonly password?: string | null },
  actor: Actor,
): Promise<{ readonly url: string; readonly expiresAt: Date }> {
  requireAdmin(actor.identity);
  await proveFresh(parts, input.password, actor);
  return parts.changes.run(actor, async (change) => {
    const user = await existing(change, input.id);
    if (user.disabledAt !== null) throw new CodedError('CONFLICT', 'The account is shut: open it first.');
    const token = await issueToken(change.tx, 'PASSWORD_RESET', user.id, PASSED_ON_LIFE_S);
    const details = { purpose: 'password link made by an administrator' };
    await change.audit({ type: 'authn_token_created', userId: user.id, details });
    const expiresAt = new Date(Date.now() + PASSED_ON_LIFE_S * 1000);
    return { url: linkTo(parts.config, 'reset-password', token), expiresAt };
  });
}

/** Shuts an account: its sessions and keys end at once. */
export async function disableUser(
  parts: AuthParts,
  id: string,
  reason: string | null | undefined,
  actor: Actor,
): Promise<User> {
  const admin = requireAdmin(actor.identity);
  if (id === admin.userId)
    throw new CodedError('CONFLICT', 'You cannot shut your own account: ask another administrator.');
  if ((reason?.length ?? 0) > MAX_REASON) throw badInput('input.reason', `is longer than ${MAX_REASON} characters.`);
  return parts.changes.run(actor, async (change) => {
    await existing(change, id);
    await refuseLastAdmin(change.tx, id);
    await change.tx.user.updateMany({ where: { id, disabledAt: null }, data: { disabledAt: new Date() } });
    await change.endSessions({ userId: id }, 'account shut');
    await change.endApiKeys({ userId: id }, 'account shut');
    await change.tx.oneTimeToken.deleteMany({ where: { userId: id } });
    const user = await change.outdateTokens(id);
    await change.audit({ type: 'user_archived', userId: id, details: { reason: reason ?? null } });
    return user;
  });
}

/** Opens a shut account again. Its sessions, API keys and links stay ended. */
export async function enableUser(parts: AuthParts, id: string, actor: Actor): Promise<User> {
  requireAdmin(actor.identity);
  return parts.changes.run(actor, async (change) => {
    await existing(change, id);
    await change.tx.user.update({ where: { id }, data: { disabledAt: null } });
    await change.audit({ type: 'user_updated', userId: id, details: { what: 'account opened again' } });
    return change.outdateTokens(id);
  });
}

/** Sets all roles of a user; what tokens and keys say of the old ones ends at once. */
export async function setUserRoles(
  parts: AuthParts,
  id: string,
  given: readonly string[],
  actor: Actor,
): Promise<User> {
  requireAdmin(actor.identity);
  const roles = parseRoles(given);
  return parts.changes.run(actor, async (change) => {
    const before = await existing(change, id);
    if (!roles.includes('admin')) await refuseLastAdmin(change.tx, id);
    else if (parts.mail.configured && before.emailVerifiedAt === null) throw notConfirmed(before.email);
    await change.tx.user.update({ where: { id }, data: { roles } });
    await change.audit({
      type: 'privilege_permissions_changed',
      userId: id,
      details: { from: before.roles, to: roles },
    });
    return change.outdateTokens(id);
  });
}

/**
 * Ends all sessions of a user.
 *
 * @returns how many sessions were ended.
 */
export async function revokeUserSessions(parts: AuthParts, id: string, actor: Actor): Promise<number> {
  requireAdmin(actor.identity);
  return parts.changes.run(actor, async (change) => {
    await existing(change, id);
    return change.endSessions({ userId: id }, 'ended by an administrator');
  });
}

/** Anybody may have registered an address; who it belongs to is known when it is confirmed. */
const notConfirmed = (email: string) =>
  new CodedError('CONFLICT', `${email} is not confirmed yet: its owner follows the link in the mail first.`);

async function existing(change: Change, id: string): Promise<User> {
  const user = await change.tx.user.findUnique({ where: { id } });
  if (user === null) throw notFound('The user');
  return user;
}

function parseRoles(given: readonly string[]): string[] {
  const roles = [...new Set(given.map((role) => role.toLowerCase()))];
  if (roles.length === 0) throw badInput('input.roles', 'is empty; shut the account instead if it shall do nothing.');
  return roles;
}

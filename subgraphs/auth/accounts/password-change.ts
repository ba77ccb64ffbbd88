import { badInput } from '#platform/base/errors/errors.ts';
import type { Actor } from '../actor.ts';
import { parseEmail } from '../email.ts';
import { linkTo, passwordChangedMail, resetMail } from '../mail/mails.ts';
import type { AuthParts } from '../parts.ts';
import { checkPassword } from '../passwords/password-rules.ts';
import { noSooner } from './no-sooner.ts';
import { endTokens, findToken, issueToken, LIFE_S, redeemToken } from './one-time-tokens.ts';
import { provePassword, requireSession } from './password-proof.ts';
import { ANSWER_AFTER_MS } from './registration.ts';

/** The sessions and keys that a new password ended. */
export interface Ended {
  readonly endedSessions: number;
  readonly revokedApiKeys: number;
}

/** Changes the password of the caller and ends all other sessions; the API keys where that is asked for. */
export async function changePassword(
  parts: AuthParts,
  input: {
    readonly currentPassword: string;
    readonly newPassword: string;
    readonly revokeApiKeys?: boolean | null;
  },
  actor: Actor,
): Promise<Ended> {
  const { sessionId } = requireSession(actor.identity);
  const user = await provePassword(parts, input.currentPassword, 'input.currentPassword', actor);
  await checkPassword(input.newPassword, 'input.newPassword', [user.email, user.displayName]);
  if (input.newPassword === input.currentPassword)
    throw badInput('input.newPassword', 'is the password you have; choose another.');
  const passwordHash = await parts.hasher.hash(input.newPassword);
  return parts.changes.run(actor, async (change) => {
    const changed = await change.tx.user.updateMany({
      where: { id: user.id, passwordHash: user.passwordHash },
      data: { passwordHash, passwordChangedAt: new Date() },
    });
    if (changed.count === 0) throw badInput('input.currentPassword', 'was changed a moment ago; try again.');
    await endTokens(change.tx, 'PASSWORD_RESET', user.id);
    await endTokens(change.tx, 'EMAIL_CHANGE', user.id);
    await change.audit({ type: 'authn_password_change', userId: user.id });
    const why = 'password changed';
    const revokedApiKeys = input.revokeApiKeys ? await change.endApiKeys({ userId: user.id }, why) : 0;
    const endedSessions = await change.endSessions({ userId: user.id, id: { not: sessionId } }, why);
    if (parts.mail.configured)
      await parts.mail.add(change.tx, { to: user.email, ...passwordChangedMail(revokedApiKeys) });
    return { endedSessions, revokedApiKeys };
  });
}

/**
 * Sends a link for a new password, if the address has an account. The caller learns nothing of whether it has.
 */
export async function requestPasswordReset(parts: AuthParts, given: string, actor: Actor): Promise<void> {
  parts.mail.requireDestination('ask the administrator, who can make one.');
  await parts.limits.spend('mail', actor);
  const email = parseEmail(given, 'input.email');
  await noSooner(ANSWER_AFTER_MS, async () => {
    const mayWrite = await parts.limits.mayWriteTo(email, 'reset', actor);
    await parts.changes.run(actor, async (change) => {
      const user = await change.tx.user.findUnique({ where: { email } });
      const entitled = user !== null && user.disabledAt === null && mayWrite ? user : undefined;
      const token = await issueToken(change.tx, 'PASSWORD_RESET', entitled?.id ?? null);
      const letter = resetMail(linkTo(parts.config, 'reset-password', token));
      await parts.mail.add(change.tx, { to: entitled?.email ?? null, ...letter }, LIFE_S.PASSWORD_RESET * 1000);
      await change.audit({
        type: 'authn_token_created',
        userId: user?.id ?? null,
        details: { purpose: 'password reset' },
      });
    });
  });
}

/**
 * Sets a new password with the token of the mail. Ends all sessions and API keys, lifts a lock, and confirms the
 * address, because who has the token reads its mail.
 */
export async function resetPassword(
  parts: AuthParts,
  input: { readonly token: string; readonly newPassword: string },
  actor: Actor,
): Promise<Ended> {
  await parts.limits.spend('login', actor);
  const { userId } = await findToken(parts.db, 'PASSWORD_RESET', input.token);
  // A decoy's token was never sent; a client that has it anyway resets nothing.
  const user = userId === null ? null : await parts.db.user.findUnique({ where: { id: userId } });
  if (user === null) throw badInput('input.token', 'is wrong, was used already or has expired; ask for a new one.');
  await checkPassword(input.newPassword, 'input.newPassword', [user.email, user.displayName]);
  const passwordHash = await parts.hasher.hash(input.newPassword);
  return parts.changes.run(actor, async (change) => {
    await redeemToken(change.tx, 'PASSWORD_RESET', input.token);
    await change.tx.user.update({
      where: { id: user.id },
      data: { passwordHash, passwordChangedAt: new Date(), emailVerifiedAt: user.emailVerifiedAt ?? new Date() },
    });
    await parts.lockout.clearAll(user.email, change.tx);
    await change.audit({
      type: 'authn_password_change',
      userId: user.id,
      actorId: user.id,
      details: { by: 'reset link' },
    });
    const why = 'password reset';
    const revokedApiKeys = await change.endApiKeys({ userId: user.id }, why);
    const endedSessions = await change.endSessions({ userId: user.id }, why);
    if (parts.mail.configured)
      await parts.mail.add(change.tx, { to: user.email, ...passwordChangedMail(revokedApiKeys) });
    return { endedSessions, revokedApiKeys };
  });
}

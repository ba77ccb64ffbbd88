import { badInput } from '#platform/base/errors/errors.ts';
import type { Actor } from '../actor.ts';
import { maskEmail, parseEmail } from '../email.ts';
import { addressInUseMail, emailChangeAskedMail, emailChangedMail, emailChangeMail, linkTo } from '../mail/mails.ts';
import type { AuthParts } from '../parts.ts';
import { noSooner } from './no-sooner.ts';
import { endTokens, issueToken, LIFE_S, notGood, redeemToken } from './one-time-tokens.ts';
import { provePassword, requireSession } from './password-proof.ts';
import { ANSWER_AFTER_MS, isTaken } from './registration.ts';

/**
 * Sends a link to the address that the caller's account is to have, and a notice to the one it has. Nothing changes
 * before the link is followed. Whether the new address has an account already, its owner alone is told.
 *
 * @throws {CodedError} BAD_USER_INPUT: a wrong password, no address, or the one that the account has; NOT_CONFIGURED
 * without mail; FORBIDDEN to API keys; RATE_LIMITED.
 */
export async function requestEmailChange(
  parts: AuthParts,
  input: { readonly email: string; readonly password: string },
  actor: Actor,
): Promise<void> {
  parts.mail.requireDestination('ask the administrator.');
  const { sessionId } = requireSession(actor.identity);
  await parts.limits.spend('mail', actor);
  const user = await provePassword(parts, input.password, 'input.password', actor);
  const email = parseEmail(input.email, 'input.email');
  if (email === user.email) throw badInput('input.email', 'is the address that the account has.');
  await noSooner(ANSWER_AFTER_MS, async () => {
    const mayWrite = await parts.limits.mayWriteTo(email, 'change', actor);
    await parts.changes.run(actor, async (change) => {
      const isFree = (await change.tx.user.count({ where: { email } })) === 0;
      // The last request counts: two addresses that wait to be confirmed would be a race.
      await endTokens(change.tx, 'EMAIL_CHANGE', user.id);
      const asked = { email, sessionId };
      const token = await issueToken(change.tx, 'EMAIL_CHANGE', isFree ? user.id : null, LIFE_S.EMAIL_CHANGE, asked);
      const letter = isFree ? emailChangeMail(linkTo(parts.config, 'change-email', token)) : addressInUseMail();
      await parts.mail.add(change.tx, { to: mayWrite ? email : null, ...letter }, LIFE_S.EMAIL_CHANGE * 1000);
      await parts.mail.add(change.tx, { to: user.email, ...emailChangeAskedMail(maskEmail(email)) });
      const details = { purpose: 'change of the address', email: maskEmail(email) };
      await change.audit({ type: 'authn_token_created', userId: user.id, details });
    });
  });
}

/**
 * Gives an account the address whose mail had the token. It is confirmed with that; all sessions but the one that asked
 * end, and links that were sent to the old address are good for nothing. A request does not outlive its session.
 *
 * @returns the address.
 * @throws {CodedError} BAD_USER_INPUT when the token is not good any more, or the address has an account by now.
 */
export async function confirmEmailChange(parts: AuthParts, token: string, actor: Actor): Promise<string> {
  await parts.limits.spend('login', actor);
  try {
    const email = await parts.changes.run(actor, async (change) => {
      const { userId, email: next, sessionId } = await redeemToken(change.tx, 'EMAIL_CHANGE', token);
      const user = userId === null ? null : await change.tx.user.findUnique({ where: { id: userId } });
      const session = sessionId && (await change.tx.session.findUnique({ where: { id: sessionId } }));
      if (
        !user ||
        user.disabledAt !== null ||
        next === null ||
        !session ||
        session.revokedAt !== null ||
        session.expiresAt <= new Date()
      )
        throw notGood();
      await change.tx.user.update({ where: { id: user.id }, data: { email: next, emailVerifiedAt: new Date() } });
      await endTokens(change.tx, 'PASSWORD_RESET', user.id);
      await endTokens(change.tx, 'EMAIL_VERIFICATION', user.id);
      await change.endSessions({ userId: user.id, id: { not: session.id } }, 'address changed');
      await parts.mail.add(change.tx, { to: user.email, ...emailChangedMail(maskEmail(next)) });
      const details = { what: 'address changed', from: maskEmail(user.email), to: maskEmail(next) };
      await change.audit({ type: 'user_updated', userId: user.id, actorId: user.id, details });
      return next;
    });
    return email;
  } catch (error) {
    // Taken since the mail was sent: who has the token reads that mailbox, and learns no more than it was told.
    if (isTaken(error)) throw notGood();
    throw error;
  }
}

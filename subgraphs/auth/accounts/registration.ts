import { forbidden } from '#platform/base/errors/errors.ts';
import { Prisma, type User } from '#prisma/auth/client/client.ts';
import type { Actor } from '../actor.ts';
import type { Change } from '../change.ts';
import { parseDisplayName } from '../display-name.ts';
import { maskEmail, parseEmail } from '../email.ts';
import { alreadyRegisteredMail, linkTo, verificationMail } from '../mail/mails.ts';
import type { AuthParts } from '../parts.ts';
import { checkPassword } from '../passwords/password-rules.ts';
import { noSooner } from './no-sooner.ts';
import { issueToken, redeemToken } from './one-time-tokens.ts';

/**
 * An answer comes no sooner, in ms: the time that the work takes would tell a stranger whether the address has an
 * account. It is longer than that time on a machine that is not overloaded.
 */
export const ANSWER_AFTER_MS = 150;

export interface NewAccount {
  readonly email: string;
  readonly password: string;
  readonly displayName?: string | null | undefined;
}

/**
 * Makes an account, or tells the owner of the address by mail that there is one. The caller learns nothing of which.
 *
 * @returns the address as it was understood.
 */
export async function register(parts: AuthParts, input: NewAccount, actor: Actor): Promise<string> {
  if (parts.config.SIGNUP === 'closed') throw forbidden('Accounts are made by administrators here: ask one.');
  await parts.limits.spend('register', actor);
  const email = parseEmail(input.email, 'input.email');
  const displayName = nameOf(input.displayName, email);
  await checkPassword(input.password, 'input.password', [email, displayName]);
  await noSooner(ANSWER_AFTER_MS, async () => {
    const passwordHash = await parts.hasher.hash(input.password);
    const mayWrite = await parts.limits.mayWriteTo(email, 'registration', actor);
    const work = (change: Change) => enrol(parts, change, { email, displayName, passwordHash }, mayWrite);
    try {
      await parts.changes.run(actor, work);
    } catch (error) {
      // Another client registered the address at the same moment: now there is an account.
      if (!isTaken(error)) throw error;
      await parts.changes.run(actor, work);
    }
  });
  return email;
}

async function enrol(
  parts: AuthParts,
  change: Change,
  account: { email: string; displayName: string; passwordHash: string },
  mayWrite: boolean,
): Promise<void> {
  const { email } = account;
  const existing = await change.tx.user.findUnique({ where: { email }, select: { id: true } });
  const user = existing ? undefined : await createUser(parts, change, { ...account, roles: ['user'] });
  if (existing) {
    const details = { email: maskEmail(email), reason: 'the address has an account' };
    await change.audit({ type: 'user_created_fail', userId: existing.id, details });
  }
  if (!parts.mail.configured) return;
  const token = await issueToken(change.tx, 'EMAIL_VERIFICATION', user?.id ?? null);
  const letter = user ? verificationMail(linkTo(parts.config, 'verify-email', token)) : alreadyRegisteredMail();
  await parts.mail.add(change.tx, { to: mayWrite ? email : null, ...letter });
}

/** Writes a user, its audit event and the fact for the other subgraphs. Fails when the address is taken. */
export async function createUser(
  parts: AuthParts,
  change: Change,
  account: {
    readonly email: string;
    readonly displayName: string;
    readonly passwordHash: string | null;
    readonly roles: readonly string[];
    readonly emailVerifiedAt?: Date;
  },
): Promise<User> {
  const { email, displayName, passwordHash, emailVerifiedAt } = account;
  const roles = [...account.roles];
  const user = await change.tx.user.create({
    data: {
      email,
      displayName,
      passwordHash,
      roles,
      emailVerifiedAt: emailVerifiedAt ?? null,
      passwordChangedAt: passwordHash === null ? null : new Date(),
    },
  });
  await change.audit({ type: 'user_created', userId: user.id, details: { email: maskEmail(email), roles } });
  const at = user.createdAt.toISOString();
  await parts.outbox.record(change.tx, 'user.registered', { userId: user.id, email, displayName, at });
  return user;
}

/**
 * Sends the mail by which an address is verified once more, where it has an account and is not verified yet. The caller
 * learns nothing of whether it was sent.
 */
export async function requestEmailVerification(parts: AuthParts, given: string, actor: Actor): Promise<void> {
  parts.mail.requireDestination('addresses are not confirmed then.');
  await parts.limits.spend('mail', actor);
  const email = parseEmail(given, 'input.email');
  await noSooner(ANSWER_AFTER_MS, async () => {
    const mayWrite = await parts.limits.mayWriteTo(email, 'confirmation', actor);
    await parts.changes.run(actor, async (change) => {
      const user = await change.tx.user.findUnique({ where: { email } });
      const unverified = user?.emailVerifiedAt === null ? user : undefined;
      const token = await issueToken(change.tx, 'EMAIL_VERIFICATION', unverified?.id ?? null);
      const letter = verificationMail(linkTo(parts.config, 'verify-email', token));
      await parts.mail.add(change.tx, { to: unverified && mayWrite ? email : null, ...letter });
      const details = { purpose: 'confirmation of the address' };
      await change.audit({ type: 'authn_token_created', userId: user?.id ?? null, details });
    });
  });
}

/**
 * Verifies an address by the token of a mail.
 *
 * @returns the address that is verified now.
 */
export async function verifyEmail(parts: AuthParts, token: string, actor: Actor): Promise<string> {
  await parts.limits.spend('login', actor);
  return parts.changes.run(actor, async (change) => {
    const { userId } = await redeemToken(change.tx, 'EMAIL_VERIFICATION', token);
    const user = await change.tx.user.update({ where: { id: userId! }, data: { emailVerifiedAt: new Date() } });
    await change.audit({
      type: 'user_updated',
      userId: user.id,
      actorId: user.id,
      details: { what: 'address confirmed' },
    });
    return user.email;
  });
}

/** Returns the name that was given, or what stands before the address's @. */
export const nameOf = (given: string | null | undefined, email: string): string =>
  parseDisplayName(given ?? email.split('@')[0]!.slice(0, 80), 'input.displayName');

/** Returns whether an error of the database says that the address has an account. */
export const isTaken = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';

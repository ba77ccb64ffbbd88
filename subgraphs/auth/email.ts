import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { badInput } from '#platform/base/errors/errors.ts';
import type { Secrets } from '#platform/base/secrets/secrets.ts';

/** Longest address there can be (RFC 5321, less the angle brackets). */
const MAX_LENGTH = 254;
const address = z.email();

/** Returns how an address is stored and looked up: two spellings of one mailbox are one account. */
export const normalizeEmail = (given: string): string => given.trim().normalize('NFC').toLowerCase();

/**
 * Returns how an address that may be none is looked up: of a length, and without the half of a pair that the cut
 * leaves.
 */
export const searchableEmail = (given: string): string => normalizeEmail(given).slice(0, MAX_LENGTH).toWellFormed();

/**
 * Returns the address in the form in which it is kept.
 *
 * @throws {CodedError} BAD_USER_INPUT when it cannot be an address.
 */
export function parseEmail(given: string, argument: string): string {
  const email = normalizeEmail(given);
  if (email.length > MAX_LENGTH)
    throw badInput(argument, `has ${email.length} characters; at most ${MAX_LENGTH} are accepted.`);
  if (!address.safeParse(email).success) throw badInput(argument, 'is not an e-mail address such as ada@example.org.');
  return email;
}

/** Returns enough for the audit log to recognise a typing error, too little to be a list of addresses. */
export function maskEmail(email: string): string {
  const [local = '', domain] = email.split('@');
  // A whole character: no database stores the half of a pair.
  const [first = ''] = local;
  return domain === undefined ? `${first}…` : `${first}…@${domain}`;
}

/** Returns the mailbox behind an address: `ada+news@example.org` reaches Ada's. For limits, never for accounts. */
export const mailboxOf = (email: string): string => email.replace(/^([^+@]+)\+[^@]*@/, '$1@');

/**
 * A function that names an address where counters are kept, in the database and in Redis: keyed, so that a copy of them
 * is not a list of who was here and no address can be tried against it.
 */
export type EmailPseudonym = (email: string) => string;

/** Creates the function that names addresses where counters are kept. */
export function createEmailPseudonym(secrets: Secrets): EmailPseudonym {
  const key = secrets.derive('login attempts');
  return (email) => createHmac('sha256', key).update(email).digest('base64url');
}

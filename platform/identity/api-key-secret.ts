import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Begins every API key, so that it is told from a JWT at a glance, also by secret scanners. */
export const API_KEY_PREFIX = 'sxk_';

/**
 * `sxk_`, 32 random base62 characters (190 bits), 6 of checksum: the form of GitHub's tokens. The prefix lets secret
 * scanners find leaked keys; the checksum lets them, and us, tell a key from a typing error without a look-up.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const FORM = new RegExp(`^${API_KEY_PREFIX}[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);

/** Makes a new key. It ends with a checksum of 6 characters, so that scanners can tell it from other text. */
export function makeSecret(): string {
  const body =
    API_KEY_PREFIX + Array.from({ length: RANDOM_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return body + checksum(body);
}

/** Returns whether it can be a key of ours at all. */
export const isWellFormed = (secret: string): boolean =>
  FORM.test(secret) && secret.slice(-CHECKSUM_LENGTH) === checksum(secret.slice(0, -CHECKSUM_LENGTH));

/** Returns what tells keys apart in a list. */
export const partsShown = (secret: string): { prefix: string; last4: string } => ({
  prefix: secret.slice(0, API_KEY_PREFIX.length + 6),
  last4: secret.slice(-4),
});

function checksum(body: string): string {
  let rest = crc32(body);
  let digits = '';
  for (let index = 0; index < CHECKSUM_LENGTH; index++) {
    digits = ALPHABET[rest % 62]! + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secrets } from '#platform/base/secrets/secrets.ts';

/** Tells it from other tokens at a glance. */
const PREFIX = 'sxd_';
const ID_BYTES = 16;
const MAC_BYTES = 32;

/**
 * The tokens by which a device shows that its user signed in on it before (OWASP's device cookies): attempts of others
 * at the account do not hold it up. They are not stored, name no account by themselves, and open nothing: the password
 * does.
 */
export class DeviceTokens {
  /** The first one signs; what any of them has signed is accepted. */
  readonly #keys: readonly Buffer[];

  constructor(secrets: Secrets) {
    this.#keys = secrets.deriveAll('device tokens');
  }

  /** @param device the id of a device that has a token already; absent: a new one. */
  issue(email: string, device?: string): string {
    const id = device === undefined ? randomBytes(ID_BYTES) : Buffer.from(device, 'base64url');
    return PREFIX + Buffer.concat([id, macOf(this.#keys[0]!, email, id)]).toString('base64url');
  }

  /** @returns the id of the device; undefined when the token is not ours or of another account. */
  read(email: string, token: string | null | undefined): string | undefined {
    if (!token?.startsWith(PREFIX) || token.length > 100) return undefined;
    const bytes = Buffer.from(token.slice(PREFIX.length), 'base64url');
    if (bytes.length !== ID_BYTES + MAC_BYTES) return undefined;
    const id = bytes.subarray(0, ID_BYTES);
    const mac = bytes.subarray(ID_BYTES);
    const isOurs = this.#keys.some((key) => timingSafeEqual(mac, macOf(key, email, id)));
    return isOurs ? id.toString('base64url') : undefined;
  }

  /** Names what a device is known by where it has no token. */
  nameOf(features: string): string {
    return createHmac('sha256', this.#keys[0]!).update('features ').update(features).digest('base64url');
  }
}

const macOf = (key: Buffer, email: string, id: Buffer): Buffer =>
  createHmac('sha256', key).update(id).update(email).digest();

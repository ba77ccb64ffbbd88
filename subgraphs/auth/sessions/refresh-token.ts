import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secrets } from '#platform/base/secrets/secrets.ts';

/**
 * The claim of a refresh token. Refresh tokens are not stored: one is the session's id and the number of its refresh,
 * with a MAC under a key that is not in the database (the second generation of Supabase GoTrue's tokens is the
 * pattern). So an old one tells which session it was copied from, and the current one can be given again to a client
 * that never got it.
 */
export interface RefreshClaim {
  readonly sessionId: string;
  readonly counter: number;
}

/** Tells it from an access token and from an API key at a glance. */
const PREFIX = 'sxr_';
const ID_BYTES = 16;
const BODY_BYTES = ID_BYTES + 4;
const MAC_BYTES = 32;

export class RefreshTokens {
  readonly #key: Buffer;

  constructor(secrets: Secrets) {
    this.#key = secrets.derive('refresh tokens');
  }

  write({ sessionId, counter }: RefreshClaim): string {
    const body = Buffer.alloc(BODY_BYTES);
    body.write(sessionId.replaceAll('-', ''), 'hex');
    body.writeUInt32BE(counter, ID_BYTES);
    return PREFIX + Buffer.concat([body, this.#mac(body)]).toString('base64url');
  }

  /** @returns undefined when we did not write it. */
  read(token: string): RefreshClaim | undefined {
    if (!token.startsWith(PREFIX) || token.length > 100) return undefined;
    const bytes = Buffer.from(token.slice(PREFIX.length), 'base64url');
    if (bytes.length !== BODY_BYTES + MAC_BYTES) return undefined;
    const body = bytes.subarray(0, BODY_BYTES);
    if (!timingSafeEqual(bytes.subarray(BODY_BYTES), this.#mac(body))) return undefined;
    const id = body.toString('hex', 0, ID_BYTES);
    const sessionId = id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return { sessionId, counter: body.readUInt32BE(ID_BYTES) };
  }

  #mac(body: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(body).digest();
  }
}

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

/**
 * The kinds: of a person's own session, and of a connected app. Each has its key, so that neither passes for the other.
 * The prefix tells a token from an access token and from an API key at a glance.
 */
const KINDS = {
  own: { prefix: 'sxr_', purpose: 'refresh tokens' },
  app: { prefix: 'sxo_', purpose: 'refresh tokens of connected apps' },
} as const;
const ID_BYTES = 16;
const BODY_BYTES = ID_BYTES + 4;
const MAC_BYTES = 32;

export class RefreshTokens {
  /** The first one signs; what any of them has signed is accepted. */
  readonly #keys: readonly Buffer[];
  readonly #prefix: string;

  constructor(secrets: Secrets, kind: keyof typeof KINDS) {
    this.#keys = secrets.deriveAll(KINDS[kind].purpose);
    this.#prefix = KINDS[kind].prefix;
  }

  write({ sessionId, counter }: RefreshClaim): string {
    const body = Buffer.alloc(BODY_BYTES);
    body.write(sessionId.replaceAll('-', ''), 'hex');
    body.writeUInt32BE(counter, ID_BYTES);
    return this.#prefix + Buffer.concat([body, macOf(this.#keys[0]!, body)]).toString('base64url');
  }

  /** @returns undefined when we did not write it. */
  read(token: string): RefreshClaim | undefined {
    if (!token.startsWith(this.#prefix) || token.length > 100) return undefined;
    const bytes = Buffer.from(token.slice(this.#prefix.length), 'base64url');
    if (bytes.length !== BODY_BYTES + MAC_BYTES) return undefined;
    const body = bytes.subarray(0, BODY_BYTES);
    const mac = bytes.subarray(BODY_BYTES);
    if (!this.#keys.some((key) => timingSafeEqual(mac, macOf(key, body)))) return undefined;
    const id = body.toString('hex', 0, ID_BYTES);
    const sessionId = id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return { sessionId, counter: body.readUInt32BE(ID_BYTES) };
  }
}

const macOf = (key: Buffer, body: Buffer): Buffer => createHmac('sha256', key).update(body).digest();

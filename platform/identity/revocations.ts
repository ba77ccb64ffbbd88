import { z } from 'zod';

/** Where auth tells every verifier at once that credentials ended before their time. */
export const REVOCATION_TOPIC = 'identity:revoked';

/** Routes of the auth subgraph that verifiers call; all but the first answer services only. */
export const AUTH_ROUTES = {
  jwks: '/.well-known/jwks.json',
  /**
   * `?since=<ms>`: what was revoked since then and is not yet expired, with the server's clock: see revocationAnswer.
   */
  revocations: '/revocations',
  /** POST `{hash}`, the SHA-256 of a key as base64url: see introspectionAnswer. */
  introspect: '/api-keys/introspect',
  /** POST: `{url}`, where the first administrator is made; null when there is one. Each call ends the link before. */
  firstAdminLink: '/first-admin-link',
} as const;

/** Credentials that ended before their time. `expiresAt` (Unix ms) is when they would have ended by themselves. */
export const revocationSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('session'), id: z.string(), expiresAt: z.number() }),
  /** What tokens of a lower version say of the user is no longer true. */
  z.object({ kind: z.literal('user'), id: z.string(), version: z.number(), expiresAt: z.number() }),
  /** From `from` (Unix ms) on; absent: at once. */
  z.object({ kind: z.literal('api_key'), id: z.string(), from: z.number().optional(), expiresAt: z.number() }),
  /** A key that signed tokens leaked. */
  z.object({ kind: z.literal('signing_key'), id: z.string(), expiresAt: z.number() }),
]);
export type Revocation = z.infer<typeof revocationSchema>;

export const revocationAnswer = z.object({
  /** The server's clock, Unix ms: the next `since`. */
  now: z.number(),
  revocations: z.array(revocationSchema),
});

export const introspectionAnswer = z.discriminatedUnion('active', [
  z.object({ active: z.literal(false) }),
  z.object({
    active: z.literal(true),
    id: z.string(),
    userId: z.string(),
    version: z.number(),
    roles: z.array(z.string()),
    scopes: z.array(z.string()),
    /** Unix seconds. */
    expiresAt: z.number(),
  }),
]);
export type Introspection = z.infer<typeof introspectionAnswer>;

/** The claim that is asked about before credentials are believed. */
export interface Claim {
  readonly userId: string;
  readonly version: number;
  readonly sessionId?: string | undefined;
  readonly apiKeyId?: string | undefined;
  /** The `kid` that signed it. */
  readonly keyId?: string | undefined;
}

/** The revocations that matter now. Entries go when the credentials would have ended anyway. */
export class RevocationList {
  readonly #entries = new Map<string, Revocation>();

  /** @returns whether it says anything new. */
  add(revocation: Revocation): boolean {
    const key = `${revocation.kind}:${revocation.id}`;
    const known = this.#entries.get(key);
    if (known && !supersedes(revocation, known)) return false;
    this.#entries.set(key, revocation);
    return true;
  }

  has(claim: Claim, now = Date.now()): boolean {
    if (this.#entries.size === 0) return false;
    if (claim.sessionId !== undefined && this.#entries.has(`session:${claim.sessionId}`)) return true;
    if (claim.keyId !== undefined && this.#entries.has(`signing_key:${claim.keyId}`)) return true;
    const user = this.#entries.get(`user:${claim.userId}`);
    if (user?.kind === 'user' && claim.version < user.version) return true;
    const key = claim.apiKeyId === undefined ? undefined : this.#entries.get(`api_key:${claim.apiKeyId}`);
    return key?.kind === 'api_key' && (key.from ?? 0) <= now;
  }

  prune(now = Date.now()): void {
    for (const [key, entry] of this.#entries) if (entry.expiresAt < now) this.#entries.delete(key);
  }
}

function supersedes(next: Revocation, known: Revocation): boolean {
  if (next.kind === 'user' && known.kind === 'user') return next.version > known.version;
  if (next.kind === 'api_key' && known.kind === 'api_key') return (next.from ?? 0) < (known.from ?? 0);
  return false;
}

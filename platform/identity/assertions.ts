import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { recentlyUsed } from '#platform/base/recently-used.ts';
import { unauthenticated } from '../base/errors/errors.ts';
import type { Secrets } from '../base/secrets/secrets.ts';
import type { Audience, IdentityAssertions } from './authenticator.ts';
import { ANONYMOUS, type Identity } from './identity.ts';

/** Life of an assertion, and how old a cached one may get before it is made again, in seconds. */
const LIFE_S = 60;
const FRESH_S = 20;
/** How far the clocks of two machines may be apart, in seconds. */
const CLOCK_TOLERANCE_S = 30;

const TYPE = 'sextant-identity+jwt';
const ISSUER = 'sextant';

const identitySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('anonymous') }),
  z.object({
    kind: z.literal('user'),
    userId: z.string(),
    sessionId: z.string().optional(),
    apiKeyId: z.string().optional(),
    appSessionId: z.string().optional(),
    roles: z.array(z.string()),
    scopes: z.array(z.string()),
    expiresAt: z.number(),
  }),
  z.object({ kind: z.literal('service'), service: z.string() }),
]);

interface Signed {
  token: string | Promise<string>;
  readonly signedAt: number;
}

interface Verified {
  readonly identity: Identity;
  readonly expiresAt: number;
}

/**
 * Assertions as compact JWTs with a key that only the processes of this installation can derive (HS256). Signing is
 * paid once per identity, audience and 20 s; verifying once per token.
 */
export function createAssertions(secrets: Secrets): IdentityAssertions {
  // Once: jose would import bytes again for each signature.
  const keys = secrets.deriveAll('identity assertions').map(importKey);
  const signed = new WeakMap<Identity, Map<string, Signed>>();
  const verified = recentlyUsed<Verified>(10_000);

  const make = async (identity: Identity, audience: Audience, now: number): Promise<string> =>
    new SignJWT({ id: identity })
      .setProtectedHeader({ alg: 'HS256', typ: TYPE })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(now + LIFE_S)
      .sign(await keys[0]!);

  /** Each secret that is accepted is tried: a process that has not restarted yet signs with the one before. */
  async function payloadOf(token: string, audience: Audience): Promise<JWTPayload> {
    for (const [index, key] of keys.entries()) {
      try {
        const { payload } = await jwtVerify(token, await key, {
          algorithms: ['HS256'],
          typ: TYPE,
          issuer: ISSUER,
          audience,
          clockTolerance: CLOCK_TOLERANCE_S,
          maxTokenAge: LIFE_S,
          requiredClaims: ['exp', 'iat', 'aud'],
        });
        return payload;
      } catch (error) {
        const isOther = error instanceof errors.JWSSignatureVerificationFailed && index < keys.length - 1;
        if (!isOther) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  return {
    sign(identity, audience) {
      const now = Math.floor(Date.now() / 1000);
      let byAudience = signed.get(identity);
      if (!byAudience) {
        byAudience = new Map();
        signed.set(identity, byAudience);
      }
      const kept = byAudience.get(audience);
      // A clock that was set back must not keep an old one alive.
      if (kept && now - kept.signedAt >= 0 && now - kept.signedAt < FRESH_S) return kept.token;
      const token = make(identity, audience, now);
      const made: Signed = { token, signedAt: now };
      byAudience.set(audience, made);
      void token.then((ready) => {
        made.token = ready;
      });
      return token;
    },

    async verify(token, audience) {
      if (!token) throw unauthenticated('This port answers the gateway only: the request carries no identity.');
      const now = Date.now() / 1000;
      const cacheKey = `${audience} ${token}`;
      const kept = verified.get(cacheKey);
      if (kept && kept.expiresAt > now - CLOCK_TOLERANCE_S) return kept.identity;
      try {
        const payload = await payloadOf(token, audience);
        const parsed = identitySchema.parse(payload['id']);
        const identity: Identity = parsed.kind === 'anonymous' ? ANONYMOUS : Object.freeze(parsed);
        verified.set(cacheKey, { identity, expiresAt: payload.exp! });
        return identity;
      } catch (error) {
        throw unauthenticated(stale(error) ?? 'The identity of this request is forged, or meant for another audience.');
      }
    },
  };
}

/** Returns what is wrong with the time of an assertion whose signature is good; undefined for other reasons. */
function stale(error: unknown): string | undefined {
  if (!(error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed)) return undefined;
  if (error.claim !== 'iat' && error.claim !== 'exp') return undefined;
  const seconds = Math.round(Date.now() / 1000 - (error.payload.iat ?? 0));
  const apart = `${Math.abs(seconds)} s ${seconds < 0 ? 'ahead of' : 'behind'} the clock here`;
  return `The identity of this request was signed at a time that is ${apart}: the clocks of two machines may differ by ${CLOCK_TOLERANCE_S} s.`;
}

const importKey = (bytes: Buffer): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new Uint8Array(bytes), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);

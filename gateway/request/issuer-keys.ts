import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
  jwksCache,
} from 'jose';
import type { Logger } from '#platform/base/log/log.ts';
import { recentlyUsed } from '#platform/base/recently-used.ts';

/** How long keys are believed before they are asked for again, how soon they may be, and how long that may take. */
export const KEYS = { cacheMaxAge: 600_000, cooldownDuration: 5_000, timeoutDuration: 5_000 };
/** How long they are believed where the issuer does not answer. */
const MAX_KEPT_MS = 24 * 3_600_000;
/** Names of keys that were not found, of which is noted since when they are asked for. */
const MAX_MISSING = 1_000;

/** Returns whether an error is about a token, and not that the keys of its issuer cannot be had. */
export const isAboutToken = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  !(error instanceof errors.JWKSTimeout) &&
  !(error instanceof errors.JWKSInvalid) &&
  // What jose throws itself when the answer is not 200 or not JSON.
  error.code !== 'ERR_JOSE_GENERIC';

/**
 * Creates what finds the key of a token among those of one issuer (RFC 7517). An issuer that does not answer when its
 * keys are asked for again has not changed them: the last ones hold for a day, and it is asked again after a pause, not
 * with every token. A key that is not among them is missing for certain only if they were had after it was first asked
 * for: it may be new, and its tokens good.
 */
export function createIssuerKeys(url: URL, log: Logger): JWTVerifyGetKey {
  const kept: { jwks?: JSONWebKeySet; uat?: number } = {};
  const remote = createRemoteJWKSet(url, { ...KEYS, [jwksCache]: kept as JWKSCacheInput });
  let problem: unknown;
  let restsUntil = 0;
  const missing = recentlyUsed<number>(MAX_MISSING, { ttl: KEYS.cacheMaxAge });

  function isMissing(kid: string | undefined, now: number): boolean {
    if (kid === undefined) return true;
    const since = missing.get(kid) ?? now;
    missing.set(kid, since);
    return (kept.uat ?? 0) >= since;
  }

  return async (header, token) => {
    const now = Date.now();
    if (problem === undefined || now >= restsUntil) {
      // One asks again, and the others take what is kept meanwhile.
      if (problem !== undefined) restsUntil = now + KEYS.timeoutDuration + KEYS.cooldownDuration;
      try {
        const key = await remote(header, token);
        problem = undefined;
        return key;
      } catch (error) {
        if (isAboutToken(error)) {
          problem = undefined;
          if (error instanceof errors.JWKSNoMatchingKey && !isMissing(header.kid, now)) {
            throw new Error('a key may be newer than those that are known', { cause: error });
          }
          throw error;
        }
        if (problem === undefined) log.error({ err: error, url: url.href }, 'the keys of an issuer cannot be had');
        problem = error;
        restsUntil = Date.now() + KEYS.cooldownDuration;
      }
    }
    if (!kept.jwks || now - (kept.uat ?? 0) > MAX_KEPT_MS) throw problem;
    try {
      return await createLocalJWKSet(kept.jwks)(header, token);
    } catch (error) {
      // It may be of a key that is newer than the last ones.
      throw error instanceof errors.JWKSNoMatchingKey ? problem : error;
    }
  };
}

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { loadConfig } from '#platform/base/config/config.ts';
import { loadSecrets, type Secrets } from '#platform/base/secrets/secrets.ts';
import { AUTH_ROUTES } from '#platform/identity/revocations.ts';

/** Long enough for any benchmark, in seconds. */
const LIFE_S = 86_400;
/** Secret enough for a benchmark, which answers only itself. */
export const BENCH_SECRET = 'b4f1c97d20a6e83f5d1b7c94e0a2683f';
export const TOKEN_ISSUER = 'sextant';
export const TOKEN_AUDIENCE = 'sextant';

/** What the processes of one benchmark share. */
export const benchSecrets = (): Secrets =>
  loadSecrets(loadConfig({ NODE_ENV: 'production', JWT_SECRET: BENCH_SECRET }));

/** Who signs the access token that the load sends. */
export interface Issuer {
  readonly token: string;
  /** The public key, as the JSON of a key set. */
  readonly jwks: string;
}

/** A signing key of this run alone, and a token of one user, with the claims that our own tokens have. */
export async function createIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA');
  const kid = 'bench';
  const now = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({ sid: 'session', ver: 0, roles: ['user'], scope: 'chat:read chat:write' })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
    .setSubject('user')
    .setIssuer(TOKEN_ISSUER)
    .setAudience(TOKEN_AUDIENCE)
    .setIssuedAt(now)
    .setExpirationTime(now + LIFE_S)
    .sign(privateKey);
  const key = { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' };
  return { token, jwks: JSON.stringify({ keys: [key] }) };
}

/** What an auth subgraph answers to a verifier of tokens, as JSON; undefined for other paths. */
export function authAnswer(path: string, jwks: string): string | undefined {
  if (path === AUTH_ROUTES.jwks) return jwks;
  if (path === AUTH_ROUTES.revocations) return JSON.stringify({ now: Date.now(), revocations: [] });
  return undefined;
}

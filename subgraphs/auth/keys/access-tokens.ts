import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Config } from '#platform/base/config/config.ts';
import { ROLE_SCOPES } from '#platform/identity/identity.ts';
import type { User } from '#prisma/auth/client/client.ts';
import { ALGORITHM, type SigningKeys } from './signing-keys.ts';

type TokenConfig = Pick<Config, 'ACCESS_TOKEN_TTL_S' | 'JWT_ISSUER' | 'JWT_AUDIENCE'>;

/** The access tokens as RFC 9068 profiles them, with the session (`sid`) and the version of what they say (`ver`). */
export class AccessTokens {
  readonly #keys: SigningKeys;
  readonly #config: TokenConfig;

  constructor(keys: SigningKeys, config: TokenConfig) {
    this.#keys = keys;
    this.#config = config;
  }

  async issue(
    user: Pick<User, 'id' | 'roles' | 'tokenVersion'>,
    sessionId: string,
  ): Promise<{ token: string; expiresAt: Date }> {
    const { keyId, key } = await this.#keys.signer();
    const { ACCESS_TOKEN_TTL_S, JWT_ISSUER, JWT_AUDIENCE } = this.#config;
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({
      sid: sessionId,
      ver: user.tokenVersion,
      roles: user.roles,
      scope: scopesOf(user.roles).join(' '),
    })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt', kid: keyId })
      .setSubject(user.id)
      .setIssuer(JWT_ISSUER)
      .setAudience(JWT_AUDIENCE)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(now + ACCESS_TOKEN_TTL_S)
      .sign(key);
    return { token, expiresAt: new Date((now + ACCESS_TOKEN_TTL_S) * 1000) };
  }
}

/** Returns every scope that some role gives. */
export const scopesOf = (roles: readonly string[]): string[] => [
  ...new Set(roles.flatMap((role) => ROLE_SCOPES[role] ?? [])),
];

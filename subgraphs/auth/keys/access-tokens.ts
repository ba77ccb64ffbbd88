import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Config } from '#platform/base/config/config.ts';
import { ROLE_SCOPES } from '#platform/identity/identity.ts';
import type { User } from '#prisma/auth/client/client.ts';
import { ALGORITHM, type SigningKeys } from './signing-keys.ts';

type TokenConfig = Pick<Config, 'ACCESS_TOKEN_TTL_S' | 'JWT_ISSUER' | 'JWT_AUDIENCE' | 'publicUrl'>;
type TokenUser = Pick<User, 'id' | 'roles' | 'tokenVersion'>;

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** The app that a token is for, and what it may do with which resource. */
export interface AppGrant {
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** URL of what the token is good at. */
  readonly resource: string;
}

/** The access tokens as RFC 9068 profiles them, with the session (`sid`) and the version of what they say (`ver`). */
export class AccessTokens {
  readonly #keys: SigningKeys;
  readonly #config: TokenConfig;

  constructor(keys: SigningKeys, config: TokenConfig) {
    this.#keys = keys;
    this.#config = config;
  }

  /** Issues the token of a person's own session: it is for the graph, and may do what the person may. */
  issue(user: TokenUser, sessionId: string): Promise<IssuedToken> {
    const { JWT_ISSUER, JWT_AUDIENCE } = this.#config;
    return this.#sign(user, JWT_ISSUER, JWT_AUDIENCE, { sid: sessionId, scope: scopesOf(user.roles).join(' ') });
  }

  /** Issues the token of a connected app: issuer and audience are other ones, so that the graph does not take it. */
  issueForApp(user: TokenUser, sessionId: string, { clientId, scopes, resource }: AppGrant): Promise<IssuedToken> {
    const claims = { sid: sessionId, client_id: clientId, scope: scopes.join(' ') };
    return this.#sign({ ...user, roles: rolesFor(user.roles, scopes) }, this.#config.publicUrl, resource, claims);
  }

  async #sign(
    user: TokenUser,
    issuer: string,
    audience: string,
    claims: Readonly<Record<string, string>>,
  ): Promise<IssuedToken> {
    const { keyId, key } = await this.#keys.signer();
    const { ACCESS_TOKEN_TTL_S } = this.#config;
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({ ...claims, ver: user.tokenVersion, roles: user.roles })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt', kid: keyId })
      .setSubject(user.id)
      .setIssuer(issuer)
      .setAudience(audience)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(now + ACCESS_TOKEN_TTL_S)
      .sign(key);
    return { token, expiresAt: new Date((now + ACCESS_TOKEN_TTL_S) * 1000) };
  }
}

/**
 * Returns the roles that a credential of fewer scopes may show: one of an administrator that lacks the scope `admin` is
 * not an administrator's anywhere.
 */
export const rolesFor = (roles: readonly string[], scopes: readonly string[]): string[] =>
  roles.filter((role) => scopes.includes('admin') || !(ROLE_SCOPES[role] ?? []).includes('admin'));

/** Returns every scope that some role gives. */
export const scopesOf = (roles: readonly string[]): string[] => [
  ...new Set(roles.flatMap((role) => ROLE_SCOPES[role] ?? [])),
];

import { createLocalJWKSet, jwtVerify } from 'jose';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { appResource } from '#platform/identity/app-access.ts';
import type { AuthorizationCode, PrismaClient, Session, User } from '#prisma/auth/client/client.ts';
import type { Actor } from '../actor.ts';
import type { Change, Changes } from '../change.ts';
import { OAuthError } from '../clients/oauth-error.ts';
import { type AccessTokens, scopesOf } from '../keys/access-tokens.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { RefreshTokens } from './refresh-token.ts';
import { clientOf, lifeOf, type Rotation } from './rotation.ts';

/** The tokens that an app keeps. */
export interface AppTokens {
  readonly accessToken: string;
  readonly expiresAt: Date;
  readonly refreshToken: string;
  readonly scopes: readonly string[];
}

export interface AppSessionParts {
  readonly db: PrismaClient;
  readonly changes: Changes;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly rotation: Rotation;
  readonly signingKeys: SigningKeys;
  readonly config: Pick<Config, 'REFRESH_TOKEN_TTL_S' | 'SESSION_MAX_AGE_S' | 'publicUrl'>;
}

/** The sessions of connected apps: each is what one person let one app do, until it ends. */
export class AppSessions {
  readonly #parts: AppSessionParts;

  constructor(parts: AppSessionParts) {
    this.#parts = parts;
  }

  /** Opens a session in the transaction in which the code of the app is used. */
  async open(change: Change, code: AuthorizationCode, actor: Actor): Promise<Session> {
    const { userId, clientId, clientName, scopes } = code;
    const session = await change.tx.session.create({
      data: { userId, clientId, clientName, scopes, ...lifeOf(this.#parts.config), ...clientOf(actor) },
    });
    const details = { sessionId: session.id, app: clientName, scopes };
    await change.audit({ type: 'authn_token_created', userId, details });
    return session;
  }

  /** @param wanted of the scopes of the session; never more than the user has now. */
  async tokens(user: User, session: Session, wanted: readonly string[]): Promise<AppTokens> {
    const { accessTokens, refreshTokens, config } = this.#parts;
    const allowed = scopesOf(user.roles);
    const scopes = wanted.filter((scope) => session.scopes.includes(scope) && allowed.includes(scope));
    const grant = { clientId: session.clientId!, scopes, resource: appResource(config.publicUrl) };
    const { token, expiresAt } = await accessTokens.issueForApp(user, session.id, grant);
    const refreshToken = refreshTokens.write({ sessionId: session.id, counter: session.refreshCounter });
    return { accessToken: token, expiresAt, refreshToken, scopes };
  }

  /**
   * The next tokens of an app.
   *
   * @param wanted scopes of the next access token; undefined: all of the session.
   * @throws {OAuthError} invalid_grant, invalid_scope.
   */
  async refresh(
    token: string,
    clientId: string,
    wanted: readonly string[] | undefined,
    actor: Actor,
  ): Promise<AppTokens> {
    const claim = this.#parts.refreshTokens.read(token);
    const known = claim && (await this.#parts.db.session.findUnique({ where: { id: claim.sessionId } }));
    if (!claim || !known || known.clientId !== clientId) throw notGood();
    const foreign = wanted?.find((scope) => !known.scopes.includes(scope));
    if (foreign !== undefined)
      throw new OAuthError('invalid_scope', 'scope holds what the person did not let the app have.');
    try {
      const session = await this.#parts.rotation.advance(claim, clientId, actor);
      return await this.tokens(session.user, session, wanted ?? session.scopes);
    } catch (error) {
      if (error instanceof CodedError && error.code === 'UNAUTHENTICATED') throw notGood();
      throw error;
    }
  }

  /** Ends the session that a token of the app belongs to (RFC 7009). A token that is none does no harm. */
  async end(token: string, clientId: string, actor: Actor): Promise<void> {
    const id = this.#parts.refreshTokens.read(token)?.sessionId ?? (await this.#sessionOfAccessToken(token));
    if (id === undefined) return;
    await this.#parts.changes.run(actor, (change) => change.endSessions({ id, clientId }, 'ended by the app'));
  }

  async #sessionOfAccessToken(token: string): Promise<string | undefined> {
    const { signingKeys, config } = this.#parts;
    const keys = createLocalJWKSet({ keys: [...(await signingKeys.published())] });
    const options = {
      algorithms: ['EdDSA'],
      typ: 'at+jwt',
      issuer: config.publicUrl,
      audience: appResource(config.publicUrl),
    };
    const sid = await jwtVerify(token, keys, options).then(
      ({ payload }) => payload['sid'],
      () => undefined,
    );
    return typeof sid === 'string' ? sid : undefined;
  }
}

const notGood = () => new OAuthError('invalid_grant', 'The session of the app has ended: connect it again.');

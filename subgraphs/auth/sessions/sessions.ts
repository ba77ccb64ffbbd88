import type { Config } from '#platform/base/config/config.ts';
import type { Session, User } from '#prisma/auth/client/client.ts';
import type { Actor } from '../actor.ts';
import type { Tx } from '../change.ts';
import type { AccessTokens } from '../keys/access-tokens.ts';
import type { RefreshTokens } from './refresh-token.ts';
import { clientOf, lifeOf, type Rotation, sessionEnded } from './rotation.ts';

/** The tokens that a client keeps. */
export interface TokenPair {
  readonly accessToken: string;
  readonly accessTokenExpiresAt: Date;
  readonly refreshToken: string;
  readonly refreshTokenExpiresAt: Date;
}

type SessionConfig = Pick<Config, 'REFRESH_TOKEN_TTL_S' | 'SESSION_MAX_AGE_S'>;

export interface SessionParts {
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly rotation: Rotation;
  readonly config: SessionConfig;
}

/** The sign-ins: begun, kept alive by rotation, ended. */
export class Sessions {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Opens a session in the transaction of the sign-in. */
  async open(tx: Tx, userId: string, actor: Actor): Promise<Session> {
    return tx.session.create({ data: { userId, ...lifeOf(this.#parts.config), ...clientOf(actor) } });
  }

  async tokens(user: User, session: Session): Promise<TokenPair> {
    const access = await this.#parts.accessTokens.issue(user, session.id);
    return {
      accessToken: access.token,
      accessTokenExpiresAt: access.expiresAt,
      refreshToken: this.#parts.refreshTokens.write({ sessionId: session.id, counter: session.refreshCounter }),
      refreshTokenExpiresAt: session.expiresAt,
    };
  }

  /**
   * The next tokens of a person's own session.
   *
   * @throws {CodedError} UNAUTHENTICATED, saying the same whatever was wrong.
   */
  async refresh(token: string, actor: Actor): Promise<TokenPair> {
    const claim = this.#parts.refreshTokens.read(token);
    if (claim === undefined) throw sessionEnded();
    const session = await this.#parts.rotation.advance(claim, null, actor);
    return this.tokens(session.user, session);
  }

  /** The session of a refresh token, also of one that was used already: enough to sign out. */
  sessionOf(token: string): string | undefined {
    return this.#parts.refreshTokens.read(token)?.sessionId;
  }
}

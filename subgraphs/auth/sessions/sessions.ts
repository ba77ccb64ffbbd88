import type { Config } from '#platform/base/config/config.ts';
import { rateLimited, unauthenticated } from '#platform/base/errors/errors.ts';
import type { RateLimiter } from '#platform/identity/limits/rate-limiter.ts';
import type { PrismaClient, Session, User } from '#prisma/auth/client/client.ts';
import type { Actor } from '../actor.ts';
import type { Changes, Tx } from '../change.ts';
import type { AccessTokens } from '../keys/access-tokens.ts';
import type { AuthMetrics } from '../metrics.ts';
import type { RefreshClaim, RefreshTokens } from './refresh-token.ts';

/** The tokens that a client keeps. */
export interface TokenPair {
  readonly accessToken: string;
  readonly accessTokenExpiresAt: Date;
  readonly refreshToken: string;
  readonly refreshTokenExpiresAt: Date;
}

type SessionConfig = Pick<Config, 'REFRESH_TOKEN_TTL_S' | 'REFRESH_GRACE_S' | 'SESSION_MAX_AGE_S'>;

export interface SessionParts {
  readonly db: PrismaClient;
  readonly changes: Changes;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly limiter: RateLimiter;
  readonly metrics: AuthMetrics;
  readonly config: SessionConfig;
}

/** More than a client with a bug should ever need. */
const REFRESHES = { name: 'auth-refresh', limit: 60, windowS: 60 } as const;

/** The sign-ins: begun, kept alive by rotation, ended. */
export class Sessions {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Opens a session in the transaction of the sign-in. */
  async open(tx: Tx, userId: string, actor: Actor): Promise<Session> {
    const { REFRESH_TOKEN_TTL_S, SESSION_MAX_AGE_S } = this.#parts.config;
    const endsAt = inSeconds(SESSION_MAX_AGE_S);
    return tx.session.create({
      data: { userId, endsAt, expiresAt: earlier(inSeconds(REFRESH_TOKEN_TTL_S), endsAt), ...clientOf(actor) },
    });
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
   * The next tokens. The latest refresh token rotates the session on. The one before it is answered with the same next
   * token for REFRESH_GRACE_S, because an answer can get lost and two tabs can ask at once. Any other old one means
   * that a thief has a copy: the session ends, its access tokens with it.
   *
   * @throws {CodedError} UNAUTHENTICATED, saying the same whatever was wrong.
   */
  async refresh(token: string, actor: Actor): Promise<TokenPair> {
    const claim = this.#parts.refreshTokens.read(token);
    if (claim === undefined) throw refused();
    const verdict = await this.#parts.limiter.consume(`session:${claim.sessionId}`, REFRESHES);
    if (!verdict.allowed) throw rateLimited('Too many refreshes of this session.', verdict.retryAfter);
    const rotated = await this.#rotate(claim, actor);
    const session = rotated ?? (await this.#repeat(claim, actor));
    this.#parts.metrics.refreshes.inc({ outcome: rotated ? 'rotated' : 'repeated' });
    return this.tokens(session.user, session);
  }

  /** The session of a refresh token, also of one that was used already: enough to sign out. */
  sessionOf(token: string): string | undefined {
    return this.#parts.refreshTokens.read(token)?.sessionId;
  }

  /** One statement decides among all who present the same token at once. */
  async #rotate(claim: RefreshClaim, actor: Actor) {
    const { db, config } = this.#parts;
    const now = new Date();
    const current = await db.session.findUnique({ where: { id: claim.sessionId }, include: { user: true } });
    if (current === null || current.user.disabledAt !== null) throw refused();
    const expiresAt = earlier(inSeconds(config.REFRESH_TOKEN_TTL_S), current.endsAt);
    const [session] = await db.session.updateManyAndReturn({
      where: {
        id: claim.sessionId,
        refreshCounter: claim.counter,
        revokedAt: null,
        expiresAt: { gt: now },
        user: { disabledAt: null },
      },
      data: { refreshCounter: { increment: 1 }, refreshedAt: now, lastUsedAt: now, expiresAt, ...clientOf(actor) },
    });
    return session && { ...session, user: current.user };
  }

  async #repeat(claim: RefreshClaim, actor: Actor) {
    const { db, changes, config } = this.#parts;
    const session = await db.session.findUnique({ where: { id: claim.sessionId }, include: { user: true } });
    if (
      session === null ||
      session.revokedAt !== null ||
      session.expiresAt <= new Date() ||
      session.user.disabledAt !== null
    ) {
      throw refused();
    }
    const behind = session.refreshCounter - claim.counter;
    // Ahead of the database: it was restored from a backup. Not the client's fault, but the token is not known here.
    if (behind < 0) throw refused();
    const age = Date.now() - session.refreshedAt.getTime();
    if (behind === 1 && age <= config.REFRESH_GRACE_S * 1000) return session;
    await changes.run(actor, async (change) => {
      await change.endSessions({ id: session.id }, 'refresh token reused');
      await change.audit({
        type: 'authn_token_reuse',
        userId: session.userId,
        details: { sessionId: session.id, behind, secondsSinceRefresh: Math.round(age / 1000) },
      });
    });
    throw refused();
  }
}

const refused = () => unauthenticated('The session has ended: sign in again.');

const inSeconds = (seconds: number): Date => new Date(Date.now() + seconds * 1000);
const earlier = (a: Date, b: Date): Date => (a < b ? a : b);
const clientOf = ({ client }: Actor) => ({
  ipAddress: client?.ipAddress ?? null,
  userAgent: client?.userAgent ?? null,
});

import type { Config } from '#platform/base/config/config.ts';
import { rateLimited, unauthenticated } from '#platform/base/errors/errors.ts';
import type { RateLimiter } from '#platform/identity/limits/rate-limiter.ts';
import type { PrismaClient, Session, User } from '#prisma/auth/client/client.ts';
import type { Actor } from '../actor.ts';
import type { Changes } from '../change.ts';
import type { AuthMetrics } from '../metrics.ts';
import type { RefreshClaim } from './refresh-token.ts';

type RotationConfig = Pick<Config, 'REFRESH_TOKEN_TTL_S' | 'REFRESH_GRACE_S' | 'SESSION_MAX_AGE_S'>;

export interface RotationParts {
  readonly db: PrismaClient;
  readonly changes: Changes;
  readonly limiter: RateLimiter;
  readonly metrics: AuthMetrics;
  readonly config: RotationConfig;
}

/** More than a client with a bug should ever need. */
const REFRESHES = { name: 'auth-refresh', limit: 60, windowS: 60 } as const;

/** The way of a session from one refresh token to the next, for sessions of people and of connected apps alike. */
export class Rotation {
  readonly #parts: RotationParts;

  constructor(parts: RotationParts) {
    this.#parts = parts;
  }

  /**
   * Moves the session on. The latest refresh token does. The one before it is answered with the same next token for
   * REFRESH_GRACE_S, because an answer can get lost and two tabs can ask at once. Any other old one means that a thief
   * has a copy: the session ends, its access tokens with it.
   *
   * @param clientId the connected app that asks; null: the person.
   * @throws {CodedError} UNAUTHENTICATED, saying the same whatever was wrong.
   */
  async advance(
    claim: RefreshClaim,
    clientId: string | null,
    actor: Actor,
  ): Promise<Session & { readonly user: User }> {
    const verdict = await this.#parts.limiter.consume(`session:${claim.sessionId}`, REFRESHES);
    if (!verdict.allowed) throw rateLimited('Too many refreshes of this session.', verdict.retryAfter);
    const rotated = await this.#rotate(claim, clientId, actor);
    const session = rotated ?? (await this.#repeat(claim, clientId, actor));
    this.#parts.metrics.refreshes.inc({ outcome: rotated ? 'rotated' : 'repeated' });
    return session;
  }

  /** One statement decides among all who present the same token at once. */
  async #rotate(claim: RefreshClaim, clientId: string | null, actor: Actor) {
    const { db, config } = this.#parts;
    const now = new Date();
    const current = await db.session.findUnique({ where: { id: claim.sessionId }, include: { user: true } });
    if (current === null || current.clientId !== clientId || current.user.disabledAt !== null) throw sessionEnded();
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

  async #repeat(claim: RefreshClaim, clientId: string | null, actor: Actor) {
    const { db, changes, config } = this.#parts;
    const session = await db.session.findUnique({ where: { id: claim.sessionId }, include: { user: true } });
    if (
      session === null ||
      session.clientId !== clientId ||
      session.revokedAt !== null ||
      session.expiresAt <= new Date() ||
      session.user.disabledAt !== null
    ) {
      throw sessionEnded();
    }
    const behind = session.refreshCounter - claim.counter;
    // Ahead of the database: it was restored from a backup. Not the client's fault, but the token is not known here.
    if (behind < 0) throw sessionEnded();
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
    throw sessionEnded();
  }
}

/** Returns what is said of a session that has ended, whatever ended it. */
export const sessionEnded = () => unauthenticated('The session has ended: sign in again.');

/** Returns when a session ends that begins now. */
export function lifeOf(config: Pick<Config, 'REFRESH_TOKEN_TTL_S' | 'SESSION_MAX_AGE_S'>) {
  const endsAt = inSeconds(config.SESSION_MAX_AGE_S);
  return { endsAt, expiresAt: earlier(inSeconds(config.REFRESH_TOKEN_TTL_S), endsAt) };
}

/** Returns what a session tells of where it was last used. */
export const clientOf = ({ client }: Actor) => ({
  ipAddress: client?.ipAddress ?? null,
  userAgent: client?.userAgent ?? null,
});

const inSeconds = (seconds: number): Date => new Date(Date.now() + seconds * 1000);
const earlier = (a: Date, b: Date): Date => (a < b ? a : b);

import type { Config } from '#platform/base/config/config.ts';
import { REVOCATION_TOPIC, type Revocation } from '#platform/identity/revocations.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import type { Prisma, PrismaClient, User } from '#prisma/auth/client/client.ts';
import type { Actor } from './actor.ts';
import { type AuditEntry, type AuditType, writeAudit } from './audit.ts';
import type { AuthMetrics } from './metrics.ts';

export type Tx = Prisma.TransactionClient;

/** Allowance for clocks that differ and for verifiers that poll, in ms. */
const MARGIN_MS = 60_000;

/**
 * The maker of changes: each in one transaction with its audit events and revocations, which are told to everybody
 * after it.
 */
export class Changes {
  readonly #db: PrismaClient;
  readonly #topics: Topics;
  readonly #metrics: AuthMetrics;
  readonly #tokenLifeMs: number;

  constructor(db: PrismaClient, topics: Topics, metrics: AuthMetrics, config: Pick<Config, 'ACCESS_TOKEN_TTL_S'>) {
    this.#db = db;
    this.#topics = topics;
    this.#metrics = metrics;
    this.#tokenLifeMs = config.ACCESS_TOKEN_TTL_S * 1000 + MARGIN_MS;
  }

  async run<Result>(actor: Actor, work: (change: Change) => Promise<Result>): Promise<Result> {
    let revocations: readonly Revocation[] = [];
    let audited: readonly AuditType[] = [];
    const result = await this.#db.$transaction(async (tx) => {
      const change = new Change(tx, actor, this.#tokenLifeMs);
      const done = await work(change);
      revocations = await change.writeRevocations();
      audited = change.audited;
      return done;
    });
    for (const type of audited) this.#metrics.events.inc({ type });
    for (const revocation of revocations) await this.#topics.publish(REVOCATION_TOPIC, revocation);
    return result;
  }

  /** What verifiers must know that start now, or heard nothing since `since` (Unix ms). */
  async since(since: number): Promise<Revocation[]> {
    const rows = await this.#db.revocation.findMany({
      where: { createdAt: { gte: new Date(since) }, expiresAt: { gt: new Date() } },
      orderBy: { createdAt: 'asc' },
    });
    return rows.map(({ kind, subject, version, effectiveAt, expiresAt }) => {
      const common = { id: subject, expiresAt: expiresAt.getTime() };
      switch (kind) {
        case 'session':
        case 'signing_key':
          return { kind, ...common };
        case 'user':
          return { kind, ...common, version: version ?? 0 };
        case 'api_key':
          return { kind, ...common, ...(effectiveAt && { from: effectiveAt.getTime() }) };
        default:
          throw new Error(`a revocation of an unknown kind: ${kind}`);
      }
    });
  }
}

/** A change while it is made. */
export class Change {
  readonly tx: Tx;
  readonly actor: Actor;
  readonly #tokenLifeMs: number;
  readonly #revocations: Revocation[] = [];
  readonly audited: AuditType[] = [];

  constructor(tx: Tx, actor: Actor, tokenLifeMs: number) {
    this.tx = tx;
    this.actor = actor;
    this.#tokenLifeMs = tokenLifeMs;
  }

  audit(entry: AuditEntry): Promise<void> {
    this.audited.push(entry.type);
    return writeAudit(this.tx, this.actor, entry);
  }

  /**
   * Ends the open sessions that match, access tokens included; with those of a user all codes by which an app could
   * open another one. A code that is being used meanwhile is waited for, and its session ends too.
   *
   * @returns how many there were.
   */
  async endSessions(where: Prisma.SessionWhereInput, reason: string): Promise<number> {
    if (where.userId !== undefined)
      await this.tx.authorizationCode.deleteMany({ where: { userId: where.userId as string } });
    const ended = await this.tx.session.updateManyAndReturn({
      where: { ...where, revokedAt: null },
      data: { revokedAt: new Date(), revokedReason: reason },
      select: { id: true, userId: true },
    });
    for (const { id, userId } of ended) {
      this.#revocations.push({ kind: 'session', id, expiresAt: this.#expiry() });
      await this.audit({ type: 'authn_token_revoked', userId, details: { sessionId: id, reason } });
    }
    return ended.length;
  }

  /**
   * Revokes the working API keys that match.
   *
   * @returns how many there were.
   */
  async endApiKeys(where: Prisma.ApiKeyWhereInput, reason: string): Promise<number> {
    const ended = await this.tx.apiKey.updateManyAndReturn({
      where: { ...where, revokedAt: null, expiresAt: { gt: new Date() } },
      data: { revokedAt: new Date() },
      select: { id: true, userId: true },
    });
    for (const { id, userId } of ended) {
      this.revokeApiKey(id);
      await this.audit({ type: 'authn_token_revoked', userId, details: { apiKeyId: id, reason } });
    }
    return ended.length;
  }

  /** Makes every access token and every remembered API key of the user be looked at again. */
  async outdateTokens(userId: string): Promise<User> {
    const user = await this.tx.user.update({ where: { id: userId }, data: { tokenVersion: { increment: 1 } } });
    this.#revocations.push({ kind: 'user', id: userId, version: user.tokenVersion, expiresAt: this.#expiry() });
    return user;
  }

  /** @param from when it takes effect; absent: at once. */
  revokeApiKey(id: string, from?: Date): void {
    const start = from?.getTime() ?? Date.now();
    this.#revocations.push({
      kind: 'api_key',
      id,
      expiresAt: start + this.#tokenLifeMs,
      ...(from && { from: from.getTime() }),
    });
  }

  /** @param until when the last token it signed ends. */
  revokeSigningKey(id: string, until: Date): void {
    this.#revocations.push({ kind: 'signing_key', id, expiresAt: until.getTime() });
  }

  async writeRevocations(): Promise<readonly Revocation[]> {
    if (this.#revocations.length > 0) {
      await this.tx.revocation.createMany({
        data: this.#revocations.map((one) => ({
          kind: one.kind,
          subject: one.id,
          expiresAt: new Date(one.expiresAt),
          ...(one.kind === 'user' && { version: one.version }),
          ...(one.kind === 'api_key' && one.from !== undefined && { effectiveAt: new Date(one.from) }),
        })),
      });
    }
    return this.#revocations;
  }

  #expiry(): number {
    return Date.now() + this.#tokenLifeMs;
  }
}

import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import { digestOf } from '#platform/base/secrets/tokens.ts';
import { isUuid } from '#platform/base/uuid.ts';
import { makeSecret, partsShown } from '#platform/identity/api-key-secret.ts';
import { SCOPES } from '#platform/identity/identity.ts';
import type { Introspection } from '#platform/identity/revocations.ts';
import type { ApiKey } from '#prisma/auth/client/client.ts';
import { proveFresh, requireSession } from './accounts/password-proof.ts';
import type { Actor } from './actor.ts';
import type { Tx } from './change.ts';
import { parseDisplayName } from './display-name.ts';
import { rolesFor, scopesOf } from './keys/access-tokens.ts';
import type { AuthParts } from './parts.ts';

/** Keys of one user that work at the same time. */
export const MAX_KEYS = 100;
const MAX_DAYS = 366;
const MAX_GRACE_S = 7 * 86_400;
/** How exactly the time of the last use is kept, in ms: not every call is worth a write. */
const TOUCH_EVERY_MS = 60_000;

export interface ShownOnce {
  readonly apiKey: ApiKey;
  readonly secret: string;
}

/**
 * Makes a key for the caller, whatever user the arguments might name: the user is never taken from them
 * (CVE-2025-61928). It outlives the session, so the sign-in is fresh or the password is given.
 */
export async function createApiKey(
  parts: AuthParts,
  input: {
    readonly name: string;
    readonly scopes: readonly string[];
    readonly expiresInDays?: number | null;
    readonly password?: string | null;
  },
  actor: Actor,
): Promise<ShownOnce> {
  const caller = requireSession(actor.identity);
  const name = parseDisplayName(input.name, 'input.name');
  const scopes = parseScopes(input.scopes, caller.scopes);
  const expiresAt = daysAhead(input.expiresInDays ?? 90);
  await proveFresh(parts, input.password, actor);
  return parts.changes.run(actor, async (change) => {
    await lockKeys(change.tx, caller.userId);
    const secret = makeSecret();
    const data = {
      userId: caller.userId,
      name,
      scopes,
      expiresAt,
      secretHash: digestOf(secret),
      ...partsShown(secret),
    };
    const apiKey = await change.tx.apiKey.create({ data });
    await refuseTooMany(change.tx, caller.userId);
    await change.audit({
      type: 'authn_token_created',
      userId: caller.userId,
      details: { apiKeyId: apiKey.id, scopes },
    });
    return { apiKey, secret };
  });
}

/** Puts a new key in the place of one, which works on for a while so that nothing stops meanwhile. */
export async function rotateApiKey(
  parts: AuthParts,
  input: {
    readonly id: string;
    readonly graceSeconds?: number | null;
    readonly expiresInDays?: number | null;
    readonly password?: string | null;
  },
  actor: Actor,
): Promise<ShownOnce & { readonly replaced: ApiKey }> {
  const { userId } = requireSession(actor.identity);
  const graceS = input.graceSeconds ?? 3600;
  if (graceS < 0 || graceS > MAX_GRACE_S)
    throw badInput('input.graceSeconds', `is ${graceS}; allowed are 0 to ${MAX_GRACE_S}.`);
  const expiresAt = daysAhead(input.expiresInDays ?? 90);
  await proveFresh(parts, input.password, actor);
  return parts.changes.run(actor, async (change) => {
    await lockKeys(change.tx, userId);
    const old = await change.tx.apiKey.findFirst({ where: { id: uuid(input.id), userId } });
    if (old === null) throw notFound('The API key');
    const secret = makeSecret();
    const data = {
      userId,
      name: old.name,
      scopes: old.scopes,
      expiresAt,
      secretHash: digestOf(secret),
      ...partsShown(secret),
    };
    const apiKey = await change.tx.apiKey.create({ data });
    const ends = new Date(Math.min(Date.now() + graceS * 1000, old.expiresAt.getTime()));
    const [replaced] = await change.tx.apiKey.updateManyAndReturn({
      where: { id: old.id, revokedAt: null, replacedById: null, expiresAt: { gt: new Date() } },
      data: { expiresAt: ends, replacedById: apiKey.id },
    });
    if (replaced === undefined)
      throw new CodedError('CONFLICT', 'The key was rotated or revoked already, or has expired.');
    await refuseTooMany(change.tx, userId);
    change.revokeApiKey(old.id, ends);
    const details = { apiKeyId: apiKey.id, replaces: old.id, graceS };
    await change.audit({ type: 'authn_token_created', userId, details });
    return { apiKey, secret, replaced };
  });
}

/** Ends a key at once; twice does no harm. Administrators may end those of others. */
export async function revokeApiKey(parts: AuthParts, id: string, actor: Actor): Promise<ApiKey> {
  const caller = requireSession(actor.identity);
  const own = caller.scopes.includes('admin') ? {} : { userId: caller.userId };
  return parts.changes.run(actor, async (change) => {
    const key = await change.tx.apiKey.findFirst({ where: { id: uuid(id), ...own } });
    if (key === null) throw notFound('The API key');
    if (key.revokedAt !== null) return key;
    const revoked = await change.tx.apiKey.update({ where: { id: key.id }, data: { revokedAt: new Date() } });
    change.revokeApiKey(key.id);
    await change.audit({ type: 'authn_token_revoked', userId: key.userId, details: { apiKeyId: key.id } });
    return revoked;
  });
}

/** Returns whose key has this hash and what it may do now: never more than its owner may. */
export async function introspect(parts: Pick<AuthParts, 'db'>, secretHash: string): Promise<Introspection> {
  const now = new Date();
  const key = await parts.db.apiKey.findUnique({ where: { secretHash }, include: { user: true } });
  if (key === null || key.revokedAt !== null || key.expiresAt <= now || key.user.disabledAt !== null)
    return { active: false };
  const stale = new Date(now.getTime() - TOUCH_EVERY_MS);
  await parts.db.apiKey.updateMany({
    where: { id: key.id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: stale } }] },
    data: { lastUsedAt: now },
  });
  const allowed = scopesOf(key.user.roles);
  const scopes = key.scopes.filter((scope) => allowed.includes(scope));
  return {
    active: true,
    id: key.id,
    userId: key.userId,
    version: key.user.tokenVersion,
    roles: rolesFor(key.user.roles, scopes),
    scopes,
    expiresAt: Math.floor(key.expiresAt.getTime() / 1000),
  };
}

/** The row of the user is the lock: keys made at once are counted one after the other. */
const lockKeys = (tx: Tx, userId: string) => tx.$queryRaw`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR UPDATE`;

/** Counts when the new key is there; a key that was rotated works on, and counts, until its grace ends. */
async function refuseTooMany(tx: Tx, userId: string): Promise<void> {
  const active = await tx.apiKey.count({ where: { userId, revokedAt: null, expiresAt: { gt: new Date() } } });
  if (active <= MAX_KEYS) return;
  const why = `At most ${MAX_KEYS} API keys work at once, those in their grace included.`;
  throw new CodedError('CONFLICT', `${why} Revoke some, or rotate with graceSeconds 0.`);
}

function parseScopes(given: readonly string[], own: readonly string[]): string[] {
  const scopes = [...new Set(given)];
  if (scopes.length === 0) throw badInput('input.scopes', 'is empty; a key needs at least one scope.');
  const unknown = scopes.find((scope) => !(scope in SCOPES));
  if (unknown !== undefined) {
    throw badInput(
      'input.scopes',
      `holds ${JSON.stringify(unknown.slice(0, 40))}; there are ${Object.keys(SCOPES).join(', ')}.`,
    );
  }
  const foreign = scopes.find((scope) => !own.includes(scope));
  if (foreign !== undefined) throw badInput('input.scopes', `holds ${foreign}, which you do not have yourself.`);
  return scopes;
}

function daysAhead(days: number): Date {
  if (days < 1 || days > MAX_DAYS) throw badInput('input.expiresInDays', `is ${days}; allowed are 1 to ${MAX_DAYS}.`);
  return new Date(Date.now() + days * 86_400_000);
}

function uuid(id: string): string {
  if (!isUuid(id)) throw notFound('The API key');
  return id;
}

import { CodedError } from '../base/errors/errors.ts';
import type { SqlTransaction } from './outbox/outbox.ts';

/** The amount of something that one user may have. */
export interface Quota {
  /** What is limited, as the schema's QuotaName has it. */
  readonly name: string;
  /** In whole things or bytes; 0 sets no limit. */
  readonly limit: number;
  /** What a client is told that there is too much of, e.g. `images`. */
  readonly things: string;
  /** How the user makes room. */
  readonly remedy: string;
}

/** A quota as the graph shows it. */
export interface QuotaUse {
  readonly name: string;
  readonly used: number;
  /** Null: no limit. */
  readonly limit: number | null;
}

/**
 * The demand that a quota is compared with: what the user has, as the rows of the owner's tables say, and what is to be
 * added.
 */
export interface QuotaDemand {
  readonly quota: Quota;
  /** A number, or what counts in the transaction what is really new. */
  readonly adding: number | (() => Promise<number>);
  /** Counts in the transaction, so that what was deleted is not counted. */
  used(): Promise<number>;
}

/**
 * Holds a user to quotas in the transaction that adds something. Others who add for the same user wait until it has
 * ended, so that what comes at the same time does not pass the limit together. Take it before anything else is locked.
 *
 * @throws {CodedError} QUOTA_EXCEEDED.
 */
export async function holdToQuotas(tx: SqlTransaction, userId: string, demands: readonly QuotaDemand[]): Promise<void> {
  const limited = demands.filter(({ quota }) => quota.limit > 0);
  if (limited.length === 0) return;
  await tx.$executeRawUnsafe('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', `quota ${userId}`);
  for (const { quota, adding, used } of limited)
    checkQuota(quota, await used(), typeof adding === 'number' ? adding : await adding());
}

/**
 * Compares a quota with its use. @throws {CodedError} QUOTA_EXCEEDED, with the quota's name, its limit and what is used
 * of it.
 */
export function checkQuota({ name, limit, things, remedy }: Quota, used: number, adding: number): void {
  if (limit === 0 || adding === 0 || used + adding <= limit) return;
  throw new CodedError(
    'QUOTA_EXCEEDED',
    `You have ${used} of at most ${limit} ${things}, and this would add ${adding}: ${remedy}.`,
    { quota: name, limit, used },
  );
}

/** Returns a quota with its use, for the graph. */
export const quotaUse = ({ name, limit }: Quota, used: number): QuotaUse => ({
  name,
  used,
  limit: limit === 0 ? null : limit,
});

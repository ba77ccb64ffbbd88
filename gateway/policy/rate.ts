import { LRUCache } from 'lru-cache';
import type { Config } from '#platform/config/config.ts';
import { type CodedError, rateLimited } from '#platform/errors/errors.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { RateLimiter, RateRule } from '#platform/limits/rate-limiter.ts';

export interface OperationRate {
  /** Spends one operation. Undefined, or a refusal to be awaited when the shared counter has to be asked. */
  spend(identity: Identity, client: ClientInfo): Promise<CodedError | undefined> | undefined;
}

interface Allowance {
  /** Operations taken from the shared counter and not yet used here. */
  left: number;
  /** When what is left is worthless because the window has ended, in milliseconds of the clock. */
  until: number;
  /** Refused until then, without asking again. */
  refusedUntil: number;
}

/** Operations that are taken from the shared counter at a time: one question to Redis serves this many requests. */
const PORTION = 10;
const WINDOW_S = 60;

/**
 * Operations a minute of each identity, and of each address where there is none. Counted across processes, but in
 * portions, so that the hot path asks nobody; the error is at most a portion for each process.
 */
export function createOperationRate(
  limiter: RateLimiter | undefined,
  config: Pick<Config, 'RATE_LIMIT_IDENTITY' | 'RATE_LIMIT_ADDRESS'>,
): OperationRate {
  const allowances = new LRUCache<string, Allowance>({ max: 50_000 });

  async function take(key: string, rule: RateRule, allowance: Allowance): Promise<CodedError | undefined> {
    const portion = Math.min(PORTION, rule.limit);
    let verdict = await limiter!.consume(key, rule, portion);
    let taken = portion;
    if (!verdict.allowed && portion > 1) {
      // The end of the window's allowance is given out one by one.
      await limiter!.refund(key, rule, portion);
      verdict = await limiter!.consume(key, rule, 1);
      taken = 1;
    }
    const now = Date.now();
    if (!verdict.allowed) {
      allowance.refusedUntil = now + verdict.retryAfter * 1000;
      return refusal(rule, verdict.retryAfter);
    }
    allowance.left = taken - 1;
    allowance.until = verdict.resetsAt.getTime();
    return undefined;
  }

  return {
    spend(identity, client) {
      if (!limiter || identity.kind === 'service') return undefined;
      const user = identity.kind === 'user';
      const limit = user ? config.RATE_LIMIT_IDENTITY : config.RATE_LIMIT_ADDRESS;
      if (limit === 0) return undefined;
      const key = user
        ? identity.apiKeyId !== undefined
          ? `key:${identity.apiKeyId}`
          : `user:${identity.userId}`
        : `address:${client.ipAddress ?? 'unknown'}`;
      let allowance = allowances.get(key);
      if (!allowance) {
        allowance = { left: 0, until: 0, refusedUntil: 0 };
        allowances.set(key, allowance);
      }
      const now = Date.now();
      const rule: RateRule = { name: user ? 'operations-identity' : 'operations-address', limit, windowS: WINDOW_S };
      if (allowance.refusedUntil > now) {
        return Promise.resolve(refusal(rule, Math.ceil((allowance.refusedUntil - now) / 1000)));
      }
      if (allowance.left > 0 && allowance.until > now) {
        allowance.left--;
        return undefined;
      }
      return take(key, rule, allowance);
    },
  };
}

const refusal = (rule: RateRule, retryAfter: number): CodedError =>
  rateLimited(`More than ${rule.limit} operations a minute.`, Math.max(1, retryAfter));

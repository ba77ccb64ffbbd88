import type { Config } from '#platform/base/config/config.ts';
import { type CodedError, rateLimited } from '#platform/base/errors/errors.ts';
import { recentlyUsed } from '#platform/base/recently-used.ts';
import { type ClientInfo, networkOf } from '#platform/identity/client-info.ts';
import { type Identity, personOf } from '#platform/identity/identity.ts';
import type { RateLimiter, RateRule } from '#platform/identity/limits/rate-limiter.ts';

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
  /** Operations that the shared counter still had at the last answer. */
  remaining: number;
  /** Requests that wait for the shared counter. */
  waiting: number;
  /** The question that is on its way; one at a time, so that no answer overwrites another. */
  asking: Promise<void> | undefined;
}

/** Operations that are taken from the shared counter at a time: one question to Redis serves this many requests. */
const PORTION = 10;
/** A portion is at most this part of what remains, so that what one process holds unused is little for the others. */
const SHARE = 10;
const WINDOW_S = 60;

/**
 * Operations a minute of each user, with all API keys, and of each network where there is none. Counted across
 * processes, but in portions, so that the hot path asks no other process. Never more than the limit; what a process has
 * taken and does not use makes it fewer by at most a tenth for each process.
 */
export function createOperationRate(
  limiter: RateLimiter | undefined,
  config: Pick<Config, 'RATE_LIMIT_IDENTITY' | 'RATE_LIMIT_ADDRESS'>,
): OperationRate {
  const allowances = recentlyUsed<Allowance>(50_000);
  const common = { windowS: WINDOW_S, mayChange: true };
  const rules = {
    user: { name: 'operations-identity', limit: config.RATE_LIMIT_IDENTITY, ...common },
    anonymous: { name: 'operations-address', limit: config.RATE_LIMIT_ADDRESS, ...common },
  };

  /** The limit may have changed since the last operation. */
  function ruleOf(kind: keyof typeof rules): RateRule {
    const limit = kind === 'user' ? config.RATE_LIMIT_IDENTITY : config.RATE_LIMIT_ADDRESS;
    if (limit !== rules[kind].limit) {
      rules[kind] = { ...rules[kind], limit };
      allowances.clear();
    }
    return rules[kind];
  }

  async function ask(key: string, rule: RateRule, allowance: Allowance): Promise<void> {
    // The next window begins with all of them.
    const remaining = allowance.until > Date.now() ? allowance.remaining : rule.limit;
    const share = Math.floor(remaining / SHARE);
    const portion = Math.max(1, Math.min(PORTION, share), allowance.waiting);
    const verdict = await limiter!.consume(key, rule, portion, 1);
    allowance.remaining = verdict.remaining;
    allowance.left = verdict.spent;
    allowance.until = verdict.resetsAt.getTime();
    allowance.refusedUntil = verdict.allowed ? 0 : allowance.until;
  }

  async function wait(key: string, rule: RateRule, allowance: Allowance): Promise<CodedError | undefined> {
    allowance.waiting++;
    try {
      for (;;) {
        const now = Date.now();
        if (allowance.refusedUntil > now) return refusal(rule, allowance.refusedUntil - now);
        if (allowance.left > 0 && allowance.until > now) {
          allowance.left--;
          return undefined;
        }
        allowance.asking ??= ask(key, rule, allowance).finally(() => {
          allowance.asking = undefined;
        });
        await allowance.asking;
      }
    } finally {
      allowance.waiting--;
    }
  }

  return {
    spend(identity, client) {
      if (!limiter || identity.kind === 'service') return undefined;
      const rule = ruleOf(identity.kind);
      if (rule.limit === 0) return undefined;
      const key = identity.kind === 'user' ? `user:${personOf(identity)}` : `address:${networkOf(client)}`;
      let allowance = allowances.get(key);
      if (!allowance) {
        allowance = { left: 0, until: 0, refusedUntil: 0, remaining: rule.limit, waiting: 0, asking: undefined };
        allowances.set(key, allowance);
      }
      const now = Date.now();
      if (allowance.refusedUntil <= now && allowance.left > 0 && allowance.until > now) {
        allowance.left--;
        return undefined;
      }
      return wait(key, rule, allowance);
    },
  };
}

const refusal = (rule: RateRule, ms: number): CodedError =>
  rateLimited(`More than ${rule.limit} operations a minute.`, Math.max(1, Math.ceil(ms / 1_000)));

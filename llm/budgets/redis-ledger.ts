import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { CodedError } from '#platform/base/errors/errors.ts';
import {
  type BudgetLedger,
  type Claim,
  counterOf,
  HOLD_MS,
  type Refusal,
  type Reservation,
  windowOf,
} from './budgets.ts';

/** A connection and the prefix of every key; RedisConnections of platform/realtime/redis has both. */
export interface LedgerRedis {
  readonly commands: Redis;
  readonly prefix: string;
}

/**
 * KEYS: for each claim the counter of its window, that of the window before, and its holds (a sorted set of
 * `<reservation> <amount>` by expiry). ARGV: now, expiry of the hold, reservation, then for each claim amount, limit
 * and the weight of the window before. Answers nothing, or the index of the claim that does not fit and what is left.
 */
const RESERVE = `
local now, expiry, id = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local claims = #KEYS / 3
for i = 1, claims do
  local spent, before, holds = KEYS[i * 3 - 2], KEYS[i * 3 - 1], KEYS[i * 3]
  local amount, limit, weight = tonumber(ARGV[i * 3 + 1]), tonumber(ARGV[i * 3 + 2]), tonumber(ARGV[i * 3 + 3])
  redis.call('ZREMRANGEBYSCORE', holds, '-inf', now)
  local used = tonumber(redis.call('GET', spent) or '0')
  if weight > 0 then used = used + tonumber(redis.call('GET', before) or '0') * weight end
  for _, hold in ipairs(redis.call('ZRANGE', holds, 0, -1)) do
    used = used + tonumber(string.match(hold, ' (%d+)$'))
  end
  if used + amount > limit then return { i, string.format('%.0f', math.max(0, math.floor(limit - used))) } end
end
for i = 1, claims do
  redis.call('ZADD', KEYS[i * 3], expiry, id .. ' ' .. ARGV[i * 3 + 1])
  redis.call('PEXPIREAT', KEYS[i * 3], expiry)
end
return {}
`;

/**
 * KEYS: for each claim its counter and its holds. ARGV: for each claim the hold, what was spent, and the counter's end.
 */
const SETTLE = `
for i = 1, #KEYS / 2 do
  if redis.call('ZREM', KEYS[i * 2], ARGV[i * 3 - 2]) == 1 then
    redis.call('INCRBY', KEYS[i * 2 - 1], ARGV[i * 3 - 1])
    redis.call('PEXPIREAT', KEYS[i * 2 - 1], ARGV[i * 3])
  end
end
return 1
`;

type Script = (keys: number, ...keysAndArguments: (string | number)[]) => Promise<unknown>;

/** The ledger that all processes share. Amounts stay below 2^53 nanodollars, about nine million dollars a window. */
export class RedisLedger implements BudgetLedger {
  readonly #prefix: string;
  readonly #reserve: Script;
  readonly #settle: Script;

  constructor({ commands, prefix }: LedgerRedis) {
    this.#prefix = `${prefix}budget:`;
    commands.defineCommand('llmReserve', { lua: RESERVE });
    commands.defineCommand('llmSettle', { lua: SETTLE });
    const scripts = commands as unknown as { llmReserve: Script; llmSettle: Script };
    this.#reserve = (...args) => scripts.llmReserve(...args);
    this.#settle = (...args) => scripts.llmSettle(...args);
  }

  /** @throws SERVICE_UNAVAILABLE when Redis does not answer: what guards money is closed when it cannot look. */
  async reserve(claims: readonly Claim[], now = Date.now()): Promise<Reservation | Refusal> {
    const id = randomUUID();
    const keys = claims.flatMap((claim) => {
      const window = windowOf(claim.per, now);
      return [this.#spent(claim, window.id), this.#spent(claim, window.previous ?? window.id), this.#holds(claim)];
    });
    const amounts = claims.flatMap((claim) => [claim.amount, claim.limit, windowOf(claim.per, now).weight]);
    let answer: [number, string] | [];
    try {
      answer = (await this.#reserve(keys.length, ...keys, now, now + HOLD_MS, id, ...amounts)) as [number, string] | [];
    } catch (cause) {
      const error = new CodedError(
        'SERVICE_UNAVAILABLE',
        'The budgets cannot be read at the moment. Try again in a few seconds.',
      );
      error.cause = cause;
      throw error;
    }
    if (answer.length === 0) return { ok: true, id, claims, at: now };
    const claim = claims[answer[0] - 1]!;
    return { ok: false, claim, available: Number(answer[1]), resetsAt: windowOf(claim.per, now).endsAt };
  }

  async settle(reservation: Reservation, spent: (claim: Claim) => number): Promise<void> {
    const { claims, id, at } = reservation;
    const keys = claims.flatMap((claim) => [this.#spent(claim, windowOf(claim.per, at).id), this.#holds(claim)]);
    const settled = claims.flatMap((claim) => [
      `${id} ${claim.amount}`,
      spent(claim),
      windowOf(claim.per, at).endsAt + 60_000,
    ]);
    await this.#settle(keys.length, ...keys, ...settled);
  }

  #spent(claim: Claim, window: string): string {
    return `${this.#prefix}${counterOf(claim)}:${window}`;
  }

  #holds(claim: Claim): string {
    return `${this.#prefix}${counterOf(claim)}:held`;
  }
}

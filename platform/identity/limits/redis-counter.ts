import type { RedisConnections, RedisScript } from '../../realtime/redis/redis.ts';
import type { Counter, Tally } from './counter.ts';
import type { RateRule } from './rate-limiter.ts';

/** KEYS: the window. ARGV: points, least, limit, length of a window in ms. Returns spent, total, ms left. */
const SPEND = `
local total = tonumber(redis.call('GET', KEYS[1]) or '0')
local left = redis.call('PTTL', KEYS[1])
if left < 1 then left = tonumber(ARGV[4]) end
local spent = math.min(tonumber(ARGV[1]), tonumber(ARGV[3]) - total)
if spent < tonumber(ARGV[2]) then spent = 0 end
if spent > 0 then
  total = total + spent
  redis.call('SET', KEYS[1], string.format('%.0f', total), 'PX', left)
end
return { spent, total, left }`;

/** KEYS: the window. ARGV: points, ms left of the window they were spent in, half the length of a window in ms. */
const GIVE_BACK = `
local total = tonumber(redis.call('GET', KEYS[1]) or '0')
local left = redis.call('PTTL', KEYS[1])
if left < 1 or math.abs(left - tonumber(ARGV[2])) >= tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', math.max(0, total - tonumber(ARGV[1]))), 'PX', left)
return 1`;

/** The counter in Redis, for all processes. Each call is one script, which Redis runs without a break. */
export class RedisCounter implements Counter {
  readonly #prefix: string;
  readonly #spend: RedisScript;
  readonly #giveBack: RedisScript;

  constructor(redis: RedisConnections) {
    this.#prefix = `${redis.prefix}limit:`;
    this.#spend = redis.script('limitSpend', 1, SPEND);
    this.#giveBack = redis.script('limitGiveBack', 1, GIVE_BACK);
  }

  async spend(key: string, rule: RateRule, points: number, least: number): Promise<Tally> {
    const answer = await this.#spend(this.#keyOf(key, rule), points, least, rule.limit, rule.windowS * 1_000);
    const [spent, total, msLeft] = answer as [number, number, number];
    return { spent, total, msLeft };
  }

  async giveBack(key: string, rule: RateRule, points: number, msLeft: number): Promise<void> {
    await this.#giveBack(this.#keyOf(key, rule), points, Math.round(msLeft), rule.windowS * 500);
  }

  #keyOf(key: string, rule: RateRule): string {
    return `${this.#prefix}${rule.name}:${key}`;
  }
}

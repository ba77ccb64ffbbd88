import { CodedError, rateLimited } from '#platform/base/errors/errors.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Identity } from '#platform/identity/identity.ts';
import { checkBudgets } from '#platform/identity/limits/spent-budgets.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';
import { type Picodollars, parseMoney } from '../accounting/money.ts';
import { costOfUsage, type Prices } from '../accounting/prices.ts';
import type { Alias, Catalogue, Deployment, LimitRule } from '../catalogue/catalogue.ts';
import type { LlmCallRecord, Usage } from '../records/record.ts';
import { roomOf } from '../tokens/room.ts';
import type { BudgetLedger, Claim, Refusal, Reservation } from './budgets.ts';

/**
 * Replies that are asked for without a limit are held to this many tokens where a budget applies: it must be reserved.
 */
const DEFAULT_REPLY_TOKENS = 4_096;
/** A budget that would allow fewer is called spent. */
const SHORTEST_REPLY = 64;
const PICO_PER_NANO = 1_000n;

export interface Demand {
  readonly catalogue: Catalogue;
  readonly alias: Alias;
  readonly identity: Identity;
  readonly inputTokens: number;
  readonly maxTokens: number | undefined;
  readonly images?: number;
}

/** The reservation that a call holds until it is settled. */
export interface Held {
  /** Most tokens of the reply; undefined when no limit applies and the request set none. */
  readonly maxTokens: number | undefined;
  /** Exactly once, with the call's record. */
  settle(record: LlmCallRecord): Promise<void>;
}

interface Ruled {
  readonly subject: string;
  readonly rule: LimitRule;
}

/** Returns the rules that apply to a call. */
export function rulesFor({ catalogue, alias, identity }: Pick<Demand, 'catalogue' | 'alias' | 'identity'>): Ruled[] {
  const { limits } = catalogue;
  const rules: Ruled[] = [];
  if (identity.kind === 'user') {
    if (limits.user) rules.push({ subject: `user:${identity.userId}`, rule: limits.user });
    if (limits.apiKey && identity.apiKeyId) rules.push({ subject: `key:${identity.apiKeyId}`, rule: limits.apiKey });
  }
  const model = limits.models.get(alias.id);
  if (model) rules.push({ subject: `model:${alias.id}`, rule: model });
  return rules;
}

/** The keeper that holds calls to the limits of the catalogue. */
export class LimitKeeper {
  readonly #ledger: BudgetLedger;
  readonly #prices: Prices;
  readonly #log: Logger;
  readonly #cache: Pick<Cache, 'get'> | undefined;
  readonly #deployments = new WeakMap<Alias, readonly Deployment[]>();

  /** @param cache where analytics says which budgets are spent. */
  constructor(ledger: BudgetLedger, prices: Prices, log: Logger, cache?: Pick<Cache, 'get'>) {
    this.#ledger = ledger;
    this.#prices = prices;
    this.#log = log;
    this.#cache = cache;
  }

  /**
   * Reserves the most that a call can come to, at the dearest deployment that may answer it.
   *
   * @throws RATE_LIMITED (`retryAfter`), BUDGET_EXCEEDED (`resetsAt`).
   */
  async hold(demand: Demand): Promise<Held> {
    if (this.#cache && demand.identity.kind === 'user') await checkBudgets(this.#cache, demand.identity.userId);
    const rules = rulesFor(demand);
    if (rules.length === 0) return { maxTokens: demand.maxTokens, settle: async () => undefined };
    const deployments = this.#reachable(demand);
    let outputTokens = demand.maxTokens ?? unlimitedReply(deployments);
    const reserve = async () =>
      this.#ledger.reserve(
        claimsOf(rules, demand.inputTokens + outputTokens, await this.#most(demand, deployments, outputTokens)),
      );
    let result = await reserve();
    if (!result.ok && demand.maxTokens === undefined && demand.images === undefined) {
      // What is left may still pay for a shorter reply.
      const affordable = await this.#affordable(result, demand, deployments);
      if (affordable >= SHORTEST_REPLY) {
        outputTokens = affordable;
        result = await reserve();
      }
    }
    if (!result.ok) throw refused(result);
    const reservation = result;
    return { maxTokens: outputTokens, settle: (record) => this.#settle(reservation, record) };
  }

  /** Every deployment that may come to answer. */
  #reachable({ catalogue, alias }: Demand): readonly Deployment[] {
    let deployments = this.#deployments.get(alias);
    if (!deployments) {
      const { general, contextWindow, contentPolicy } = alias.fallbacks;
      const others = [...general, ...contextWindow, ...contentPolicy].flatMap((id) => catalogue.aliases.get(id) ?? []);
      deployments = [...new Set([alias, ...others].flatMap((one) => one.targets.map((target) => target.deployment)))];
      this.#deployments.set(alias, deployments);
    }
    return deployments;
  }

  async #settle(reservation: Reservation, record: LlmCallRecord): Promise<void> {
    const tokens = record.usage.inputTokens + record.usage.outputTokens;
    const paid = record.cache === 'off' || record.cache === 'miss';
    const spent = { requests: 1, tokens: paid ? tokens : 0, nanodollars: nano(parseMoney(record.cost ?? '0')) };
    try {
      await this.#ledger.settle(reservation, (claim) => spent[claim.unit]);
    } catch (error) {
      this.#log.error(
        { err: error, call: record.id, spent },
        'a budget could not be settled; the reservation stays until it lapses',
      );
    }
  }

  async #most(demand: Demand, deployments: readonly Deployment[], outputTokens: number): Promise<Picodollars> {
    const usage: Usage = {
      inputTokens: demand.inputTokens,
      cachedInputTokens: 0,
      cacheWriteTokens: demand.inputTokens,
      outputTokens,
      reasoningTokens: 0,
      estimated: true,
    };
    let most = 0n;
    for (const deployment of deployments) {
      const price = await this.#prices.of(deployment);
      const cost = (price && costOfUsage(price, usage, demand.images)) ?? 0n;
      if (cost > most) most = cost;
    }
    return most;
  }

  /** Output tokens that what is left allows. */
  async #affordable(refusal: Refusal, demand: Demand, deployments: readonly Deployment[]): Promise<number> {
    if (refusal.claim.unit === 'tokens') return refusal.available - demand.inputTokens;
    if (refusal.claim.unit !== 'nanodollars') return 0;
    const [none, thousand] = [await this.#most(demand, deployments, 0), await this.#most(demand, deployments, 1_000)];
    const left = BigInt(refusal.available) * PICO_PER_NANO - none;
    return left <= 0n || thousand <= none ? 0 : Number((left * 1_000n) / (thousand - none));
  }
}

/** Returns the tokens that are reserved for a reply without a limit: no more than its model lets it have. */
const unlimitedReply = (deployments: readonly Deployment[]): number => {
  const most = deployments.map((one) => roomOf(one, {}, undefined, DEFAULT_REPLY_TOKENS).reply!);
  return Math.max(...most);
};

function claimsOf(rules: readonly Ruled[], tokens: number, cost: Picodollars): Claim[] {
  return rules.flatMap(({ subject, rule }) => {
    const claims: Claim[] = [];
    if (rule.requestsPerMinute !== undefined)
      claims.push({ subject, unit: 'requests', limit: rule.requestsPerMinute, per: 'minute', amount: 1 });
    if (rule.tokensPerMinute !== undefined)
      claims.push({ subject, unit: 'tokens', limit: rule.tokensPerMinute, per: 'minute', amount: tokens });
    if (rule.budget)
      claims.push({
        subject,
        unit: 'nanodollars',
        limit: nano(parseMoney(rule.budget.amount)),
        per: rule.budget.per,
        amount: nano(cost),
      });
    return claims;
  });
}

/** Rounded up: what guards money errs on its side. */
const nano = (amount: Picodollars): number => Number((amount + PICO_PER_NANO - 1n) / PICO_PER_NANO);

function refused({ claim, resetsAt }: Refusal): CodedError {
  const whose = WHOSE[claim.subject.slice(0, claim.subject.indexOf(':'))] ?? 'limit';
  if (claim.unit === 'nanodollars') {
    const at = new Date(resetsAt).toISOString();
    return new CodedError(
      'BUDGET_EXCEEDED',
      `The ${whose} budget of this ${claim.per} is spent. It is renewed at ${at}.`,
      { resetsAt: at },
    );
  }
  const retryAfter = Math.max(1, Math.ceil((resetsAt - Date.now()) / 1000));
  if (claim.amount > claim.limit) {
    return new CodedError(
      'RATE_LIMITED',
      `This needs ${claim.amount} tokens, and the ${whose} limit is ${claim.limit} a minute. Shorten it.`,
      { retryAfter },
    );
  }
  return rateLimited(`The ${whose} limit of ${claim.limit} ${claim.unit} a minute is reached.`, retryAfter);
}

const WHOSE: Partial<Record<string, string>> = { user: 'user’s', key: 'API key’s', model: 'model’s' };

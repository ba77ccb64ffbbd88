import type { Deployment, PriceEntry } from '../catalogue/catalogue.ts';
import type { ModelPrice } from '../models.ts';
import type { Usage } from '../records/record.ts';
import { costOf, formatMoney, type Picodollars, parseMoney } from './money.ts';

/** The table's version and date: it is data, and data age. llm.yaml overrides it per deployment. */
export const PRICE_TABLE = '@pydantic/genai-prices 0.1.8 (2026-09-23)';

/** The prices of one deployment in picodollars a million tokens, and an image. */
export interface Price {
  readonly input: Picodollars | undefined;
  readonly cachedInput: Picodollars | undefined;
  /** Of input that goes into the provider's cache. */
  readonly cacheWrite: Picodollars | undefined;
  readonly output: Picodollars | undefined;
  readonly perImage: Picodollars | undefined;
  /** Prices of prompts longer than `above` tokens; they hold for the whole call. */
  readonly long: { readonly above: number; readonly price: Omit<Price, 'long' | 'source'> } | undefined;
  readonly source: string;
}

/** Providers of the catalogue by the names of the table. */
const TABLE_PROVIDERS: Partial<Record<string, string>> = {
  openai: 'openai',
  azure: 'azure',
  openrouter: 'openrouter',
  groq: 'groq',
  mistral: 'mistral',
  deepseek: 'deepseek',
};

/** The prices by deployment; the table is loaded when first needed. */
export class Prices {
  readonly #known = new WeakMap<Deployment, Price | undefined>();

  /** Undefined when neither llm.yaml nor the table knows one: then a call's cost is unknown, not zero. */
  async of(deployment: Deployment): Promise<Price | undefined> {
    if (!this.#known.has(deployment)) this.#known.set(deployment, await this.#find(deployment));
    return this.#known.get(deployment);
  }

  async #find(deployment: Deployment): Promise<Price | undefined> {
    if (deployment.price) return fromEntry(deployment.price, 'llm.yaml');
    if (deployment.provider.free)
      return fromEntry({ inputPerMillion: '0', outputPerMillion: '0', perImage: '0' }, 'a server of your own');
    const { type, baseUrl } = deployment.provider;
    const providerId = TABLE_PROVIDERS[type];
    const { calcPrice } = await import('@pydantic/genai-prices');
    // The table knows many hosts by their address.
    const where = providerId ? { providerId } : { providerApiUrl: baseUrl };
    const found = calcPrice({ input_tokens: 1 }, deployment.model, where);
    return found ? fromTable(found.model_price) : undefined;
  }
}

function fromEntry(entry: PriceEntry, source: string): Price {
  const money = (decimal: string | undefined) => (decimal === undefined ? undefined : parseMoney(decimal));
  return {
    input: money(entry.inputPerMillion),
    cachedInput: money(entry.cachedInputPerMillion),
    cacheWrite: money(entry.cacheWritePerMillion),
    output: money(entry.outputPerMillion),
    perImage: money(entry.perImage),
    long: undefined,
    source,
  };
}

type TablePrice =
  | number
  | { readonly base: number; readonly tiers: readonly { readonly start: number; readonly price: number }[] }
  | undefined;

function fromTable(prices: Readonly<Record<string, TablePrice>>): Price {
  const at = (name: string, tokens: number): Picodollars | undefined => {
    const price = prices[name];
    if (price === undefined) return undefined;
    if (typeof price === 'number') return fromNumber(price);
    return fromNumber(price.tiers.findLast((tier) => tokens > tier.start)?.price ?? price.base);
  };
  const all = (tokens: number) => ({
    input: at('input_mtok', tokens),
    cachedInput: at('cache_read_mtok', tokens),
    cacheWrite: at('cache_write_mtok', tokens),
    output: at('output_mtok', tokens),
    perImage: undefined,
  });
  const starts = Object.values(prices).flatMap((price) =>
    typeof price === 'object' ? price.tiers.map((tier) => tier.start) : [],
  );
  const above = starts.length > 0 ? Math.min(...starts) : undefined;
  return { ...all(0), long: above === undefined ? undefined : { above, price: all(above + 1) }, source: PRICE_TABLE };
}

/** The table's numbers are short decimals; twelve places keep them exactly. */
const fromNumber = (price: number): Picodollars => parseMoney(price.toFixed(12));

/** Returns what a call cost, frozen with today's prices; undefined when a price that it needs is not known. */
export function costOfUsage(price: Price, usage: Usage, images = 0): Picodollars | undefined {
  const rate = price.long && usage.inputTokens > price.long.above ? price.long.price : price;
  if (images > 0 && rate.perImage !== undefined) return BigInt(images) * rate.perImage;
  if (rate.input === undefined && usage.inputTokens > 0) return undefined;
  if (rate.output === undefined && usage.outputTokens > 0) return undefined;
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  const written = Math.min(usage.cacheWriteTokens ?? 0, usage.inputTokens - cached);
  return (
    costOf(usage.inputTokens - cached - written, rate.input ?? 0n) +
    costOf(cached, rate.cachedInput ?? rate.input ?? 0n) +
    costOf(written, rate.cacheWrite ?? rate.input ?? 0n) +
    costOf(usage.outputTokens, rate.output ?? 0n)
  );
}

/** Describes a price as decimal strings. */
export const describePrice = (price: Price): ModelPrice => {
  const text = (amount: Picodollars | undefined) => (amount === undefined ? undefined : formatMoney(amount));
  return {
    inputPerMillion: text(price.input),
    cachedInputPerMillion: text(price.cachedInput),
    outputPerMillion: text(price.output),
    perImage: text(price.perImage),
    source: price.source,
  };
};

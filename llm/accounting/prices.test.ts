import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { aDeployment, aProvider } from '../testing/build.ts';
import { NO_USAGE } from './accounting.ts';
import { formatMoney } from './money.ts';
import { costOfUsage, describePrice, PRICE_TABLE, Prices } from './prices.ts';

const prices = new Prices();
const at = (model: string, type: 'openai' | 'groq' | 'compatible' | 'azure', url = 'http://127.0.0.1:1/v1') =>
  prices.of(aDeployment(url, { model, provider: aProvider(url, { type }) }));

describe('the price table', () => {
  it('is labelled with the version that is installed', async () => {
    const main = createRequire(import.meta.url).resolve('@pydantic/genai-prices');
    const { version } = JSON.parse(await readFile(main.replace(/dist.*/, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(PRICE_TABLE).toContain(` ${version} `);
  });

  it('knows chat and embedding models of the large providers, also by their address', async () => {
    expect(describePrice((await at('gpt-4o-mini', 'openai'))!)).toMatchObject({
      inputPerMillion: '0.15',
      cachedInputPerMillion: '0.075',
      outputPerMillion: '0.6',
    });
    expect(await at('text-embedding-3-small', 'openai')).toBeDefined();
    expect(await at('llama-3.3-70b-versatile', 'groq')).toBeDefined();
    expect(await at('llama-3.3-70b-versatile', 'compatible', 'https://api.groq.com/openai/v1')).toBeDefined();
    expect(await at('my-own-model', 'openai')).toBeUndefined();
  });

  it('has a price for what goes into a cache, where the provider has one', async () => {
    const price = (await at('claude-sonnet-4-5', 'compatible', 'https://api.anthropic.com/v1'))!;
    const usage = { ...NO_USAGE, inputTokens: 1_000_000, cachedInputTokens: 0 };
    const [plain, written] = [
      costOfUsage(price, usage)!,
      costOfUsage(price, { ...usage, cacheWriteTokens: 1_000_000 })!,
    ];
    expect(Number(formatMoney(written)) / Number(formatMoney(plain))).toBeCloseTo(1.25, 5);
    const { cacheWrite: _, ...without } = price;
    expect(costOfUsage({ ...without, cacheWrite: undefined, long: undefined }, { ...usage, cacheWriteTokens: 9 })).toBe(
      costOfUsage({ ...price, long: undefined }, usage),
    );
  });

  it('is read with its higher prices for long prompts', async () => {
    const { calcPrice } = await import('@pydantic/genai-prices');
    const model = ['gpt-5.4', 'gpt-5.5', 'gpt-5.2'].find(
      (name) =>
        typeof calcPrice({ input_tokens: 1 }, name, { providerId: 'openai' })?.model_price.input_mtok === 'object',
    );
    if (!model) throw new Error('the table has no model with tiers any more: choose another for this test');
    const price = (await at(model, 'openai'))!;
    for (const inputTokens of [1_000, 900_000]) {
      const expected = calcPrice({ input_tokens: inputTokens, output_tokens: 1_000 }, model, {
        providerId: 'openai',
      })!.total_price;
      expect(Number(formatMoney(costOfUsage(price, { ...NO_USAGE, inputTokens, outputTokens: 1_000 })!))).toBeCloseTo(
        expected,
        9,
      );
    }
  });
});

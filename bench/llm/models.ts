import { pino } from 'pino';
import { Registry } from 'prom-client';
import { aliasFor, type Catalogue, type Deployment, NO_LIMITS } from '#llm/catalogue/catalogue.ts';
import { createModels } from '#llm/create-models.ts';
import type { Models } from '#llm/models.ts';
import { loadConfig } from '#platform/base/config/config.ts';

/** One model at that server, with limits and a budget on, as an installation would have them. */
export function modelsAt(baseUrl: string, cache: boolean): Models {
  const deployment: Deployment = {
    id: 'bench',
    provider: {
      id: 'bench',
      type: 'compatible',
      baseUrl,
      keys: [],
      headers: {},
      apiVersion: undefined,
      streamUsage: true,
      free: false,
    },
    model: 'bench',
    capabilities: {
      chat: true,
      tools: true,
      vision: false,
      json: true,
      reasoning: false,
      embeddings: false,
      images: false,
      rerank: false,
    },
    contextWindow: 128_000,
    maxOutputTokens: 4_096,
    price: { inputPerMillion: '0.15', outputPerMillion: '0.6' },
    tags: [],
    limits: {},
    stallMs: 60_000,
  };
  const alias = {
    ...aliasFor('bench', deployment),
    cache: cache ? ({ ttlMs: 600_000, scope: 'user' } as const) : undefined,
  };
  const catalogue: Catalogue = {
    aliases: new Map([['bench', alias]]),
    deployments: new Map([['bench', deployment]]),
    defaults: { chat: 'bench' },
    limits: {
      ...NO_LIMITS,
      user: {
        requestsPerMinute: 1_000_000_000,
        tokensPerMinute: 1_000_000_000_000,
        budget: { amount: '1000000', per: 'month' },
      },
    },
    source: 'bench',
    problems: [],
  };
  return createModels({
    config: loadConfig({}),
    log: pino({ level: 'warn' }),
    metrics: new Registry(),
    catalogue,
    onRecord: () => undefined,
  });
}

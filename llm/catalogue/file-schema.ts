import { z } from 'zod';
import { APIS, PROVIDER_TYPES, STRATEGIES } from './catalogue.ts';
import { toolServer, toolServerName } from './tool-server-settings.ts';

/**
 * The shape of llm.yaml. llm.example.yaml shows and explains all of it; unknown members are refused, as typing errors.
 */

const decimal = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((text) => /^\d{1,12}(\.\d{1,12})?$/.test(text), 'an amount such as 0.15');
const name = z.string().regex(/^[\w./:@+-]{1,128}$/, 'a name of letters, digits and . / : @ + - _, at most 128 long');
const whole = (min: number, max: number) => z.int(`a whole number from ${min} to ${max}`).min(min).max(max);
const names = z.array(name).default([]);

const capability = z.enum(['chat', 'tools', 'vision', 'json', 'reasoning', 'embeddings', 'images', 'rerank']);

const price = z.strictObject({
  /** US dollars a million tokens. */
  input: decimal.optional(),
  cached_input: decimal.optional(),
  cache_write: decimal.optional(),
  output: decimal.optional(),
  /** US dollars an image. */
  image: decimal.optional(),
});

const provider = z.strictObject({
  type: z.enum(PROVIDER_TYPES),
  api: z.enum(APIS).default('chat'),
  base_url: z.url({ protocol: /^https?$/, error: 'an http:// or https:// URL' }).optional(),
  api_key: z.string().optional(),
  api_keys: z.array(z.string()).optional(),
  headers: z.record(z.string(), z.string()).default({}),
  api_version: z.string().optional(),
  stream_usage: z.boolean().default(true),
  free: z.boolean().optional(),
});

const deployment = z.strictObject({
  provider: name,
  model: z.string().min(1).max(200),
  capabilities: z.array(capability).optional(),
  context_window: whole(256, 100_000_000).optional(),
  max_output_tokens: whole(1, 10_000_000).optional(),
  price: price.optional(),
  tags: names,
  requests_per_minute: whole(1, 1_000_000_000).optional(),
  tokens_per_minute: whole(1, 1_000_000_000_000).optional(),
  parallel: whole(1, 100_000).optional(),
  stall_ms: whole(100, 3_600_000).optional(),
});

const condition = z.strictObject({
  min_input_tokens: whole(0, 100_000_000).optional(),
  max_input_tokens: whole(1, 100_000_000).optional(),
  needs: z.array(capability).optional(),
  tags: z.array(name).optional(),
});

const target = z.union([
  name.transform((use) => ({ use, weight: 1, order: 0, when: undefined })),
  z.strictObject({
    use: name,
    weight: z.number().positive().max(1_000_000).default(1),
    order: whole(0, 1_000).default(0),
    when: condition.optional(),
  }),
]);

const cache = z.strictObject({
  ttl_s: whole(1, 31_536_000),
  scope: z.enum(['user', 'shared']).default('user'),
});

const model = z.strictObject({
  description: z.string().max(500).optional(),
  strategy: z.enum(STRATEGIES).default('priority'),
  deployments: z.array(target).min(1, 'at least one deployment'),
  fallbacks: z.strictObject({ general: names, context_window: names, content_policy: names }).partial().default({}),
  retries: z
    .strictObject({
      attempts: whole(0, 10).default(2),
      base_ms: whole(0, 60_000).default(250),
      max_ms: whole(0, 60_000).default(5_000),
      max_wait_ms: whole(0, 60_000).default(20_000),
    })
    .optional(),
  hedge_after_ms: whole(1, 600_000).optional(),
  cache: cache.optional(),
  semantic_cache: cache.extend({ threshold: z.number().min(0.5).max(1).default(0.92) }).optional(),
  summarise_with: name.optional(),
});

const limit = z.strictObject({
  requests_per_minute: whole(1, 1_000_000_000).optional(),
  tokens_per_minute: whole(1, 1_000_000_000_000).optional(),
  budget: z.strictObject({ amount: decimal, per: z.enum(['day', 'month']) }).optional(),
});

export const catalogueFile = z.strictObject({
  default: name.optional(),
  default_embeddings: name.optional(),
  default_images: name.optional(),
  default_rerank: name.optional(),
  providers: z.record(name, provider),
  deployments: z.record(name, deployment),
  models: z.record(name, model),
  limits: z
    .strictObject({ user: limit, api_key: limit, models: z.record(name, limit) })
    .partial()
    .default({}),
  tool_servers: z.record(toolServerName, toolServer).default({}),
});

export type CatalogueFile = z.infer<typeof catalogueFile>;

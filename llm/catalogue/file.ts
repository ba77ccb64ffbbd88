import type { z } from 'zod';
import {
  type Alias,
  type Catalogue,
  type Condition,
  DEFAULT_RETRIES,
  type Deployment,
  type LimitRule,
  type PriceEntry,
  type Provider,
  type ProviderType,
} from './catalogue.ts';
import { defaultsOf } from './environment.ts';
import { type CatalogueFile, catalogueFile } from './file-schema.ts';
import { knownModel } from './known-models.ts';

/**
 * The error of a wrong llm.yaml. The message has a line for each mistake: where, what was given and what is allowed.
 */
export class CatalogueError extends Error {
  override name = 'CatalogueError';
}

const BASE_URLS: Partial<Record<ProviderType, string>> = {
  openai: 'https://api.openai.com/v1',
  openrouter: 'https://openrouter.ai/api/v1',
  groq: 'https://api.groq.com/openai/v1',
  mistral: 'https://api.mistral.ai/v1',
  deepseek: 'https://api.deepseek.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  gemini: 'https://generativelanguage.googleapis.com/v1beta/openai',
  moonshot: 'https://api.moonshot.ai/v1',
  together: 'https://api.together.xyz/v1',
  vllm: 'http://127.0.0.1:8000/v1',
  ollama: 'http://127.0.0.1:11434/v1',
  lmstudio: 'http://127.0.0.1:1234/v1',
  llamacpp: 'http://127.0.0.1:8080/v1',
  localai: 'http://127.0.0.1:8080/v1',
};

/** Where the protocols of single providers are spoken. */
const NATIVE_URLS: Partial<Record<ProviderType, string>> = {
  anthropic: 'https://api.anthropic.com',
  gemini: 'https://generativelanguage.googleapis.com',
};

const OWN: readonly ProviderType[] = ['vllm', 'ollama', 'lmstudio', 'llamacpp', 'localai'];

/**
 * Reads llm.yaml.
 *
 * @param env fills `${NAME}` and `${NAME:-default}` in values, so that keys stay out of the file.
 * @throws CatalogueError
 */
export async function parseCatalogue(
  text: string,
  env: Record<string, string | undefined>,
  stallMs: number,
): Promise<Catalogue> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const [syntax] = document.errors;
  if (syntax) throw new CatalogueError(`llm.yaml cannot be read: ${syntax.message.split('\n')[0]}`);
  const missing = new Set<string>();
  const parsed = catalogueFile.safeParse(fill(document.toJS(), env, missing));
  if (missing.size > 0) {
    throw new CatalogueError(
      `llm.yaml uses ${[...missing].map((name) => `\${${name}}`).join(', ')}, which the environment does not set.`,
    );
  }
  if (!parsed.success) throw new CatalogueError(parsed.error.issues.map(line).join('\n'));
  return build(parsed.data, stallMs);
}

const line = (issue: z.core.$ZodIssue): string => `llm.yaml: ${issue.path.join('.') || 'the file'}: ${issue.message}`;

function fill(value: unknown, env: Record<string, string | undefined>, missing: Set<string>): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name: string, fallback: string | undefined) => {
      const found = env[name] || fallback;
      if (found === undefined) missing.add(name);
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, env, missing));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, env, missing)]));
}

async function build(file: CatalogueFile, stallMs: number): Promise<Catalogue> {
  const mistakes: string[] = [];
  const providers = new Map(Object.entries(file.providers).map(([id, entry]) => [id, provider(id, entry, mistakes)]));
  const deployments = new Map<string, Deployment>();
  for (const [id, entry] of Object.entries(file.deployments)) {
    const endpoint = providers.get(entry.provider);
    if (endpoint) {
      const made = await deployment(id, entry, endpoint, stallMs);
      const other = (['embeddings', 'images', 'rerank'] as const).find((one) => made.capabilities[one]);
      if (endpoint.api === 'native' && other)
        mistakes.push(`deployments.${id}.provider: ${entry.provider} has api: native, which is not for ${other}`);
      deployments.set(id, made);
    } else mistakes.push(`deployments.${id}.provider: there is no provider ${entry.provider}`);
  }
  const aliases = new Map(
    Object.entries(file.models).map(([id, entry]) => [id, alias(id, entry, deployments, mistakes)]),
  );
  const known = (path: string, id: string | undefined) => {
    if (id !== undefined && !aliases.has(id)) mistakes.push(`${path}: there is no model ${id}`);
  };
  for (const { id, fallbacks, summariseWith } of aliases.values()) {
    for (const [kind, chain] of Object.entries(fallbacks))
      for (const other of chain) known(`models.${id}.fallbacks.${kind}`, other);
    known(`models.${id}.summarise_with`, summariseWith);
  }
  known('default', file.default);
  known('default_embeddings', file.default_embeddings);
  known('default_images', file.default_images);
  known('default_rerank', file.default_rerank);
  for (const id of Object.keys(file.limits.models ?? {})) known(`limits.models.${id}`, id);
  if (mistakes.length > 0) throw new CatalogueError(mistakes.map((mistake) => `llm.yaml: ${mistake}`).join('\n'));
  const models = Object.entries(file.limits.models ?? {}).map(([id, rule]) => [id, limitRule(rule)] as const);
  return {
    aliases,
    deployments,
    defaults: {
      ...defaultsOf(aliases, file.default_embeddings),
      ...(file.default && { chat: file.default }),
      ...(file.default_images && { images: file.default_images }),
      ...(file.default_rerank && { rerank: file.default_rerank }),
    },
    limits: {
      user: file.limits.user && limitRule(file.limits.user),
      apiKey: file.limits.api_key && limitRule(file.limits.api_key),
      models: new Map(models),
    },
    source: 'llm.yaml',
    problems: [],
    toolServers: new Map(Object.entries(file.tool_servers)),
  };
}

function provider(id: string, entry: CatalogueFile['providers'][string], mistakes: string[]): Provider {
  const isNative = entry.api === 'native';
  if (isNative && NATIVE_URLS[entry.type] === undefined)
    mistakes.push(`providers.${id}.api: native is for the types ${Object.keys(NATIVE_URLS).join(' and ')}`);
  const url = entry.base_url ?? (isNative ? NATIVE_URLS : BASE_URLS)[entry.type];
  if (url === undefined) mistakes.push(`providers.${id}.base_url: is needed for the type ${entry.type}`);
  if (entry.type === 'azure' && entry.api_version === undefined)
    mistakes.push(`providers.${id}.api_version: is needed for the type azure, e.g. 2024-10-21`);
  return {
    id,
    type: entry.type,
    api: entry.api,
    // The SDKs add the version themselves.
    baseUrl: (url ?? '').replace(isNative ? /(\/v1(beta)?)?\/*$/ : /\/+$/, ''),
    keys: [...(entry.api_key ? [entry.api_key] : []), ...(entry.api_keys ?? [])].filter((key) => key !== ''),
    headers: entry.headers,
    apiVersion: entry.api_version,
    streamUsage: entry.stream_usage,
    free: entry.free ?? OWN.includes(entry.type),
  };
}

async function deployment(
  id: string,
  entry: CatalogueFile['deployments'][string],
  endpoint: Provider,
  stallMs: number,
): Promise<Deployment> {
  const known = await knownModel(entry.model);
  const told = entry.capabilities;
  const capabilities = told
    ? (Object.fromEntries(
        Object.keys(known.capabilities).map((key) => [key, (told as string[]).includes(key)]),
      ) as unknown as typeof known.capabilities)
    : known.capabilities;
  return {
    id,
    provider: endpoint,
    model: entry.model,
    capabilities,
    contextWindow: entry.context_window ?? known.contextWindow,
    maxOutputTokens: entry.max_output_tokens ?? known.maxOutputTokens,
    price: entry.price && priceEntry(entry.price),
    tags: entry.tags,
    limits: {
      ...(entry.requests_per_minute !== undefined && { requestsPerMinute: entry.requests_per_minute }),
      ...(entry.tokens_per_minute !== undefined && { tokensPerMinute: entry.tokens_per_minute }),
      ...(entry.parallel !== undefined && { parallel: entry.parallel }),
    },
    stallMs: entry.stall_ms ?? stallMs,
  };
}

const priceEntry = (entry: NonNullable<CatalogueFile['deployments'][string]['price']>): PriceEntry => ({
  ...(entry.input !== undefined && { inputPerMillion: entry.input }),
  ...(entry.cached_input !== undefined && { cachedInputPerMillion: entry.cached_input }),
  ...(entry.cache_write !== undefined && { cacheWritePerMillion: entry.cache_write }),
  ...(entry.output !== undefined && { outputPerMillion: entry.output }),
  ...(entry.image !== undefined && { perImage: entry.image }),
});

function alias(
  id: string,
  entry: CatalogueFile['models'][string],
  deployments: ReadonlyMap<string, Deployment>,
  mistakes: string[],
): Alias {
  const targets = entry.deployments.flatMap(({ use, weight, order, when }) => {
    const found = deployments.get(use);
    if (!found) mistakes.push(`models.${id}.deployments: there is no deployment ${use}`);
    return found ? [{ deployment: found, weight, order, when: when && condition(when) }] : [];
  });
  const { retries, cache, semantic_cache: semantic } = entry;
  return {
    id,
    description: entry.description,
    strategy: entry.strategy,
    targets,
    fallbacks: {
      general: entry.fallbacks.general ?? [],
      contextWindow: entry.fallbacks.context_window ?? [],
      contentPolicy: entry.fallbacks.content_policy ?? [],
    },
    retries: retries
      ? { attempts: retries.attempts, baseMs: retries.base_ms, maxMs: retries.max_ms, maxWaitMs: retries.max_wait_ms }
      : DEFAULT_RETRIES,
    hedgeAfterMs: entry.hedge_after_ms,
    cache: cache && { ttlMs: cache.ttl_s * 1000, scope: cache.scope },
    semanticCache: semantic && { ttlMs: semantic.ttl_s * 1000, scope: semantic.scope, threshold: semantic.threshold },
    summariseWith: entry.summarise_with,
  };
}

type FileCondition = NonNullable<Extract<CatalogueFile['models'][string]['deployments'][number], object>['when']>;

const condition = (entry: FileCondition): Condition => ({
  ...(entry.min_input_tokens !== undefined && { minInputTokens: entry.min_input_tokens }),
  ...(entry.max_input_tokens !== undefined && { maxInputTokens: entry.max_input_tokens }),
  ...(entry.needs && { needs: entry.needs }),
  ...(entry.tags && { tags: entry.tags }),
});

const limitRule = (entry: NonNullable<CatalogueFile['limits']['user']>): LimitRule => ({
  ...(entry.requests_per_minute !== undefined && { requestsPerMinute: entry.requests_per_minute }),
  ...(entry.tokens_per_minute !== undefined && { tokensPerMinute: entry.tokens_per_minute }),
  ...(entry.budget && { budget: entry.budget }),
});

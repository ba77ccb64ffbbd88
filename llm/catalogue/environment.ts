import type { Config } from '#platform/base/config/config.ts';
import { type Alias, aliasFor, type Catalogue, type Deployment, NO_LIMITS, type Provider } from './catalogue.ts';
import { findServers, type ListedModel, listModels } from './discovery.ts';
import { guessCapabilities, knownModel } from './known-models.ts';

export type EnvironmentSettings = Pick<
  Config,
  | 'OPENAI_API_KEY'
  | 'OPENAI_BASE_URL'
  | 'OPENAI_MODEL'
  | 'LOCAL_LLM_ENDPOINT'
  | 'LOCAL_LLM_MODEL'
  | 'LLM_DISCOVERY'
  | 'LLM_TIMEOUT_MS'
  | 'EMBEDDINGS_BASE_URL'
  | 'EMBEDDINGS_API_KEY'
  | 'EMBEDDINGS_MODEL'
>;

const OPENAI_URL = 'https://api.openai.com/v1';
/** Asked when OpenAI's own endpoint is configured and no model is named: small, current, with tools and vision. */
const OPENAI_DEFAULTS = { chat: 'gpt-5-mini', embeddings: 'text-embedding-3-small', images: 'gpt-image-1' };
const LIST_TIMEOUT_MS = 2_000;
/** A server with more models than any has is listed by its first ones, and that is said; llm.yaml can name any. */
const MAX_LISTED = 2_000;

/** Returns the catalogue without llm.yaml: what the environment names, else what answers on this machine. */
export async function environmentCatalogue(settings: EnvironmentSettings): Promise<Catalogue> {
  const draft = new Draft(settings.LLM_TIMEOUT_MS);
  const configured = [
    settings.OPENAI_API_KEY || settings.OPENAI_BASE_URL ? addOpenAi(draft, settings) : undefined,
    settings.LOCAL_LLM_ENDPOINT ? addLocal(draft, settings, settings.LOCAL_LLM_ENDPOINT) : undefined,
  ];
  await Promise.all(configured);
  let source = 'environment';
  if (configured.every((entry) => entry === undefined) && settings.LLM_DISCOVERY) {
    source = 'found on this machine';
    for (const server of await findServers()) {
      await draft.addListed(provider(server.type, server.type, server.baseUrl, undefined, true), server.models);
    }
  }
  if (settings.EMBEDDINGS_BASE_URL && settings.EMBEDDINGS_MODEL) {
    const endpoint = provider(
      'embeddings',
      'compatible',
      settings.EMBEDDINGS_BASE_URL,
      settings.EMBEDDINGS_API_KEY,
      false,
    );
    // Whatever its name looks like: it is not a model to chat with.
    const only = {
      chat: false,
      tools: false,
      vision: false,
      json: false,
      reasoning: false,
      embeddings: true,
      rerank: false,
    };
    await draft.add(endpoint, settings.EMBEDDINGS_MODEL, only);
  }
  return draft.finish(source, settings.EMBEDDINGS_MODEL);
}

async function addOpenAi(draft: Draft, settings: EnvironmentSettings): Promise<void> {
  const baseUrl = settings.OPENAI_BASE_URL ?? OPENAI_URL;
  const own = new URL(baseUrl).hostname === 'api.openai.com';
  const endpoint = provider('openai', own ? 'openai' : 'compatible', baseUrl, settings.OPENAI_API_KEY, false);
  if (settings.OPENAI_MODEL) await draft.add(endpoint, settings.OPENAI_MODEL, { chat: true });
  if (own) {
    if (!settings.OPENAI_MODEL) await draft.add(endpoint, OPENAI_DEFAULTS.chat, { chat: true });
    await draft.add(endpoint, OPENAI_DEFAULTS.embeddings, { embeddings: true });
    await draft.add(endpoint, OPENAI_DEFAULTS.images, { images: true });
    return;
  }
  await draft.addFrom(endpoint, 'OPENAI_BASE_URL', settings.OPENAI_MODEL === undefined && 'OPENAI_MODEL');
}

async function addLocal(draft: Draft, settings: EnvironmentSettings, url: string): Promise<void> {
  const endpoint = provider('local', 'compatible', url, undefined, true);
  if (settings.LOCAL_LLM_MODEL) await draft.add(endpoint, settings.LOCAL_LLM_MODEL, { chat: true });
  await draft.addFrom(endpoint, 'LOCAL_LLM_ENDPOINT', settings.LOCAL_LLM_MODEL === undefined && 'LOCAL_LLM_MODEL');
}

/** `http://localhost:11434` means its `/v1`. */
function provider(id: string, type: Provider['type'], url: string, key: string | undefined, free: boolean): Provider {
  const parsed = new URL(url);
  const baseUrl = (parsed.pathname === '/' ? `${parsed.origin}/v1` : url).replace(/\/+$/, '');
  return { id, type, baseUrl, keys: key ? [key] : [], headers: {}, apiVersion: undefined, streamUsage: true, free };
}

class Draft {
  readonly #aliases = new Map<string, Alias>();
  readonly #problems: string[] = [];
  readonly #stallMs: number;

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  async add(
    endpoint: Provider,
    model: string,
    sure: Partial<Deployment['capabilities']>,
    listedWindow?: number,
  ): Promise<void> {
    const known = endpoint.type === 'openai' ? await knownModel(model) : { capabilities: guessCapabilities(model) };
    const deployment: Deployment = {
      id: `${endpoint.id}/${model}`,
      provider: endpoint,
      model,
      capabilities: { ...known.capabilities, ...sure },
      contextWindow: listedWindow ?? ('contextWindow' in known ? known.contextWindow : undefined),
      maxOutputTokens: 'maxOutputTokens' in known ? known.maxOutputTokens : undefined,
      price: undefined,
      tags: [],
      limits: {},
      stallMs: this.#stallMs,
    };
    const existing = this.#aliases.get(model);
    // A named model that the server lists as well: the list knows its window.
    if (existing?.targets[0]?.deployment.provider.id === endpoint.id) {
      const first = existing.targets[0].deployment;
      this.#aliases.set(model, aliasFor(model, { ...first, contextWindow: first.contextWindow ?? listedWindow }));
    } else {
      const id = existing ? deployment.id : model;
      this.#aliases.set(id, aliasFor(id, deployment));
    }
  }

  async addListed(endpoint: Provider, models: readonly ListedModel[]): Promise<void> {
    for (const { id, capabilities, contextWindow } of models.slice(0, MAX_LISTED))
      await this.add(endpoint, id, capabilities ?? {}, contextWindow);
    if (models.length > MAX_LISTED)
      this.#problems.push(`${endpoint.id} lists ${models.length} models; the first ${MAX_LISTED} are taken.`);
  }

  /** @param needed the setting that would have named a model, or false when one is named. */
  async addFrom(endpoint: Provider, setting: string, needed: string | false): Promise<void> {
    try {
      await this.addListed(endpoint, await listModels(endpoint.baseUrl, endpoint.keys[0], LIST_TIMEOUT_MS));
    } catch {
      if (needed) {
        this.#problems.push(
          `The server at ${setting} did not list its models: check that it runs and that the URL ends in /v1, or name a model with ${needed}.`,
        );
      }
    }
  }

  finish(source: string, embeddingModel: string | undefined): Catalogue {
    const deployments = new Map<string, Deployment>();
    for (const alias of this.#aliases.values()) {
      for (const { deployment } of alias.targets) deployments.set(deployment.id, deployment);
    }
    return {
      aliases: this.#aliases,
      deployments,
      defaults: defaultsOf(this.#aliases, embeddingModel),
      limits: NO_LIMITS,
      source,
      problems: this.#problems,
    };
  }
}

/** Returns the first alias that can do it. */
export function defaultsOf(aliases: ReadonlyMap<string, Alias>, embeddings?: string): Catalogue['defaults'] {
  const first = (capability: 'chat' | 'embeddings' | 'images') =>
    [...aliases.values()].find((alias) => alias.targets.some(({ deployment }) => deployment.capabilities[capability]))
      ?.id;
  const chat = first('chat');
  const embed = embeddings && aliases.has(embeddings) ? embeddings : first('embeddings');
  const images = first('images');
  return { ...(chat && { chat }), ...(embed && { embeddings: embed }), ...(images && { images }) };
}

import type { OpenAI } from 'openai';
import type { Provider } from '../catalogue/catalogue.ts';
import { transport } from './transport.ts';

type Package = typeof import('openai');
type Fetch = typeof globalThis.fetch;

/**
 * The openai package's clients, one a provider and key. The package is loaded with the first call: it takes longer than
 * the rest of a start.
 */
export class Clients {
  #package: Promise<Package> | undefined;
  #transport: Promise<Transport> | undefined;
  /** A catalogue that is read again has new providers; the old ones' clients go with the last call that holds them. */
  readonly #clients = new WeakMap<Provider, Map<string | undefined, OpenAI>>();

  package(): Promise<Package> {
    this.#package ??= import('openai');
    return this.#package;
  }

  /** Returns the `fetch` that packages of other providers get: the same connections. */
  async fetch(): Promise<Fetch> {
    this.#transport ??= openTransport();
    return (await this.#transport).fetch;
  }

  /** @param key absent for servers without keys. */
  async for(provider: Provider, key: string | undefined): Promise<OpenAI> {
    const [openai, fetch] = await Promise.all([this.package(), this.fetch()]);
    let clients = this.#clients.get(provider);
    if (!clients) {
      clients = new Map();
      this.#clients.set(provider, clients);
    }
    let client = clients.get(key);
    if (!client) {
      client = connect(openai, fetch, provider, key);
      clients.set(key, client);
    }
    return client;
  }

  /** Idle connections close now, the others with their calls. */
  async close(): Promise<void> {
    const transport = await this.#transport;
    void transport?.agent.close();
  }
}

interface Transport {
  readonly fetch: Fetch;
  readonly agent: { close(): Promise<void> };
}

/** Node's own fetch gives up after five minutes without a byte; a large model on a small machine thinks for longer. */
async function openTransport(): Promise<Transport> {
  const { Agent } = await import('undici');
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  return { agent, fetch: transport(agent) };
}

function connect(openai: Package, fetch: Fetch, provider: Provider, key: string | undefined): OpenAI {
  const common = {
    // Retries are this layer's: the package would repeat a call that was meant to move on.
    maxRetries: 0,
    // So are time limits: a watchdog covers every wait, also those between pieces.
    timeout: 24 * 3_600_000,
    // The environment of the process is read in platform/base/config, nowhere else.
    organization: null,
    project: null,
    logLevel: 'off',
    fetch,
    defaultHeaders: provider.headers,
  } as const;
  if (provider.type === 'azure') {
    return new openai.AzureOpenAI({
      ...common,
      baseURL: `${provider.baseUrl}/openai`,
      apiKey: key ?? '',
      apiVersion: provider.apiVersion,
    });
  }
  return new openai.OpenAI({ ...common, baseURL: provider.baseUrl, apiKey: key ?? 'none' });
}

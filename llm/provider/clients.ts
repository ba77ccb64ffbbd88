import type { OpenAI } from 'openai';
import type { Provider } from '../catalogue/catalogue.ts';

type Package = typeof import('openai');

/**
 * The openai package's clients, one a provider and key. The package is loaded with the first call: it takes longer than
 * the rest of a start.
 */
export class Clients {
  #package: Promise<Package> | undefined;
  readonly #clients = new Map<string, OpenAI>();

  package(): Promise<Package> {
    this.#package ??= import('openai');
    return this.#package;
  }

  /** @param key absent for servers without keys. */
  async for(provider: Provider, key: string | undefined): Promise<OpenAI> {
    const openai = await this.package();
    const id = JSON.stringify([provider.baseUrl, provider.type, provider.headers, provider.apiVersion, key]);
    let client = this.#clients.get(id);
    if (!client) {
      client = connect(openai, provider, key);
      this.#clients.set(id, client);
    }
    return client;
  }

  /** After a change of the catalogue: clients are made anew when asked for. Running calls keep theirs. */
  forget(): void {
    this.#clients.clear();
  }
}

function connect(openai: Package, provider: Provider, key: string | undefined): OpenAI {
  const common = {
    // Retries are this layer's: the package would repeat a call that was meant to move on.
    maxRetries: 0,
    // So are time limits: a watchdog covers every wait, also those between pieces.
    timeout: 24 * 3_600_000,
    // The environment of the process is read in platform/config, nowhere else.
    organization: null,
    project: null,
    logLevel: 'off',
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

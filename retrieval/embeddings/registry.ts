import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { CachingEmbedder } from './caching-embedder.ts';
import type { Embedder, Embedders, EmbeddingModel } from './embedder.ts';
import { ENDPOINT_MAX_TOKENS, type Endpoint } from './endpoint.ts';
import { FolderEmbedder } from './folder/folder-embedder.ts';
import { readModelFolder } from './folder/model-folder.ts';
import { LocalEmbedder } from './local-embedder.ts';

export type EmbeddingSettings = Pick<
  Config,
  'EMBEDDINGS_BASE_URL' | 'EMBEDDINGS_API_KEY' | 'EMBEDDINGS_MODEL' | 'EMBEDDINGS_LOCAL'
> &
  Partial<Pick<Config, 'memoryMb'>>;

/** The model of an endpoint for which none is named. */
const ENDPOINT_MODEL = 'text-embedding-3-small';

interface Entry {
  readonly describe: () => Omit<EmbeddingModel, 'isDefault'>;
  readonly connect: () => Promise<Embedder>;
  ready?: Promise<Embedder>;
}

/**
 * Creates the models of this installation: those of EMBEDDINGS_BASE_URL, that of EMBEDDINGS_LOCAL, and the offline one,
 * which is always there. The first of them is the default. Nothing is loaded or asked before a model is used.
 *
 * @throws {ConfigError} when the folder of EMBEDDINGS_LOCAL holds no model.
 */
export function createEmbedders(settings: EmbeddingSettings): Embedders {
  const { memoryMb } = settings;
  const local = new LocalEmbedder(memoryMb);
  const entries = new Map<string, Entry>();
  if (settings.EMBEDDINGS_BASE_URL !== undefined) {
    const endpoint = { baseUrl: settings.EMBEDDINGS_BASE_URL, apiKey: settings.EMBEDDINGS_API_KEY };
    const models = (settings.EMBEDDINGS_MODEL ?? ENDPOINT_MODEL).split(',').map((model) => model.trim());
    for (const model of models.filter(Boolean)) entries.set(model, endpointEntry(endpoint, model, memoryMb));
  }
  const folder =
    settings.EMBEDDINGS_LOCAL === undefined
      ? undefined
      : new FolderEmbedder(readModelFolder(settings.EMBEDDINGS_LOCAL));
  if (folder !== undefined) entries.set(folder.id, folderEntry(folder, memoryMb));
  entries.set(local.id, {
    describe: () => ({
      id: local.id,
      provider: local.provider,
      dimensions: local.dimensions,
      maxTokens: local.maxTokens,
      languages: local.languages,
      description: 'Universal Sentence Encoder (lite): offline, English, runs in this process.',
    }),
    connect: async () => new CachingEmbedder(local, memoryMb),
  });
  const defaultId = [...entries.keys()][0]!;
  return {
    defaultId,
    models: () =>
      [...entries.values()].map((entry) => ({ ...entry.describe(), isDefault: entry.describe().id === defaultId })),
    async get(id = defaultId) {
      const entry = entries.get(id);
      if (entry === undefined) {
        throw new CodedError(
          'MODEL_NOT_FOUND',
          `There is no embedding model ${id}; configured are ${[...entries.keys()].join(', ')}.`,
        );
      }
      // A failure is not remembered: the next call asks the endpoint again.
      entry.ready ??= entry.connect().catch((error: unknown) => {
        delete entry.ready;
        throw error;
      });
      return entry.ready;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([local[Symbol.asyncDispose](), folder?.[Symbol.asyncDispose]()]);
    },
  };
}

const folderEntry = (embedder: FolderEmbedder, memoryMb: number | undefined): Entry => ({
  describe: () => ({
    id: embedder.id,
    provider: embedder.provider,
    dimensions: embedder.dimensions,
    maxTokens: embedder.maxTokens,
    languages: embedder.languages,
    description: 'A sentence model in the folder EMBEDDINGS_LOCAL: offline, runs in this process.',
  }),
  async connect() {
    await embedder.measure();
    return new CachingEmbedder(embedder, memoryMb);
  },
});

function endpointEntry(endpoint: Endpoint, model: string, memoryMb: number | undefined): Entry {
  let dimensions: number | undefined;
  return {
    describe: () => ({
      id: model,
      provider: 'openai-compatible',
      dimensions,
      maxTokens: ENDPOINT_MAX_TOKENS,
      description: `${model} at the endpoint in EMBEDDINGS_BASE_URL.`,
    }),
    async connect() {
      const { EndpointEmbedder } = await import('./endpoint-embedder.ts');
      const embedder = await EndpointEmbedder.connect(endpoint, model);
      dimensions = embedder.dimensions;
      return new CachingEmbedder(embedder, memoryMb);
    },
  };
}

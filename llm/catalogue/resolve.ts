import { CodedError } from '#platform/base/errors/errors.ts';
import type { Alias, Catalogue } from './catalogue.ts';

const HOW =
  'Set OPENAI_API_KEY, or LOCAL_LLM_ENDPOINT for a server of your own (Ollama, vLLM, LM Studio, llama.cpp), or write llm.yaml (see llm.example.yaml), and start again; a server on one of the usual ports of this machine is found by itself.';

const EMBEDDINGS = 'Set EMBEDDINGS_BASE_URL and EMBEDDINGS_MODEL, or name an embedding model in llm.yaml.';
const RERANK = 'Name a model with the capability rerank in llm.yaml.';
const IMAGES = 'Set OPENAI_API_KEY, or name an image model in llm.yaml.';

/**
 * Returns the alias that a request means.
 *
 * @throws MODEL_NOT_CONFIGURED when there is none at all, MODEL_NOT_FOUND when there is none of that name.
 */
export function resolveAlias(
  catalogue: Catalogue,
  asked: string | undefined,
  kind: 'chat' | 'embeddings' | 'images' | 'rerank',
): Alias {
  const id = asked ?? catalogue.defaults[kind];
  const alias = id === undefined ? undefined : catalogue.aliases.get(id);
  if (alias) return alias;
  const usable = [...catalogue.aliases.values()].filter((one) =>
    one.targets.some(({ deployment }) => deployment.capabilities[kind]),
  );
  if (id === undefined || usable.length === 0) {
    const what = {
      chat: 'language model',
      embeddings: 'embedding model',
      images: 'image model',
      rerank: 'reranking model',
    }[kind];
    const how = { chat: HOW, embeddings: EMBEDDINGS, images: IMAGES, rerank: RERANK }[kind];
    throw new CodedError('MODEL_NOT_CONFIGURED', [`No ${what} is configured.`, ...catalogue.problems, how].join(' '));
  }
  const names = usable.slice(0, 20).map((one) => one.id);
  throw new CodedError(
    'MODEL_NOT_FOUND',
    `There is no model named ${id.slice(0, 100)}. Configured: ${names.join(', ')}${usable.length > 20 ? ' …' : ''}.`,
    {
      model: id.slice(0, 100),
    },
  );
}

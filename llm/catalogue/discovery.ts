import { isObject } from '#platform/base/json/objects.ts';
import type { Capabilities, ProviderType } from './catalogue.ts';
import { guessCapabilities } from './known-models.ts';

/** A model as a server's list tells it. */
export interface ListedModel {
  readonly id: string;
  readonly contextWindow: number | undefined;
  /** What the list says that it can do; absent: its name must tell. */
  readonly capabilities?: Partial<Capabilities>;
}

export interface FoundServer {
  readonly type: ProviderType;
  readonly name: string;
  readonly baseUrl: string;
  readonly models: readonly ListedModel[];
}

/** Default ports of servers that people run beside their desk; several share one. */
const KNOWN: readonly (readonly [name: string, type: ProviderType, port: number, path: string])[] = [
  ['Ollama', 'ollama', 11434, '/v1'],
  ['LM Studio', 'lmstudio', 1234, '/v1'],
  ['llama.cpp or LocalAI', 'llamacpp', 8080, '/v1'],
  ['vLLM', 'vllm', 8000, '/v1'],
  ['Jan', 'compatible', 1337, '/v1'],
  ['GPT4All', 'compatible', 4891, '/v1'],
  ['text-generation-webui', 'compatible', 5000, '/v1'],
  ['KoboldCpp', 'compatible', 5001, '/v1'],
  ['Docker Model Runner', 'compatible', 12434, '/engines/v1'],
  ['SGLang', 'compatible', 30000, '/v1'],
];

const MAX_LIST_BYTES = 8_000_000;

/**
 * Looks for language-model servers on this machine: loopback only, all ports at once, so the slowest answer costs at
 * most `timeoutMs`. Whatever answers in another shape than a model list (any web page on 8080) is not one.
 */
export async function findServers(timeoutMs = 400, known = KNOWN): Promise<readonly FoundServer[]> {
  const found = await Promise.all(
    known.map(async ([name, type, port, path]): Promise<FoundServer | undefined> => {
      const baseUrl = `http://127.0.0.1:${port}${path}`;
      const models = await listModels(baseUrl, undefined, timeoutMs).catch(() => []);
      return models.length > 0 ? { type, name, baseUrl, models } : undefined;
    }),
  );
  return found.filter((server) => server !== undefined);
}

/** The embedding models of a server on this machine. */
export interface FoundEmbeddings {
  readonly server: string;
  readonly baseUrl: string;
  /** Those that know many languages come first. */
  readonly models: readonly string[];
}

const MULTILINGUAL = /bge-m3|multilingual|e5|qwen3|snowflake-arctic-embed2|embeddinggemma|paraphrase|granite/i;

/** Looks for embedding models of servers on this machine, such as Ollama's. */
export async function findEmbeddingModels(servers = findServers): Promise<readonly FoundEmbeddings[]> {
  return (await servers()).flatMap(({ name, baseUrl, models }) => {
    const own = models
      .filter(({ id, capabilities }) => capabilities?.embeddings ?? guessCapabilities(id).embeddings)
      .map(({ id }) => id)
      .sort((a, b) => Number(MULTILINGUAL.test(b)) - Number(MULTILINGUAL.test(a)));
    return own.length > 0 ? [{ server: name, baseUrl, models: own }] : [];
  });
}

/**
 * Returns the models that an OpenAI-compatible server lists.
 *
 * @throws when it does not answer in time or not with a model list.
 */
export async function listModels(
  baseUrl: string,
  key: string | undefined,
  timeoutMs: number,
): Promise<readonly ListedModel[]> {
  const response = await fetch(`${baseUrl}/models`, {
    headers: key ? { authorization: `Bearer ${key}` } : {},
    signal: AbortSignal.timeout(timeoutMs),
    redirect: 'error',
  });
  const type = response.headers.get('content-type') ?? '';
  if (!response.ok || !type.includes('json')) {
    await response.body?.cancel();
    throw new Error(
      `${baseUrl}/models answered ${response.status} with ${type || 'no content type'}, not with a list of models`,
    );
  }
  const text = await response.text();
  if (text.length > MAX_LIST_BYTES) throw new Error(`${baseUrl}/models answered with ${text.length} characters`);
  const body: unknown = JSON.parse(text);
  const data = listIn(body);
  if (!data) throw new Error(`${baseUrl}/models answered without a list of models`);
  return data.flatMap((entry: unknown) =>
    isObject(entry) && typeof entry.id === 'string' ? [listed(entry, entry.id)] : [],
  );
}

/** `{data: […]}` as OpenAI says it, a bare list (Together), or `{models: […]}`. */
function listIn(body: unknown): readonly unknown[] | undefined {
  if (Array.isArray(body)) return body;
  if (!isObject(body)) return undefined;
  return [body.data, body.models].find((one) => Array.isArray(one)) as readonly unknown[] | undefined;
}

function listed(entry: Record<string, unknown>, id: string): ListedModel {
  const capabilities = capabilitiesOf(entry);
  // Gemini lists `models/…` and takes both.
  return { id: id.replace(/^models\//, ''), contextWindow: windowOf(entry), ...(capabilities && { capabilities }) };
}

const NOTHING = {
  chat: false,
  tools: false,
  vision: false,
  json: false,
  embeddings: false,
  images: false,
  rerank: false,
};

/** Together and LM Studio say a type, Mistral its capabilities, OpenRouter what goes in and out. */
function capabilitiesOf(entry: Record<string, unknown>): Partial<Capabilities> | undefined {
  const type = typeof entry.type === 'string' ? entry.type.toLowerCase() : '';
  if (/embed/.test(type)) return { ...NOTHING, embeddings: true };
  if (/image/.test(type)) return { ...NOTHING, images: true };
  if (/rerank/.test(type)) return { ...NOTHING, rerank: true };
  if (/moderation|audio|transcribe|speech|video/.test(type)) return NOTHING;
  if (isObject(entry.capabilities) && typeof entry.capabilities.completion_chat === 'boolean') {
    const { completion_chat: chat, function_calling: tools, vision } = entry.capabilities;
    return chat ? { chat: true, tools: tools === true, vision: vision === true } : { ...NOTHING, ...guessed(entry.id) };
  }
  if (!isObject(entry.architecture)) return type === 'vlm' ? { chat: true, vision: true } : undefined;
  const { input_modalities: into, output_modalities: out } = entry.architecture;
  const parameters = Array.isArray(entry.supported_parameters) ? entry.supported_parameters : undefined;
  return {
    ...(Array.isArray(out) && !out.includes('text') && { ...NOTHING, images: out.includes('image') }),
    ...(Array.isArray(into) && { vision: into.includes('image') && !(Array.isArray(out) && !out.includes('text')) }),
    ...(parameters && { tools: parameters.includes('tools') }),
  };
}

const guessed = (id: unknown): Partial<Capabilities> => ({ embeddings: /embed/i.test(String(id)) });

/** vLLM, OpenRouter, Groq, LM Studio and llama.cpp each have a name of their own for it. */
function windowOf(entry: Record<string, unknown>): number | undefined {
  const meta = isObject(entry.meta) ? entry.meta : {};
  const given = [entry.max_model_len, entry.context_length, entry.context_window, entry.max_context_length, meta.n_ctx];
  return given.find((value): value is number => typeof value === 'number' && Number.isInteger(value) && value > 0);
}

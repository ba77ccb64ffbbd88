import type { ProviderType } from './catalogue.ts';

/** A model as a server's list tells it. */
export interface ListedModel {
  readonly id: string;
  readonly contextWindow: number | undefined;
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

const MAX_LIST_BYTES = 2_000_000;

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
  const data = isRecord(body) && Array.isArray(body.data) ? body.data : undefined;
  if (!data) throw new Error(`${baseUrl}/models answered without a list of models`);
  return data.flatMap((entry: unknown) =>
    isRecord(entry) && typeof entry.id === 'string' ? [{ id: entry.id, contextWindow: windowOf(entry) }] : [],
  );
}

/** vLLM, OpenRouter, Groq, LM Studio and llama.cpp each have a name of their own for it. */
function windowOf(entry: Record<string, unknown>): number | undefined {
  const meta = isRecord(entry.meta) ? entry.meta : {};
  const given = [entry.max_model_len, entry.context_length, entry.context_window, entry.max_context_length, meta.n_ctx];
  return given.find((value): value is number => typeof value === 'number' && Number.isInteger(value) && value > 0);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

import type { Capabilities } from './catalogue.ts';

/** The facts that are known of a model by its name. */
export interface KnownModel {
  readonly capabilities: Capabilities;
  readonly contextWindow: number | undefined;
  readonly maxOutputTokens: number | undefined;
}

/** What is read of gpt-tokenizer's table; its own types are one literal type a model. */
interface Spec {
  readonly supported_endpoints?: readonly string[];
  readonly supported_features?: readonly string[];
  readonly modalities?: { readonly input: readonly string[] };
  readonly reasoning_tokens?: boolean;
  readonly context_window?: number;
  readonly max_output_tokens?: number;
}

const EMBEDDING = /embed|(^|[/-])(bge|gte|e5|minilm|nomic)([-/:]|$)|all-minilm/i;
const IMAGE = /dall-?e|gpt-image|stable-diffusion|sdxl|flux|imagen|chatgpt-image/i;
const VISION = /vision|llava|(^|[-/])vl|-vl|pixtral|gemma-?3|gpt-4o|gpt-4\.1|gpt-5|minicpm-v|moondream|qwen2\.5vl/i;
const RERANK = /rerank/i;
const NOT_CHAT = /whisper|tts|transcribe|moderation|realtime|sora|davinci-002|babbage-002/i;

/**
 * Capabilities and window of a model: from gpt-tokenizer's table for OpenAI's models, from the price table for others'
 * windows, and from the name for the rest. llm.yaml overrides all of it.
 *
 * Both tables are loaded when first needed: together they take about 200 ms that a start-up does not have.
 */
export async function knownModel(model: string): Promise<KnownModel> {
  const name = model.replace(/^(openai|models)\//, '');
  const specs = await import('gpt-tokenizer/models');
  const spec = (specs as unknown as Partial<Record<string, Spec>>)[name];
  if (!spec) {
    const guess = guessCapabilities(model);
    return { capabilities: guess, contextWindow: await tabledWindow(model), maxOutputTokens: undefined };
  }
  const endpoints = spec.supported_endpoints ?? [];
  const features = spec.supported_features ?? [];
  const chat = endpoints.includes('chat_completions');
  return {
    capabilities: {
      chat,
      tools: features.includes('function_calling'),
      vision: chat && (spec.modalities?.input ?? []).includes('image'),
      json: features.includes('structured_outputs'),
      reasoning: spec.reasoning_tokens === true,
      embeddings: endpoints.includes('embeddings'),
      images: endpoints.includes('image_generation') && !chat,
      rerank: false,
    },
    contextWindow: spec.context_window ?? (await tabledWindow(model)),
    maxOutputTokens: spec.max_output_tokens,
  };
}

async function tabledWindow(model: string): Promise<number | undefined> {
  const { calcPrice } = await import('@pydantic/genai-prices');
  return calcPrice({ input_tokens: 1 }, model)?.model.context_window;
}

/** Guesses from the name alone: what a server that only lists names lets one know. */
export function guessCapabilities(model: string): Capabilities {
  const rerank = RERANK.test(model);
  const embeddings = !rerank && EMBEDDING.test(model);
  const images = !embeddings && !rerank && IMAGE.test(model);
  const chat = !embeddings && !images && !rerank && !NOT_CHAT.test(model);
  const vision = chat && VISION.test(model);
  return { chat, tools: chat, vision, json: chat, reasoning: false, embeddings, images, rerank };
}

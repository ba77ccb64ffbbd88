import type { JsonObject } from '#platform/base/json/json.ts';
import type { ReasoningDelta } from './deltas.ts';

/** The words of a chunk, or of a whole message. */
export interface Said {
  readonly text: string;
  readonly reasoning: ReasoningDelta | undefined;
}

/**
 * Returns the addresses of the pictures of a chunk, or of a whole message, most of them `data:`: OpenRouter's `images`,
 * and parts of the content.
 */
export function picturesIn(delta: object): readonly unknown[] {
  const { images, content } = delta as Raw;
  const parts = [images, content].flatMap((list): unknown[] => (Array.isArray(list) ? list : []));
  return parts.flatMap((part) => {
    if (typeof part !== 'object' || part === null) return [];
    const { type, image_url: image, url } = part as Raw;
    if (type !== 'image_url' && type !== 'image' && type !== 'output_image' && image === undefined) return [];
    return [typeof image === 'object' && image !== null ? (image as Raw).url : (image ?? url)];
  });
}

type Raw = Readonly<Record<string, unknown>>;

/**
 * Reads text and reasoning of a delta or message. DeepSeek, Moonshot, vLLM and llama.cpp say `reasoning_content`; Groq,
 * Ollama, Together and newer vLLM say `reasoning`; OpenRouter adds `reasoning_details`; Mistral sends `content` in
 * parts. What Copilot and relays of Ollama and Anthropic call `reasoning_text` and `thinking`, none wants back.
 */
export function said(delta: object): Said {
  const raw = delta as Raw;
  const content = contentOf(raw.content);
  const { transcript } = (raw.audio ?? {}) as { transcript?: unknown };
  const text = content.text || textOf(raw.refusal) || (typeof transcript === 'string' ? transcript : '');
  const details = detailsOf(raw.reasoning_details);
  const field = textOf(raw.reasoning_content) !== '' ? 'reasoning_content' : 'reasoning';
  const told = textOf(raw[field]) || details.map((one) => textOf(one.text) || textOf(one.summary)).join('');
  if (content.reasoning !== '' && told === '')
    return { text, reasoning: { type: 'reasoning', text: content.reasoning, field: 'content' } };
  if (told === '' && details.length === 0) {
    const thought = textOf(raw.reasoning_text) || textOf(raw.thinking);
    return { text, reasoning: thought === '' ? undefined : { type: 'reasoning', text: thought } };
  }
  return { text, reasoning: { type: 'reasoning', text: told, field, ...(details.length > 0 && { details }) } };
}

/** Content is text, or parts that say what they are. */
function contentOf(content: unknown): { text: string; reasoning: string } {
  if (!Array.isArray(content)) return { text: textOf(content), reasoning: '' };
  let [text, reasoning] = ['', ''];
  for (const part of content as unknown[]) {
    if (typeof part === 'string') text += part;
    if (typeof part !== 'object' || part === null) continue;
    const { type, text: words, thinking, reasoning: thought } = part as Raw;
    if (type === 'thinking' || type === 'reasoning' || type === 'thought')
      reasoning += textOf(thinking) || textOf(thought) || textOf(words);
    else text += textOf(words);
  }
  return { text, reasoning };
}

/** Returns the words of a text, or of a list of texts. Anything else has none. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOf).join('');
  if (typeof value !== 'object' || value === null) return '';
  const { text } = value as Raw;
  return typeof text === 'string' ? text : '';
}

const detailsOf = (value: unknown): JsonObject[] =>
  Array.isArray(value) ? value.filter((one): one is JsonObject => typeof one === 'object' && one !== null) : [];

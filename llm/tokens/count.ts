import { setImmediate } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { ChatMessage, ToolDefinition } from '../messages.ts';

type Encoding = 'o200k_base' | 'cl100k_base';
type Counter = (text: string) => number;

/** Tokens that the chat format adds to a message, and to the prompt as a whole (OpenAI's cookbook on counting). */
const PER_MESSAGE = 4;
const PER_PROMPT = 3;
/** OpenAI's tiles: 85 for a picture of low detail; a common photograph of high detail takes four tiles more. */
const IMAGE_TOKENS = { low: 85, auto: 765, high: 765 };
/** Byte-pair merging of a text without spaces grows with its square: it is counted in pieces of so many characters. */
const PIECE = 2_000;
/** Longer texts are counted by a sample: 200 000 characters take about 50 ms, and no call waits for more. */
const EXACT = 200_000;
/** Other work gets its turn after so many characters. */
const STRETCH = 20_000;

/**
 * A counter of tokens, as the model's tokenizer does where it is public (OpenAI's), and with the newest of those
 * elsewhere. Within a few per cent for texts in a model's own tokenizer, within about a fifth for others'.
 */
export class TokenCounter {
  readonly #encodings = new Map<Encoding, Promise<Counter>>();
  /** Conversations repeat their messages with every call. */
  readonly #counted = new LRUCache<string, number>({
    maxSize: 8_000_000,
    sizeCalculation: (_, key) => key.length + 100,
  });

  async text(text: string, model: string): Promise<number> {
    if (text === '') return 0;
    const encoding = encodingOf(model);
    const key = `${encoding}\n${text}`;
    const known = this.#counted.get(key);
    if (known !== undefined) return known;
    const count = await this.#load(encoding);
    const sample = text.length > EXACT ? text.slice(0, EXACT) : text;
    let tokens = 0;
    let stretch = 0;
    for (const piece of pieces(sample)) {
      tokens += count(piece);
      stretch += piece.length;
      if (stretch >= STRETCH) {
        stretch = 0;
        await setImmediate();
      }
    }
    const total = Math.ceil(tokens * (text.length / sample.length));
    if (key.length < 1_000_000) this.#counted.set(key, total);
    return total;
  }

  async message(message: ChatMessage, model: string): Promise<number> {
    let tokens = PER_MESSAGE + (await this.text(textParts(message), model));
    if (message.role === 'user' && typeof message.content !== 'string') {
      for (const part of message.content)
        if (part.type === 'image_url') tokens += IMAGE_TOKENS[part.image_url.detail ?? 'auto'];
    }
    return tokens;
  }

  async prompt(
    messages: readonly ChatMessage[],
    tools: readonly ToolDefinition[] | undefined,
    model: string,
  ): Promise<number> {
    let tokens = PER_PROMPT + (await this.tools(tools, model));
    for (const message of messages) tokens += await this.message(message, model);
    return tokens;
  }

  async tools(tools: readonly ToolDefinition[] | undefined, model: string): Promise<number> {
    return tools && tools.length > 0 ? this.text(JSON.stringify(tools), model) : 0;
  }

  /** The tables of one encoding take about 300 ms to load: only when a call must count. */
  #load(encoding: Encoding): Promise<Counter> {
    let loading = this.#encodings.get(encoding);
    if (!loading) {
      // A text that contains <|endoftext|> is a text, not a command: no special tokens, and no error for them.
      const plain = { disallowedSpecial: new Set<string>() };
      loading = (
        encoding === 'cl100k_base'
          ? import('gpt-tokenizer/encoding/cl100k_base')
          : import('gpt-tokenizer/encoding/o200k_base')
      ).then((tokenizer) => (text: string) => tokenizer.countTokens(text, plain));
      this.#encodings.set(encoding, loading);
    }
    return loading;
  }
}

/** Returns a number of tokens that no tokenizer exceeds: a token is at least a byte. Costs nothing to know. */
export function mostTokens(messages: readonly ChatMessage[], tools: readonly ToolDefinition[] | undefined): number {
  let bytes = PER_PROMPT + (tools ? Buffer.byteLength(JSON.stringify(tools)) : 0);
  for (const message of messages) {
    bytes += PER_MESSAGE + Buffer.byteLength(textParts(message));
    if (message.role === 'user' && typeof message.content !== 'string') {
      for (const part of message.content)
        if (part.type === 'image_url') bytes += IMAGE_TOKENS[part.image_url.detail ?? 'auto'];
    }
  }
  return bytes;
}

const encodingOf = (model: string): Encoding =>
  /(^|\/)(gpt-3\.5|gpt-4(?!o|\.1|\.5)|text-embedding)/.test(model) ? 'cl100k_base' : 'o200k_base';

/** All of a message that costs tokens as text. */
function textParts(message: ChatMessage): string {
  const { content } = message;
  const text =
    typeof content === 'string'
      ? content
      : (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('\n');
  if (message.role !== 'assistant' || !message.tool_calls) return text;
  return text + (message.echo?.reasoning ?? '') + JSON.stringify(message.tool_calls);
}

/** Cuts at spaces where there are any: a cut there moves no token's border. */
function* pieces(text: string): Generator<string> {
  let start = 0;
  while (text.length - start > PIECE) {
    const space = text.lastIndexOf(' ', start + PIECE);
    const end = space > start ? space : start + PIECE;
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}

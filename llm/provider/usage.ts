/** The tokens of a call as far as its provider told them believably; what is absent is counted here. */
export interface ReportedUsage {
  readonly inputTokens: number | undefined;
  readonly cachedInputTokens: number;
  /** Those of the input that the provider put into its cache, where that has a price of its own. */
  readonly cacheWriteTokens?: number | undefined;
  readonly outputTokens: number | undefined;
  readonly reasoningTokens: number;
}

/** More tokens than any call has: a count beyond it is a mistake, and no column keeps it. */
const MAX_TOKENS = 1_000_000_000;

type Raw = Readonly<Record<string, unknown>>;

/** Returns what two chunks tell of one reply: the later counts, and the earlier one where the later has none. */
export function laterUsage(
  earlier: ReportedUsage | undefined,
  later: ReportedUsage | undefined,
): ReportedUsage | undefined {
  if (!earlier || !later) return later ?? earlier;
  if (later.inputTokens !== undefined) return { ...later, outputTokens: later.outputTokens ?? earlier.outputTokens };
  const { inputTokens, cachedInputTokens, cacheWriteTokens } = earlier;
  return { ...later, inputTokens, cachedInputTokens, cacheWriteTokens };
}

/**
 * Reads the usage of a chunk, wherever its provider puts it: beside the choices (OpenAI), in a choice (Moonshot), in
 * `x_groq` (Groq). Undefined when nothing in it can be believed.
 */
export function reportedUsage(chunk: object): ReportedUsage | undefined {
  const { usage, x_groq, choices, usageMetadata } = chunk as Raw;
  const choice = Array.isArray(choices) ? record(choices[0]) : {};
  for (const one of [usage, choice.usage, record(x_groq).usage, usageMetadata]) {
    const read = usageOf(record(one));
    if (read) return read;
  }
  return undefined;
}

function usageOf(raw: Raw): ReportedUsage | undefined {
  const input = first(raw, 'prompt_tokens', 'input_tokens', 'prompt_eval_count', 'promptTokenCount');
  const output = first(raw, 'completion_tokens', 'output_tokens', 'eval_count', 'candidatesTokenCount');
  // No call has a prompt of nothing: who reports zero does not count.
  const inputTokens = input === 0 ? undefined : input;
  if (inputTokens === undefined && !output) return undefined;
  const details = record(raw.completion_tokens_details ?? raw.output_tokens_details);
  const told = first(details, 'reasoning_tokens') ?? first(raw, 'reasoning_tokens', 'thoughtsTokenCount');
  // Gemini and xAI leave what was thought out of the completion, and bill it: the total tells.
  const total = first(raw, 'total_tokens', 'totalTokenCount');
  // A reply that was all thought has no count of its words.
  const written = output ?? (told ? 0 : undefined);
  const unlisted = total !== undefined && input && written !== undefined ? Math.max(0, total - input - written) : 0;
  const outputTokens = written === undefined ? undefined : written + unlisted;
  const cached =
    first(record(raw.prompt_tokens_details ?? raw.input_tokens_details), 'cached_tokens') ??
    // DeepSeek, Moonshot, Anthropic and Gemini each have a name of their own for it.
    first(raw, 'prompt_cache_hit_tokens', 'cached_tokens', 'cache_read_input_tokens', 'cachedContentTokenCount');
  return {
    inputTokens,
    cachedInputTokens: Math.min(cached ?? 0, inputTokens ?? 0),
    outputTokens,
    reasoningTokens: Math.min(told ?? unlisted, outputTokens ?? 0),
  };
}

function first(raw: Raw, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const count = countOf(raw[name]);
    if (count !== undefined) return count;
  }
  return undefined;
}

/** Returns a count as it is believed: rounded, and read where it comes as text; undefined for any other value. */
export function countOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,12}(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= 0 && number <= MAX_TOKENS)) return undefined;
  return Math.round(number);
}

const record = (value: unknown): Raw => (typeof value === 'object' && value !== null ? (value as Raw) : {});

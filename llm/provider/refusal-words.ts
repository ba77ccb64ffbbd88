import type { FailureKind } from './failure.ts';

/** The words in which providers say that a conversation is too long, from documentation and public reports. */
const OVERFLOW = [
  /context_length|context_window_exceeded|exceed_context_size/, // OpenAI, Azure, Groq, llama.cpp
  /maximum context|context (length|size|window)/, // OpenAI, vLLM, DeepSeek, OpenRouter, Together, Mistral
  /too many tokens|prompt is too long|(input|prompt)( text| length)? (is )?too (long|large)/, // Cohere, Anthropic, Bedrock
  /maximum (number of tokens allowed|prompt length|model len)/, // Gemini, xAI, vLLM
  /exceeded model token limit|n_keep|n_ctx|context the overflows/, // Moonshot, LM Studio, llama.cpp
  /inputs?`? tokens?.{0,40}must be|range of input length/, // Together and text-generation-inference, DashScope
  /request too large|reduce (the|your) (length|message size)/, // Groq, OpenAI by tokens a minute
  /token count .{0,40}(exceeds the limit|only supports)/, // Copilot, Vertex
  /\b(prompt|input|messages?|tokens?|context)\b.{0,40}exceeds (the )?max(imum)? (allowed )?(input )?length/, // Zhipu
  /exceeds (the )?max(imum)? (allowed )?((input|prompt|context) length|length.{0,40}\btokens?\b)/,
  /max_tokens must be at least 1, got -/, // vLLM, where the prompt alone is too long
];

/** Too many tokens for now (Bedrock): it passes, and says nothing of the window. */
const THROTTLED = /\bthrottling(exception)?\b|too many (tokens|requests)( per |.{0,40}(please wait|again (in|later)))/i;

/** Refusals of what was asked, or of the answer; xAI and OpenRouter give them the status of a refused key. */
const POLICY =
  /content_filter|content_policy|content (management|filtering) policy|moderation_blocked|safety system|data_inspection_failed|content exists risk|violat\w* (our |the )?usage (policy|policies|guidelines)|input was flagged/i;

/** A key or an account that is shut, for whatever it did: no refusal of what was asked now. */
const BARRED =
  /\b(api.?key|account|team|organi[sz]ation)\b.{0,40}\b(is|was|are|has been|have been) (\w+ly )?(disabled|blocked|suspended|deactivated)/i;

/** Nothing is left on the account: OpenAI, DeepSeek, Anthropic, OpenRouter, DashScope, Moonshot. */
const UNPAID =
  /insufficient_quota|insufficient.(balance|credits?|funds)|credit balance is too low|payment required|arrearage|exceeded_current_quota/i;

/** The template of the model on that server cannot take the conversation (vLLM, llama.cpp, LM Studio, Ollama). */
const TEMPLATE =
  /chat.?template|jinja|roles must alternate|system role (is )?not supported|only user(,| and|\/) ?(and )?assistant|unexpected role|no user query found|system message must be/i;

const UNKNOWN_MODEL =
  /model_not_found|model.{0,80}(does not|doesn't|not) exist|no models? loaded|is not a valid model|model.{0,80} not found/i;

/** Returns the kind of failure that the words of a provider name; undefined where its status must tell. */
export function kindOfRefusal(words: string): FailureKind | undefined {
  const plain = words.toLowerCase();
  if (UNPAID.test(words)) return 'unpaid';
  if (THROTTLED.test(words)) return 'rate_limited';
  if (OVERFLOW.some((one) => one.test(plain))) return 'context_window';
  if (POLICY.test(words) && !BARRED.test(words)) return 'content_policy';
  if (TEMPLATE.test(words)) return 'template';
  return UNKNOWN_MODEL.test(words) ? 'model_unknown' : undefined;
}

/** Where the window stands in such words: the surest first, for other numbers stand beside it. */
const WINDOWS = [
  /n_ctx"?\s*[:=]\s*(\d{3,9})/i,
  /context length of only (\d{3,9})/i,
  /> ?(\d{3,9}) maximum/i,
  /model with (\d{3,9}) maximum context/i,
  /range of input length should be \[\d+, ?(\d{3,9})\]/i,
  /must be <= ?(\d{3,9})/i,
  /only supports up to (\d{3,9})/i,
  /exceeds the limit of (\d{3,9})/i,
  /maximum allowed input length of (\d{3,9})/i,
  /(?:maximum context length|maximum prompt length|number of tokens allowed|model token limit|context (?:length|size|window))[^0-9]{0,24}(\d{3,9})/i,
  /\blimit:? (\d{3,9})/i,
];

/** Returns the window in tokens that a refusal names. */
export function windowIn(message: string): number | undefined {
  for (const one of WINDOWS) {
    const found = one.exec(message)?.[1];
    if (found !== undefined) return Number(found);
  }
  return undefined;
}

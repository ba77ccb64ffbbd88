import type { FinishReason } from './deltas.ts';

/** The end of a reply as its provider means it; `failed` is a reply that broke off, whatever else the provider says. */
export type ProviderFinish = Exclude<FinishReason, 'stopped'> | 'failed';

/** What providers call the ends of replies, in lower case. A word that is not here means an ordinary end. */
const MEANINGS: Readonly<Record<string, ProviderFinish>> = {
  length: 'length',
  max_tokens: 'length',
  max_output_tokens: 'length',
  max_length: 'length',
  model_length: 'length',
  model_context_window_exceeded: 'length',
  token_limit: 'length',
  error_limit: 'length',
  tool_calls: 'tool_calls',
  tool_call: 'tool_calls',
  tool_use: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
  content_filtered: 'content_filter',
  guardrail_intervened: 'content_filter',
  sensitive: 'content_filter',
  refusal: 'content_filter',
  safety: 'content_filter',
  image_safety: 'content_filter',
  image_prohibited_content: 'content_filter',
  image_recitation: 'content_filter',
  model_armor: 'content_filter',
  error_toxic: 'content_filter',
  recitation: 'content_filter',
  blocklist: 'content_filter',
  prohibited_content: 'content_filter',
  spii: 'content_filter',
  error: 'failed',
  error_finish: 'failed',
  failed: 'failed',
  network_error: 'failed',
  timeout: 'failed',
  abort: 'failed',
  aborted: 'failed',
  cancelled: 'failed',
  user_cancel: 'failed',
  time_limit: 'failed',
  insufficient_system_resource: 'failed',
  engine_overloaded: 'failed',
  malformed_function_call: 'failed',
  malformed_response: 'failed',
  unexpected_tool_call: 'failed',
  too_many_tool_calls: 'failed',
  missing_thought_signature: 'failed',
};

/** What stands in the place of a finish reason while there is none: DashScope, watsonx, Gemini. */
const NONE = new Set(['', 'null', 'none', 'not_finished', 'unspecified']);

/** Returns whether a value is the end of a reply. */
export const isFinish = (word: unknown): word is string => typeof word === 'string' && !NONE.has(plain(word));

/**
 * Returns the meaning of a finish reason.
 *
 * @param calls whether the reply calls tools: Ollama, Gemini and others say `stop` at the end of such a reply, and some
 *   speak of calls where there is none.
 */
export function finishOf(word: string, calls: boolean): ProviderFinish {
  const known = plain(word);
  const meaning = Object.hasOwn(MEANINGS, known) ? MEANINGS[known]! : 'stop';
  if (meaning !== 'stop' && meaning !== 'tool_calls') return meaning;
  return calls ? 'tool_calls' : 'stop';
}

/** Returns the word of `content_filter: violence`, `FINISH_REASON_SAFETY`, `tool-calls` and the like. */
const plain = (word: string): string =>
  word
    .toLowerCase()
    .replace(/^(finish_?reason[_.:]?)/, '')
    .replace(/[:.\s].*$/, '')
    .replaceAll('-', '_');

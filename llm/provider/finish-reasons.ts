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
  recitation: 'content_filter',
  blocklist: 'content_filter',
  prohibited_content: 'content_filter',
  spii: 'content_filter',
  error: 'failed',
  failed: 'failed',
  network_error: 'failed',
  timeout: 'failed',
  abort: 'failed',
  aborted: 'failed',
  cancelled: 'failed',
  insufficient_system_resource: 'failed',
  engine_overloaded: 'failed',
  malformed_function_call: 'failed',
  unexpected_tool_call: 'failed',
};

/**
 * Returns the meaning of a finish reason.
 *
 * @param calls whether the reply calls tools: Ollama, Gemini and others say `stop` at the end of such a reply.
 */
export function finishOf(word: string, calls: boolean): ProviderFinish {
  // `content_filter: violence`, `FINISH_REASON_SAFETY` and the like.
  const plain = word
    .toLowerCase()
    .replace(/^(finish_?reason[_.:]?)/, '')
    .replace(/[:.\s].*$/, '');
  const meaning = Object.hasOwn(MEANINGS, plain) ? MEANINGS[plain]! : 'stop';
  return meaning === 'stop' && calls ? 'tool_calls' : meaning;
}

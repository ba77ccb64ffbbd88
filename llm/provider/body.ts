import type { OpenAI } from 'openai';
import type { Deployment } from '../catalogue/catalogue.ts';
import type { ChatMessage } from '../messages.ts';
import type { ChatRequest } from '../requests.ts';
import type { Quirks } from './quirks.ts';

type Body = OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;

/** Returns the request as the provider gets it. `wantedTokens` is what the request or its budget allows the reply. */
export function chatBody(
  deployment: Deployment,
  request: ChatRequest,
  messages: readonly ChatMessage[],
  wantedTokens: number | undefined,
  quirks: Quirks,
): Body {
  const { provider } = deployment;
  const maxTokens =
    wantedTokens === undefined ? undefined : Math.min(wantedTokens, deployment.maxOutputTokens ?? Infinity);
  const body: Body = { model: deployment.model, messages: messages.map(strip), stream: true };
  if (provider.streamUsage && !quirks.noStreamUsage) body.stream_options = { include_usage: true };
  if (maxTokens !== undefined) {
    // OpenAI's reasoning models refuse the old name, most other servers do not know the new one.
    const renamed = provider.type === 'openai' || provider.type === 'azure';
    if (renamed !== (quirks.otherMaxTokens ?? false)) body.max_completion_tokens = maxTokens;
    else body.max_tokens = maxTokens;
  }
  if (request.temperature !== undefined) body.temperature = request.temperature;
  if (request.topP !== undefined) body.top_p = request.topP;
  if (request.stop !== undefined && request.stop.length > 0) body.stop = [...request.stop];
  if (request.seed !== undefined) body.seed = request.seed;
  if (request.presencePenalty !== undefined) body.presence_penalty = request.presencePenalty;
  if (request.frequencyPenalty !== undefined) body.frequency_penalty = request.frequencyPenalty;
  if (request.reasoningEffort !== undefined) body.reasoning_effort = request.reasoningEffort;
  if (request.tools !== undefined && request.tools.length > 0) {
    body.tools = request.tools as Body['tools'] & object;
    if (request.toolChoice !== undefined) body.tool_choice = request.toolChoice;
  }
  if (request.output?.type === 'json') body.response_format = { type: 'json_object' };
  else if (request.output?.type === 'json_schema') {
    const { name, schema, strict } = request.output;
    body.response_format = {
      type: 'json_schema',
      json_schema: { name, schema: { ...schema }, strict: strict ?? true },
    };
  }
  for (const name of quirks.without ?? []) delete body[name];
  return body;
}

/** Leaves out what only this layer reads: servers refuse members that they do not know. */
function strip(message: ChatMessage): OpenAI.Chat.Completions.ChatCompletionMessageParam {
  const { id: _id, pinned: _pinned, ...rest } = message;
  return rest as OpenAI.Chat.Completions.ChatCompletionMessageParam;
}

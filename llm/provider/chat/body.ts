import type { OpenAI } from 'openai';
import type { Deployment } from '../../catalogue/catalogue.ts';
import type { ChatMessage, ToolDefinition } from '../../messages.ts';
import type { ChatRequest } from '../../requests.ts';
import { outputForm } from '../output-form.ts';
import type { Quirks } from '../quirks.ts';
import { wireMessages } from './wire-messages.ts';

type Body = OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;

/** Returns the request as the provider gets it. @param maxTokens most tokens of the reply, if it is limited. */
export function chatBody(
  deployment: Deployment,
  request: ChatRequest,
  messages: readonly ChatMessage[],
  maxTokens: number | undefined,
  quirks: Quirks,
): Body {
  const { provider } = deployment;
  const form = outputForm(deployment, request, messages, quirks);
  const told: ChatMessage[] = form?.instruction ? instructed(messages, form.instruction) : [...messages];
  const body: Body = { model: deployment.model, messages: wireMessages(told, deployment.id, quirks), stream: true };
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
    body.tools = (quirks.noStrict ? request.tools.map(withoutStrict) : request.tools) as Body['tools'] & object;
    if (request.toolChoice !== undefined) body.tool_choice = request.toolChoice;
  }
  if (form?.format === 'json_object') body.response_format = { type: 'json_object' };
  else if (form?.format === 'json_schema')
    body.response_format = { type: 'json_schema', json_schema: schemaOf(request) };
  for (const name of quirks.without ?? []) delete body[name];
  return body;
}

function withoutStrict({ type, function: { strict: _, ...named } }: ToolDefinition): ToolDefinition {
  return { type, function: named };
}

function schemaOf({ output }: ChatRequest): OpenAI.ResponseFormatJSONSchema['json_schema'] {
  if (output?.type !== 'json_schema') return { name: 'object', schema: { type: 'object' }, strict: false };
  const { name, schema, strict } = output;
  return { name, schema: { ...schema }, strict: strict ?? true };
}

/** Returns the messages with one more of the system, after its others: templates take them only at the beginning. */
export function instructed(messages: readonly ChatMessage[], content: string): ChatMessage[] {
  const after = messages.findIndex(({ role }) => role !== 'system' && role !== 'developer');
  const at = after < 0 ? messages.length : after;
  const role = messages[0]?.role === 'developer' ? 'developer' : 'system';
  return [...messages.slice(0, at), { role, content }, ...messages.slice(at)];
}

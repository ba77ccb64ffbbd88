import type { ChatRequest } from '../../requests.ts';
import { instructed } from '../chat/body.ts';
import { outputForm } from '../output-form.ts';
import type { Body, Question } from '../protocol.ts';
import { items } from './items.ts';

/** Returns the request as the Responses API takes it; nothing of it is stored there. */
export function responsesBody({ deployment, request, messages, maxTokens, quirks }: Question): Body {
  const form = outputForm(deployment, request, messages, quirks);
  const told = form?.instruction ? instructed(messages, form.instruction) : messages;
  const effort = request.reasoningEffort;
  const thinks = (deployment.capabilities.reasoning || effort !== undefined) && !quirks.noReasoning;
  const body: Record<string, unknown> = {
    model: deployment.model,
    input: items(told, deployment.id, thinks),
    stream: true,
    store: false,
  };
  // What it thinks comes encrypted, and goes back so.
  if (thinks) body.include = ['reasoning.encrypted_content'];
  const reasoning = {
    ...(effort !== undefined && !quirks.without?.includes('reasoning_effort') && { effort }),
    ...(thinks && effort !== 'none' && !quirks.noSummary && { summary: 'auto' }),
  };
  if (Object.keys(reasoning).length > 0) body.reasoning = reasoning;
  if (maxTokens !== undefined) body.max_output_tokens = Math.max(maxTokens, LEAST_OUTPUT);
  if (request.temperature !== undefined) body.temperature = request.temperature;
  if (request.topP !== undefined) body.top_p = request.topP;
  if (request.tools && request.tools.length > 0) {
    body.tools = request.tools.map(({ function: { name, description, parameters, strict } }) => ({
      type: 'function',
      name,
      ...(description !== undefined && { description }),
      parameters: parameters ?? { type: 'object', properties: {} },
      strict: strict ?? false,
    }));
    if (request.toolChoice !== undefined) body.tool_choice = choiceOf(request.toolChoice);
  }
  if (form?.format === 'json_object') body.text = { format: { type: 'json_object' } };
  else if (form?.format === 'json_schema') body.text = { format: formatOf(request) };
  for (const name of quirks.without ?? []) delete body[name];
  return body;
}

/** Fewer tokens are refused. */
const LEAST_OUTPUT = 16;

const choiceOf = (choice: NonNullable<ChatRequest['toolChoice']>) =>
  typeof choice === 'string' ? choice : { type: 'function', name: choice.function.name };

function formatOf({ output }: ChatRequest) {
  if (output?.type !== 'json_schema') {
    return { type: 'json_schema', name: 'object', schema: { type: 'object' }, strict: false };
  }
  const { name, schema, strict } = output;
  return { type: 'json_schema', name, schema, strict: strict ?? true };
}

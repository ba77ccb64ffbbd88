import type { Deployment } from '../../catalogue/catalogue.ts';
import { type ChatMessage, isSpoken, type ToolDefinition, textOf } from '../../messages.ts';
import type { ChatRequest } from '../../requests.ts';
import { instructed } from '../chat/body.ts';
import { outputForm } from '../output-form.ts';
import type { Body, Question } from '../protocol.ts';
import type { Quirks } from '../quirks.ts';
import { blocks, cached } from './messages.ts';
import { mayCite } from './sources.ts';

/** A limit is demanded; a model with a lower one says so, and is asked again. */
const USUAL_OUTPUT = 16_000;
/** From so many characters on a prompt is long enough for Anthropic to keep it: 1,024 tokens, for most models. */
const WORTH_KEEPING = 5_000;
/** Other providers take up to 2. */
const MAX_TEMPERATURE = 1;
/** Tokens of thoughts, where a model does not choose by itself. */
const BUDGETS = { minimal: 1_024, low: 2_048, medium: 8_192, high: 16_384, xhigh: 32_768 } as const;

/** Returns the request as Anthropic's Messages API takes it. */
export function messagesBody({ deployment, request, messages, maxTokens, quirks }: Question): Body {
  const form = outputForm(deployment, request, messages, quirks);
  const told = form?.instruction ? instructed(messages, form.instruction) : messages;
  const most = Math.min(deployment.maxOutputTokens ?? Infinity, quirks.maxOutput ?? Infinity);
  const limit = maxTokens ?? Math.min(deployment.maxOutputTokens ?? USUAL_OUTPUT, most);
  // What is thought counts as output: a reply whose length is named keeps its room.
  const room = maxTokens === undefined ? Math.floor(limit / 2) : most - limit;
  const thinking = thinkingOf(request, told, deployment, quirks, room);
  const budget = thinking?.type === 'enabled' ? thinking.budget_tokens : 0;
  const config = {
    ...(form?.format === 'json_schema' && { format: { type: 'json_schema', schema: schemaOf(request) } }),
    ...(thinking?.type === 'adaptive' && { effort: effortOf(request) }),
  };
  const body: Record<string, unknown> = {
    model: deployment.model,
    max_tokens: maxTokens === undefined ? limit : limit + budget,
    messages: blocks(told, deployment.id, mayCite(request, quirks)),
    stream: true,
    ...(thinking && { thinking }),
    ...(Object.keys(config).length > 0 && { output_config: config }),
  };
  const system = systemOf(told);
  if (system !== '') {
    const long = system.length + JSON.stringify(request.tools ?? []).length >= WORTH_KEEPING;
    body.system = [{ type: 'text', text: system, ...(long && cached) }];
  }
  // With thoughts, Anthropic refuses both; newer models take one of them alone.
  if (!thinking && request.temperature !== undefined) body.temperature = Math.min(request.temperature, MAX_TEMPERATURE);
  else if (!thinking && request.topP !== undefined) body.top_p = request.topP;
  const stop = request.stop?.filter((word) => word.trim() !== '');
  if (stop && stop.length > 0) body.stop_sequences = stop;
  if (request.tools && request.tools.length > 0) {
    body.tools = request.tools.map(toolOf);
    const choice = choiceOf(request, thinking !== undefined);
    if (choice) body.tool_choice = choice;
  }
  for (const name of quirks.without ?? []) delete body[name === 'stop' ? 'stop_sequences' : name];
  return body;
}

const schemaOf = ({ output }: ChatRequest): unknown =>
  closed(output?.type === 'json_schema' ? output.schema : { type: 'object' });

/** Returns a schema whose objects have no other members than those that it names: Anthropic takes no other. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const own = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  return 'properties' in own && own.type === 'object' ? { ...own, additionalProperties: false } : own;
}

const systemOf = (messages: readonly ChatMessage[]): string =>
  messages
    .filter((message) => !isSpoken(message))
    .map(textOf)
    .join('\n\n');

type Thinking =
  | { readonly type: 'adaptive'; readonly display: 'summarized' }
  | { readonly type: 'enabled'; readonly budget_tokens: number };

/**
 * Newer models choose how long they think, and are told how much effort it is worth; older ones get a budget, once they
 * have refused the other. Where a call of this turn came without thoughts, as from another model,
 * Anthropic refuses to think.
 *
 * @param room most tokens of thoughts.
 */
function thinkingOf(
  { reasoningEffort: effort }: ChatRequest,
  messages: readonly ChatMessage[],
  deployment: Deployment,
  quirks: Quirks,
  room: number,
): Thinking | undefined {
  if (effort === undefined || effort === 'none' || quirks.without?.includes('reasoning_effort')) return undefined;
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const open = messages.slice(asked + 1).find(({ role }) => role === 'assistant');
  const known = open?.role === 'assistant' && open.echo?.deployment === deployment.id && open.echo.details;
  if (open && !known) return undefined;
  if (!quirks.thinksByBudget) return { type: 'adaptive', display: 'summarized' };
  const budget = Math.min(BUDGETS[effort], room);
  return budget < BUDGETS.minimal ? undefined : { type: 'enabled', budget_tokens: budget };
}

const effortOf = ({ reasoningEffort: effort }: ChatRequest) => (effort === 'minimal' ? 'low' : effort);

const toolOf = ({ function: { name, description, parameters } }: ToolDefinition) => ({
  name,
  ...(description !== undefined && { description }),
  input_schema: parameters ?? { type: 'object', properties: {} },
});

function choiceOf({ toolChoice: choice }: ChatRequest, thinks: boolean) {
  if (choice === undefined) return undefined;
  if (choice === 'none') return { type: 'none' };
  // A model that thinks may not be forced.
  if (choice === 'auto' || thinks) return { type: 'auto' };
  return choice === 'required' ? { type: 'any' } : { type: 'tool', name: choice.function.name };
}

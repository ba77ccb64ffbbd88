import type { JsonObject } from '#platform/base/json/json.ts';
import type { ChatRequest } from '../../requests.ts';
import { instructed } from '../chat/body.ts';
import { outputForm } from '../output-form.ts';
import type { Body, Question } from '../protocol.ts';
import { contents, systemOf } from './contents.ts';

/** Returns the request as Google's SDK takes it. */
export function generateBody({ deployment, request, messages, maxTokens, quirks }: Question): Body {
  const form = outputForm(deployment, request, messages, quirks);
  const told = form?.instruction ? instructed(messages, form.instruction) : messages;
  const system = systemOf(told);
  const thinking = thinkingOf(request, deployment.model);
  const without = new Set<string>(quirks.without ?? []);
  const config: Record<string, unknown> = {
    ...(system !== '' && { systemInstruction: system }),
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    ...(request.temperature !== undefined && { temperature: request.temperature }),
    ...(request.topP !== undefined && { topP: request.topP }),
    ...(request.stop && request.stop.length > 0 && { stopSequences: request.stop.slice(0, MAX_STOPS) }),
    ...(request.seed !== undefined && { seed: request.seed }),
    ...(request.presencePenalty !== undefined && { presencePenalty: request.presencePenalty }),
    ...(request.frequencyPenalty !== undefined && { frequencyPenalty: request.frequencyPenalty }),
    ...(thinking && !without.has('reasoning_effort') && { thinkingConfig: thinking }),
    ...toolsOf(request),
    ...(form?.format && { responseMimeType: 'application/json' }),
    ...(form?.format === 'json_schema' &&
      request.output?.type === 'json_schema' && { responseJsonSchema: request.output.schema }),
  };
  return { model: deployment.model, contents: contents(told, deployment.id, quirks), config };
}

/** More are refused. */
const MAX_STOPS = 5;
/** Tokens of thoughts of the models before Gemini 3, which has levels. */
const BUDGETS = { none: 0, minimal: 512, low: 1_024, medium: 8_192, high: 24_576, xhigh: 32_768 } as const;

function thinkingOf({ reasoningEffort: effort }: ChatRequest, model: string): JsonObject | undefined {
  if (effort === undefined) return undefined;
  if (/gemini-[12]\b/.test(model)) return { thinkingBudget: BUDGETS[effort], includeThoughts: effort !== 'none' };
  const level = effort === 'xhigh' ? 'HIGH' : effort === 'none' ? 'MINIMAL' : effort.toUpperCase();
  return { thinkingLevel: level, includeThoughts: effort !== 'none' };
}

function toolsOf({ tools, toolChoice: choice }: ChatRequest): object {
  if (!tools || tools.length === 0) return {};
  const functionDeclarations = tools.map(({ function: { name, description, parameters } }) => ({
    name,
    ...(description !== undefined && { description }),
    ...(parameters && { parametersJsonSchema: parameters }),
  }));
  const named = typeof choice === 'object' ? { allowedFunctionNames: [choice.function.name] } : {};
  const mode = choice === 'none' ? 'NONE' : choice === 'auto' ? 'AUTO' : 'ANY';
  return {
    tools: [{ functionDeclarations }],
    ...(choice !== undefined && { toolConfig: { functionCallingConfig: { mode, ...named } } }),
  };
}

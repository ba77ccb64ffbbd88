import type { Deployment } from '../catalogue/catalogue.ts';
import { type ChatMessage, textOf } from '../messages.ts';
import type { ChatRequest } from '../requests.ts';
import type { OutputFormat, Quirks } from './quirks.ts';

/** The way in which a deployment is asked for JSON. */
export interface OutputForm {
  /** Absent where it knows neither form: then words must do. */
  readonly format: OutputFormat | undefined;
  /** What the model is told beside it. */
  readonly instruction: string | undefined;
}

/**
 * Returns how a deployment is asked for the form of a reply. A schema is asked for as `json_schema`, else as
 * `json_object`, else in words; any JSON as `json_object`, else as `json_schema`, else in words. A form that was
 * refused once is not tried again.
 */
export function outputForm(
  deployment: Deployment,
  { output }: Pick<ChatRequest, 'output'>,
  messages: readonly ChatMessage[],
  quirks: Quirks,
): OutputForm | undefined {
  if (!output) return undefined;
  const order: readonly OutputFormat[] =
    output.type === 'json_schema' ? ['json_schema', 'json_object'] : ['json_object', 'json_schema'];
  const known = formsOf(deployment, order);
  const format = known.find((one) => !quirks.noFormats?.includes(one));
  if (format === 'json_schema') return { format, instruction: undefined };
  // OpenAI refuses `json_object` where no message speaks of JSON.
  const told = output.type === 'json' && format === 'json_object' && messages.some((one) => /json/i.test(textOf(one)));
  if (told) return { format, instruction: undefined };
  const schema =
    output.type === 'json_schema' ? ` It must fit this JSON Schema:\n${JSON.stringify(output.schema)}` : '';
  return { format, instruction: `Answer with one JSON object and nothing else: no Markdown, no comment.${schema}` };
}

/** Anthropic's compatible endpoint takes the parameter and does nothing about it; its own one knows schemas alone. */
function formsOf({ provider }: Deployment, order: readonly OutputFormat[]): readonly OutputFormat[] {
  if (provider.type !== 'anthropic') return order;
  return provider.api === 'native' && order[0] === 'json_schema' ? ['json_schema'] : [];
}

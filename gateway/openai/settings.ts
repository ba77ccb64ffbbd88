import { badInput } from '#platform/base/errors/errors.ts';
import { type Body, needText, numberOf, objectOf, textOf } from './read.ts';

/** Returns the parameters of a model that requests of both kinds name alike. */
export function parametersOf(
  body: Body,
  maxTokens: number | undefined,
  effort: string | undefined,
  effortPath: string,
): object {
  const stop = body['stop'];
  const given = {
    temperature: numberOf(body, 'temperature'),
    topP: numberOf(body, 'top_p'),
    maxTokens,
    stop: typeof stop === 'string' ? [stop] : stop,
    seed: numberOf(body, 'seed'),
    presencePenalty: numberOf(body, 'presence_penalty'),
    frequencyPenalty: numberOf(body, 'frequency_penalty'),
    reasoningEffort: effort === undefined ? undefined : effortOf(effort, effortPath),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value != null));
}

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

function effortOf(effort: string, path: string): string {
  if (!EFFORTS.includes(effort)) throw badInput(path, `must be ${EFFORTS.slice(0, -1).join(', ')} or xhigh.`);
  return effort.toUpperCase();
}

/** Returns a function that a model may call, as the graph takes it. */
export function toolOf(definition: Body, path: string): object {
  const name = needText(definition, 'name', `${path}.name`);
  return {
    name,
    description: textOf(definition, 'description', `${path}.description`) || name,
    parameters: objectOf(definition, 'parameters', `${path}.parameters`) ?? { type: 'object', properties: {} },
  };
}

/**
 * Returns which of its tools a model has to call, as the graph takes it.
 *
 * @param nameOf finds the name where one function is asked for.
 */
export function toolChoiceOf(body: Body, nameOf: (choice: Body) => string): object | undefined {
  const choice = body['tool_choice'];
  if (choice == null) return undefined;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { mode: choice.toUpperCase() };
  const named = objectOf(body, 'tool_choice')!;
  if (named['type'] !== 'function') throw badInput('tool_choice', 'must be auto, none, required or a function.');
  return { mode: 'REQUIRED', name: nameOf(named) };
}

/**
 * Returns the form of the answer, as the graph takes it.
 *
 * @param schemaOf finds the schema with its name where one is given.
 */
export function formatOf(format: Body | undefined, path: string, schemaOf: (format: Body) => Body): object | undefined {
  switch (format?.['type']) {
    case undefined:
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'JSON' };
    case 'json_schema': {
      const { name, schema, strict } = schemaOf(format!);
      return { type: 'JSON_SCHEMA', name, schema, ...(typeof strict === 'boolean' && { strict }) };
    }
    default:
      throw badInput(`${path}.type`, 'must be text, json_object or json_schema.');
  }
}

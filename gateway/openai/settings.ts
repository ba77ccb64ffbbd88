import { badInput } from '#platform/base/errors/errors.ts';
import { type Body, flagOf, needText, numberOf, objectOf, textOf } from './read.ts';

const MAX_TOKENS = 1_000_000;
/** Seeds are whole numbers of 64 bits at OpenAI, and of 32 in the graph. */
const MAX_SEED = 2 ** 63;

/** Returns how long an answer may be, by the name that this API has for it. */
export function maxTokensOf(body: Body, name: string): number | undefined {
  const tokens = numberOf(body, name);
  if (tokens === undefined || (Number.isInteger(tokens) && tokens >= 1 && tokens <= MAX_TOKENS)) return tokens;
  throw badInput(name, `is ${tokens}; it takes a whole number from 1 to ${MAX_TOKENS}.`);
}

/** Returns the seed as the graph takes it: equal ones stay equal, and those of 32 bits are as they are. */
function seedOf(body: Body): number | undefined {
  const seed = numberOf(body, 'seed');
  if (seed === undefined) return undefined;
  if (!Number.isInteger(seed) || Math.abs(seed) > MAX_SEED)
    throw badInput('seed', `is ${seed}; it takes a whole number of 64 bits.`);
  return Number(BigInt.asIntN(32, BigInt(seed)));
}

function stopOf({ stop }: Body): readonly string[] | undefined {
  if (stop == null) return undefined;
  if (typeof stop === 'string') return [stop];
  if (!Array.isArray(stop) || !stop.every((one) => typeof one === 'string'))
    throw badInput('stop', 'must be a text or a list of texts.');
  return stop;
}

/** Returns the parameters of a model that requests of both kinds name alike. */
export function parametersOf(
  body: Body,
  maxTokens: number | undefined,
  effort: string | undefined,
  effortPath: string,
): object {
  const given = {
    temperature: numberOf(body, 'temperature'),
    topP: numberOf(body, 'top_p'),
    maxTokens,
    stop: stopOf(body),
    seed: seedOf(body),
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
  const strict = flagOf(definition, 'strict', `${path}.strict`);
  return {
    name,
    description: textOf(definition, 'description', `${path}.description`) || name,
    parameters: objectOf(definition, 'parameters', `${path}.parameters`) ?? { type: 'object', properties: {} },
    ...(strict !== undefined && { strict }),
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

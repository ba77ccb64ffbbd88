import type { ChatRequest } from '#llm/requests.ts';
import { badInput } from '#platform/base/errors/errors.ts';
import type { JsonObject } from '#platform/base/json/json.ts';
import type { Prisma } from '#prisma/chat/client/client.ts';

export type ReasoningEffort = 'NONE' | 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH' | 'XHIGH';

/** The parameters of a model; what is absent is the model's own default. Stored as JSON in this shape. */
export interface Parameters {
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly reasoningEffort?: ReasoningEffort;
}

/** The parameters as GraphQL hands them in: null is as good as absent. */
export type ParametersInput = { readonly [Key in keyof Parameters]?: Parameters[Key] | null };

const RANGES = {
  temperature: [0, 2],
  topP: [0, 1],
  maxTokens: [1, 1_000_000],
  presencePenalty: [-2, 2],
  frequencyPenalty: [-2, 2],
} as const;

const MAX_STOPS = 4;
const MAX_STOP_LENGTH = 100;

/**
 * Checks the parameters of a model.
 *
 * @param argument path of the input, e.g. `input.parameters`.
 * @throws {CodedError} BAD_USER_INPUT naming the parameter, its value and its range.
 */
export function checkParameters(argument: string, input: ParametersInput | null | undefined): Parameters {
  const given = Object.entries(input ?? {}).filter(([, value]) => value !== null && value !== undefined);
  const parameters = Object.fromEntries(given) as Parameters;
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = parameters[name as keyof typeof RANGES];
    if (value !== undefined && (value < min || value > max)) {
      throw badInput(`${argument}.${name}`, `is ${value}; it goes from ${min} to ${max}.`);
    }
  }
  const { stop } = parameters;
  if (stop && (stop.length > MAX_STOPS || stop.some((text) => text === '' || text.length > MAX_STOP_LENGTH))) {
    throw badInput(`${argument}.stop`, `takes at most ${MAX_STOPS} texts of 1 to ${MAX_STOP_LENGTH} characters.`);
  }
  return parameters;
}

/** Parameters as they lie in a JSON column. */
export const storedParameters = (stored: Prisma.JsonValue | undefined): Parameters => (stored ?? {}) as Parameters;

/** Returns parameters for a JSON column. */
export const asJson = (parameters: Parameters): JsonObject => ({ ...parameters }) as JsonObject;

/** Returns the conversation's parameters with those of one reply on top, as the model layer takes them. */
export function requestParameters(...layers: readonly Parameters[]): Partial<ChatRequest> {
  const { reasoningEffort, ...rest } = Object.assign({}, ...layers) as Parameters;
  return {
    ...rest,
    ...(reasoningEffort && {
      reasoningEffort: reasoningEffort.toLowerCase() as NonNullable<ChatRequest['reasoningEffort']>,
    }),
  };
}

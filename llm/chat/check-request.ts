import { badInput } from '#platform/base/errors/errors.ts';
import type { ChatRequest } from '../requests.ts';

const MAX_MESSAGES = 10_000;

const between = (name: string, value: number | undefined, low: number, high: number, whole = false): void => {
  if (value === undefined || (value >= low && value <= high && (!whole || Number.isInteger(value)))) return;
  throw badInput(name, `is ${value}; allowed: ${whole ? 'a whole number' : 'a number'} from ${low} to ${high}`);
};

/**
 * Checks the parameters of a request.
 *
 * @throws BAD_USER_INPUT naming the parameter, its limits and what was given.
 */
export function checkRequest(request: ChatRequest): void {
  between('temperature', request.temperature, 0, 2);
  between('topP', request.topP, 0, 1);
  between('maxTokens', request.maxTokens, 1, 10_000_000, true);
  between('presencePenalty', request.presencePenalty, -2, 2);
  between('frequencyPenalty', request.frequencyPenalty, -2, 2);
  if (request.stop && request.stop.length > 4)
    throw badInput('stop', `has ${request.stop.length} sequences; at most 4 are allowed`);
  const { messages } = request;
  if (messages.length === 0) throw badInput('messages', 'is empty; send at least one message');
  if (messages.length > MAX_MESSAGES)
    throw badInput('messages', `has ${messages.length} messages; at most ${MAX_MESSAGES} are allowed`);
}

import type { ServerResponse } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import { httpStatusOf } from '#platform/base/errors/http-status.ts';
import { leaveUnread } from '#platform/net/http/leave-unread.ts';
import { sendJson } from '../server/pages.ts';

/** Types that OpenAI's clients know, by status. */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'invalid_request_error',
  429: 'rate_limit_error',
};

/** Codes that OpenAI's clients know; the others are ours in small letters. */
const CODES: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'invalid_api_key',
  BUDGET_EXCEEDED: 'insufficient_quota',
  RATE_LIMITED: 'rate_limit_exceeded',
  CONTEXT_TOO_LARGE: 'context_length_exceeded',
  CONTENT_FILTERED: 'content_filter',
  BAD_USER_INPUT: 'invalid_value',
};

/**
 * Codes that asking again does not change, unless the error says when to. OpenAI's clients ask again after each 409,
 * 429 and 5xx.
 */
const FINAL_CODES = new Set(['MODEL_NOT_CONFIGURED', 'NOT_CONFIGURED', 'BUDGET_EXCEEDED', 'CONFLICT']);

/** Returns the status of an error: that of its code, but for what OpenAI calls not found. */
function statusOf({ extensions }: GraphQLFormattedError): number {
  return extensions?.['code'] === 'MODEL_NOT_FOUND' ? 404 : httpStatusOf(extensions?.['code']);
}

/** Returns an error as OpenAI's API tells it. */
export function errorBody(error: GraphQLFormattedError) {
  const { message, extensions } = error;
  const code = String(extensions?.['code'] ?? 'BAD_USER_INPUT');
  const argument = extensions?.['argument'];
  const ofTheirs = extensions?.['openAiCode'];
  const { wrong, place, why } = coercionOf(message);
  const named = typeof argument === 'string' ? argument : place;
  const param = named === undefined ? null : nameOf(named);
  return {
    error: {
      message:
        param !== null && place !== undefined
          ? `${param} is ${wrong}. ${why}`
          : // It begins with the graph's name of the value.
            param !== null && message.startsWith(String(argument))
            ? param + message.slice(String(argument).length)
            : message,
      type: TYPES[statusOf(error)] ?? 'server_error',
      param,
      code: typeof ofTheirs === 'string' ? ofTheirs : (CODES[code] ?? code.toLowerCase()),
    },
  };
}

/** How the graph refuses a value of another type than it takes: the value, its place and the reason follow. */
const COERCION = 'Variable "$input" got invalid value ';
/** The place is made of names of the graph. What the value holds is the sender's, and may be long. */
const PLACE = / at "(input[\w.[\]]*)"; /;
const MAX_SHOWN = 200;

/** Returns the parts of the message of such a refusal; nothing for others. */
function coercionOf(message: string): { readonly wrong?: string; readonly place?: string; readonly why?: string } {
  const found = message.startsWith(COERCION) ? PLACE.exec(message) : null;
  if (!found) return {};
  const value = message.slice(COERCION.length, found.index);
  return {
    wrong: shortened(value),
    place: found[1]!,
    why: shortened(message.slice(found.index + found[0].length)),
  };
}

const shortened = (text: string): string => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);

/**
 * Returns the name that a value of the graph has here: `temperature` for `input.parameters.temperature`. An item of the
 * `input` of a response has the name that it has.
 */
const nameOf = (argument: string): string =>
  argument.replace(/^input\.(?!\d)(?:parameters\.)?/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Refuses a request in OpenAI's way. */
export function refuse(response: ServerResponse, error: GraphQLFormattedError): void {
  const status = statusOf(error);
  const { code, retryAfter } = error.extensions ?? {};
  if (typeof retryAfter === 'number') response.setHeader('retry-after', String(retryAfter));
  else if (FINAL_CODES.has(String(code))) response.setHeader('x-should-retry', 'false');
  if (status === 413) leaveUnread(response);
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  sendJson(response, status, errorBody(error));
}

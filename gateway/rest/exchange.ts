import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import { httpStatusOf } from '#platform/base/errors/http-status.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { leaveUnread } from '#platform/net/http/leave-unread.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';

/** A request to an endpoint while it is answered. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly visit: Visit;
  readonly log: Logger;
  /** Undefined for an empty one, and where the request has another type than JSON: then it has not been read. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** Refuses a request with the status of the error's code. */
export function refuse(response: ServerResponse, { message, extensions }: GraphQLFormattedError, more = {}): void {
  const { code = 'BAD_USER_INPUT', ...details } = extensions ?? {};
  const retryAfter = details['retryAfter'];
  if (typeof retryAfter === 'number') response.setHeader('retry-after', String(retryAfter));
  const status = httpStatusOf(code);
  if (status === 413) leaveUnread(response);
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  sendJson(response, status, { error: { code, message, ...details, ...more } });
}

/** Answers with the value of the root field; an absent one is a 404. */
export function sendValue(response: ServerResponse, root: string, { data, errors }: FormattedExecutionResult): void {
  const value: unknown = data?.[root];
  const isPlain = typeof value !== 'object' || Array.isArray(value);
  // What is missing of an answer that is there otherwise is said beside it.
  if (value != null) sendJson(response, 200, isPlain ? value : { ...value, ...(errors && { errors }) });
  else refuse(response, errors?.[0] ?? ABSENT);
}

const ABSENT = new CodedError('NOT_FOUND', 'There is nothing of that id, or you may not know of it.');

import type { IncomingMessage } from 'node:http';
import type { GraphQLError } from 'graphql';
import type { Config } from '#platform/base/config/config.ts';
import { badInput, CodedError, type ErrorCode } from '#platform/base/errors/errors.ts';
import { httpStatusOf } from '#platform/base/errors/http-status.ts';
import { parseClientJson } from '#platform/base/json/client-json.ts';
import { isObject } from '#platform/base/json/objects.ts';
import type { OperationAnswer } from '../execution/prepare/operation.ts';
import type { OperationParams } from '../policy/pipeline.ts';
import type { Origins } from '../server/origins.ts';
import type { DeferSpec } from './deferred-channel.ts';

/** The ways an answer can be written. */
export type ResponseFormat = 'application/json' | 'application/graphql-response+json';

/** The formats that the client accepts, in the words of GraphQL over HTTP and of the two streaming protocols. */
export interface Accepted {
  /** Undefined: nothing that we can write. */
  readonly format: ResponseFormat | undefined;
  /** Whether it asked for JSON itself, and is not just told about problems in it. */
  readonly json: boolean;
  readonly eventStream: boolean;
  readonly multipart: boolean;
  /** The form of an answer in parts that it asked for. */
  readonly defer?: DeferSpec | undefined;
}

const JSON_ONLY: Accepted = { format: 'application/json', json: true, eventStream: false, multipart: false };

const DEFER_SPECS: ReadonlyMap<string, DeferSpec> = new Map(
  (['deferSpec=20220824', 'incrementalSpec=v0.2'] as const).map((spec) => [spec.toLowerCase(), spec]),
);

/** Reads an Accept header. Without one, or with a wildcard, the answer is application/json. */
export function acceptedBy(header: string | undefined): Accepted {
  if (header === undefined || header === 'application/json' || header === '*/*' || header.trim() === '') {
    return JSON_ONLY;
  }
  let format: ResponseFormat | undefined;
  let best = 0;
  let eventStream = false;
  let multipart = false;
  let defer: DeferSpec | undefined;
  for (const part of header.split(',')) {
    const [type, ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (!(quality > 0)) continue;
    if (type === 'text/event-stream') eventStream = true;
    // Of its kinds, those for @defer are other protocols.
    const spec =
      type === 'multipart/mixed' ? parameters.find((one) => /^(?:defer|incremental)spec=/.test(one)) : undefined;
    if (spec !== undefined) defer ??= DEFER_SPECS.get(spec);
    else if (type === 'multipart/mixed') multipart = true;
    const candidate: ResponseFormat | undefined =
      type === 'application/graphql-response+json'
        ? type
        : type === 'application/json' || type === '*/*' || type === 'application/*'
          ? 'application/json'
          : undefined;
    if (candidate !== undefined && quality > best) {
      format = candidate;
      best = quality;
    }
  }
  // A client that takes only a stream still has to be told in JSON what was wrong with its request.
  return {
    format: format ?? (eventStream || multipart || defer ? 'application/json' : undefined),
    json: format !== undefined,
    eventStream,
    multipart,
    defer,
  };
}

/** The limits of a body. */
export type BodyLimits = Pick<Config, 'MAX_BODY_BYTES' | 'MAX_BATCH'>;

/**
 * Returns the parameters of a POST body: those of one operation, or of each of a batch.
 *
 * @throws {CodedError} BAD_USER_INPUT naming the parameter.
 */
export function paramsOfBody(body: Buffer, limits: BodyLimits): OperationParams | readonly OperationParams[] {
  // Which variable is nested too deep for the setting is said afterwards.
  const parsed = parseClientJson(body, limits.MAX_BODY_BYTES);
  if (Array.isArray(parsed)) return paramsOfBatch(parsed, limits.MAX_BATCH);
  if (!isObject(parsed)) throw badInput('body', 'must be a JSON object.');
  return checkParams(parsed);
}

function paramsOfBatch(batch: readonly unknown[], maxBatch: number): readonly OperationParams[] {
  if (maxBatch === 0) throw badInput('body', 'is a batch of operations; send each in a request of its own.');
  if (batch.length === 0) throw badInput('body', 'is a batch without an operation.');
  if (batch.length > maxBatch) {
    const problem = `is a batch of ${batch.length} operations; at most ${maxBatch} are accepted.`;
    throw badInput('body', problem, { limit: 'MAX_BATCH' });
  }
  return batch.map((one) => {
    if (!isObject(one)) throw badInput('body', 'must be a list of JSON objects.');
    return checkParams(one);
  });
}

/** Returns the parameters of a GET request. @throws {CodedError} BAD_USER_INPUT naming the parameter. */
export function paramsOfUrl(search: URLSearchParams): OperationParams {
  const parsed: Record<string, unknown> = {};
  for (const name of ['query', 'operationName', 'id', 'documentId']) {
    const value = search.get(name);
    if (value !== null && value !== '') parsed[name] = value;
  }
  for (const name of ['variables', 'extensions']) {
    const value = search.get(name);
    if (value === null || value === '') continue;
    try {
      parsed[name] = JSON.parse(value);
    } catch {
      throw badInput(name, 'is not JSON.');
    }
  }
  return checkParams(parsed);
}

/** Checks the types of a request's parameters. Null counts as absent. */
export function checkParams(given: Record<string, unknown>): OperationParams {
  const { query, operationName, variables, extensions } = given;
  const id = given['id'] ?? given['documentId'] ?? given['doc_id'];
  if (query != null && typeof query !== 'string') throw badInput('query', 'must be a string.');
  if (operationName != null && typeof operationName !== 'string') throw badInput('operationName', 'must be a string.');
  if (variables != null && !isObject(variables)) throw badInput('variables', 'must be an object.');
  if (extensions != null && !isObject(extensions)) throw badInput('extensions', 'must be an object.');
  if (id != null && typeof id !== 'string') throw badInput('id', 'must be a string.');
  return { query, operationName, variables, extensions, ...(id != null && { id }) } as OperationParams;
}

/**
 * Refuses what a foreign page can send without being asked. A page can make a browser send a GET, or a POST of a few
 * simple content types, to any server without asking it. Such a request is refused unless it carries a header that
 * browsers ask about first (CORS), or comes from a page that may call the gateway.
 *
 * @throws {CodedError} BAD_USER_INPUT.
 */
export function preventForgery(request: IncomingMessage, origins: Origins): void {
  const { headers } = request;
  if (headers['apollo-require-preflight'] || headers['x-apollo-operation-name']) return;
  if (contentTypeOf(headers['content-type']) === 'application/json') return;
  // Credentials that a page sets. Those of the other schemes a browser adds by itself.
  if (headers['x-api-key'] || /^bearer /i.test(headers.authorization ?? '')) return;
  // What a browser says of the page, which the page cannot change.
  if (headers.origin !== undefined ? origins.allowed(request) : headers['sec-fetch-site'] === 'same-origin') return;
  throw new CodedError(
    'BAD_USER_INPUT',
    'This may be a cross-site request forgery: send the header Apollo-Require-Preflight, or POST application/json.',
  );
}

/**
 * Returns the media type, lower case and without parameters; an unreadable one counts as absent (GHSA-9q82-xgwf-vj6h).
 */
export function contentTypeOf(header: string | undefined): string | undefined {
  if (header === undefined || header === 'application/json') return header;
  const type = header.split(';', 1)[0]!.trim().toLowerCase();
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type) ? type : '';
}

/** What is said of the document itself. Apollo Client and Relay read these from a 200 as well as from a 400. */
const OF_DOCUMENT: ReadonlySet<unknown> = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
]);

/**
 * Returns the status of a request that failed as a whole: that of its first error's code. In application/json, which
 * proxies send as well, GraphQL over HTTP wants 200 for what was read as a request and has a wrong document.
 */
export function statusOf(errors: readonly GraphQLError[], format: ResponseFormat): number {
  const code = errors[0]?.extensions['code'];
  return format === 'application/json' && OF_DOCUMENT.has(code) ? 200 : httpStatusOf(code);
}

/** Returns the status of an operation's answer: where it has data, beside errors as well, it is 200. */
export const statusOfAnswer = ({ refused }: OperationAnswer, format: ResponseFormat): number =>
  refused && format === 'application/graphql-response+json' ? 400 : 200;

/** Errors as a response body. */
export const errorBody = (errors: readonly GraphQLError[]): string => JSON.stringify({ errors });

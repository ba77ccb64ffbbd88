import type { ExecutionResult } from 'graphql';
import { CodedError, type ErrorCode } from '../../base/errors/errors.ts';
import { isObject, parseObject } from '../../base/json/objects.ts';
import type { HttpAnswer } from './http-response.ts';
import type { SubgraphResponse } from './transport.ts';

/**
 * Returns an HTTP answer as GraphQL. A body that is GraphQL is read, whatever the status is: GraphQL over HTTP has 4xx
 * and 5xx for requests that failed as a whole. The statuses 401 and 403 are about the credentials that were sent. Those
 * of a client are refused as UNAUTHENTICATED or FORBIDDEN, unless the body has a code of its own. Where the identity
 * was signed here they are not an answer (refusals.ts): a client that was told UNAUTHENTICATED would sign its user out
 * for nothing.
 *
 * @throws {CodedError} SUBGRAPH_UNAVAILABLE, UNAUTHENTICATED or FORBIDDEN when there is nothing to read.
 */
export function responseOf({ status, head, body }: HttpAnswer, subgraph: string): SubgraphResponse {
  const code = CODES[status];
  const response = new JsonResponse(subgraph, head, body, code);
  if (status === 200) return response;
  if (holdsGraphql(body)) return response;
  if (code) throw new CodedError(code, `${subgraph} refuses the credentials of this request.`);
  throw unusable(subgraph, `answered with status ${status}.`);
}

/**
 * Returns whether an answer comes from a proxy, or a server in trouble, in place of the subgraph: another try may help.
 */
export const isAway = ({ status, body }: Pick<HttpAnswer, 'status' | 'body'>): boolean =>
  status >= 502 && status <= 504 && !holdsGraphql(body);

const CODES: Readonly<Record<number, ErrorCode>> = { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN' };

/** Returns whether a body is an answer of GraphQL. */
export function holdsGraphql(body: Buffer): boolean {
  const found = parseObject(textOf(body));
  return found !== undefined && (isObject(found.data) || (Array.isArray(found.errors) && found.errors.length > 0));
}

/** A byte order mark, which some servers write, does not belong to JSON. */
const MARK = 0xef;
const textOf = (body: Buffer): string => (body[0] === MARK ? new TextDecoder().decode(body) : body.toString());

/** Gives errors without a code of their own the one that the status means. */
function addCode(result: ExecutionResult, code: ErrorCode): void {
  for (const error of (result.errors ?? []) as readonly unknown[]) {
    if (!isObject(error)) continue;
    const extensions = isObject(error.extensions) ? error.extensions : {};
    if (typeof extensions.code !== 'string') error.extensions = { ...extensions, code };
  }
}

/** Returns the error of an answer that cannot be used. */
export const unusable = (subgraph: string, what: string): CodedError =>
  new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} ${what}`);

/** Parsed at the first look: a passed-through answer never is. */
class JsonResponse implements SubgraphResponse {
  readonly bytes: Uint8Array;
  readonly head: string;
  readonly #subgraph: string;
  readonly #code: ErrorCode | undefined;
  #result: ExecutionResult | undefined;

  /** @param code what the status says of errors without a code of their own. */
  constructor(subgraph: string, head: string, body: Buffer, code: ErrorCode | undefined) {
    this.#subgraph = subgraph;
    this.#code = code;
    this.head = head;
    this.bytes = body;
  }

  get result(): ExecutionResult {
    this.#result ??= this.#parse();
    return this.#result;
  }

  copy(): SubgraphResponse {
    return new JsonResponse(this.#subgraph, this.head, this.bytes as Buffer, this.#code);
  }

  #parse(): ExecutionResult {
    const result = parseObject(textOf(this.bytes as Buffer));
    if (result && ('data' in result || 'errors' in result)) {
      if (this.#code) addCode(result, this.#code);
      return result;
    }
    throw unusable(this.#subgraph, 'answered with something that is not GraphQL.');
  }
}

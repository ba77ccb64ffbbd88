import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { FieldNode, FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { Cancellation } from '#platform/base/cancellation/cancellation.ts';
import type { Config } from '#platform/base/config/config.ts';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { httpStatusOf } from '#platform/base/errors/http-status.ts';
import { isTooDeep, MAX_JSON_LEVELS } from '#platform/base/json/json-levels.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import { readBody } from '#platform/net/http/web.ts';
import { isRefused, type Pipeline, type Served } from '../policy/pipeline.ts';
import { contentTypeOf } from '../protocols/graphql-http.ts';
import { credentialsOf, identify } from '../request/authentication.ts';
import { clientOf, requestIdOf, traceparentOf } from '../request/client.ts';
import { type PropagationRules, propagated } from '../request/propagation.ts';
import type { GatewayMetrics } from '../server/metrics.ts';
import { sendJson } from '../server/pages.ts';
import type { Graph, GraphVersion } from '../supergraph/graph.ts';
import { type Endpoint, readEndpoints } from './endpoints.ts';
import { openApi } from './openapi.ts';
import { variablesOf } from './variables.ts';

/** The endpoints of the original system. */
export const REST_OPERATIONS = fileURLToPath(new URL('operations', import.meta.url));

export interface RestOptions {
  /** Folder of the endpoints; undefined: there are none. */
  readonly folder: string | undefined;
  readonly config: Pick<Config, 'TRUSTED_PROXIES' | 'MAX_BODY_BYTES' | 'publicUrl'>;
  readonly log: Logger;
  readonly metrics: GatewayMetrics;
  readonly authenticator?: Authenticator | undefined;
  readonly propagation?: PropagationRules | undefined;
  readonly graph: Graph<Served>;
  readonly pipeline: Pipeline;
}

export interface Rest {
  /** Whether an endpoint, or the document about them, has this path. */
  has(path: string): boolean;
  answer(request: IncomingMessage, response: ServerResponse, path: string, search: string): Promise<void>;
  /** Prepares the operations of a new supergraph, and says in the log which of them do not fit it. */
  check(version: GraphVersion<Served>): Promise<void>;
}

const DOCUMENT = '/openapi.json';

/**
 * Creates REST as a view of the graph: each endpoint is a named operation that passes the same pipeline as any other.
 */
export function createRest(options: RestOptions): Rest {
  const { config, log, metrics, graph, pipeline } = options;
  const endpoints = options.folder === undefined ? [] : readEndpoints(options.folder);
  const routes = endpoints.map((endpoint) => ({ endpoint, pattern: patternOf(endpoint.path) }));

  async function call(
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: Endpoint,
    path: string,
    search: string,
  ) {
    const started = performance.now();
    const requestId = requestIdOf(request);
    response.setHeader('x-request-id', requestId);
    const version = graph.current;
    if (!version) throw new CodedError('SERVICE_UNAVAILABLE', 'The gateway is starting.');
    const groups = patternOf(endpoint.path).exec(path)?.groups ?? {};
    const parameters = Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decode(name, value)]));
    const body = endpoint.method === 'GET' ? undefined : await bodyOf(request, config.MAX_BODY_BYTES);
    const cancellation = new Cancellation();
    response.once('close', () => {
      if (!response.writableFinished) cancellation.abort(new CodedError('TIMEOUT', 'The client has left.'));
    });
    const client = clientOf(request, config.TRUSTED_PROXIES);
    const admitted = await pipeline.admit(
      version,
      { query: endpoint.query, variables: variablesOf(endpoint, parameters, new URLSearchParams(search), body) },
      {
        identity: await identify(options.authenticator, credentialsOf(request), client),
        client,
        requestId,
        traceparent: traceparentOf(request.headers['traceparent']),
        headers: propagated(options.propagation, request.headers),
        signal: cancellation,
        registered: true,
      },
    );
    if (isRefused(admitted)) throw admitted.errors[0];
    const answer = await admitted.prepared.execute(admitted.request);
    metrics.operation(
      'rest',
      admitted.prepared.kind,
      answer.failed ? 'errors' : 'ok',
      (performance.now() - started) / 1000,
    );
    send(response, endpoint, JSON.parse(answer.json.toString()) as FormattedExecutionResult);
  }

  return {
    has: (path) => endpoints.length > 0 && (path === DOCUMENT || routes.some(({ pattern }) => pattern.test(path))),

    async answer(request, response, path, search) {
      if (path === DOCUMENT) {
        const schema = graph.current?.supergraph.apiSchema;
        if (!schema) return sendJson(response, 503, problem('SERVICE_UNAVAILABLE', 'The gateway is starting.'));
        return sendJson(response, 200, openApi(endpoints, schema, config.publicUrl));
      }
      const matching = routes.filter(({ pattern }) => pattern.test(path));
      const found = matching.find(({ endpoint }) => endpoint.method === request.method);
      if (!found) {
        response.setHeader('allow', matching.map(({ endpoint }) => endpoint.method).join(', '));
        return sendJson(response, 405, problem('BAD_USER_INPUT', `${path} does not answer ${request.method}.`));
      }
      try {
        await call(request, response, found.endpoint, path, search);
      } catch (error) {
        if (!(error instanceof Error && 'extensions' in error)) throw error;
        refuse(response, error as unknown as GraphQLFormattedError);
      }
    },

    async check({ operations }) {
      for (const { name, query } of endpoints) {
        const prepared = await operations.prepare({ query });
        if (Array.isArray(prepared)) {
          log.error({ endpoint: name, problem: prepared[0]?.message }, 'a REST endpoint does not fit the schema');
        }
      }
    },
  };
}

/** The answer is the value of the root field; an absent one is a 404. */
function send(response: ServerResponse, endpoint: Endpoint, result: FormattedExecutionResult) {
  const field = endpoint.operation.selectionSet.selections[0] as FieldNode;
  const value = result.data?.[field.alias?.value ?? field.name.value];
  if (value !== null && value !== undefined) {
    // What is missing of an answer that is there otherwise is said beside it.
    const partial = result.errors && typeof value === 'object' ? { errors: result.errors } : {};
    return sendJson(
      response,
      200,
      Array.isArray(value) ? value : typeof value === 'object' ? { ...value, ...partial } : value,
    );
  }
  const [error] = result.errors ?? [];
  if (error) return refuse(response, error);
  sendJson(response, 404, problem('NOT_FOUND', 'There is nothing of that id, or you may not know of it.'));
}

function refuse(response: ServerResponse, { message, extensions }: GraphQLFormattedError): void {
  const { code = 'BAD_USER_INPUT', ...details } = extensions ?? {};
  const retryAfter = details['retryAfter'];
  if (typeof retryAfter === 'number') response.setHeader('retry-after', String(retryAfter));
  const status = httpStatusOf(code);
  if (status === 413) response.setHeader('connection', 'close');
  sendJson(response, status, { error: { code, message, ...details } });
}

const problem = (code: string, message: string) => ({ error: { code, message } });

const patternOf = (template: string): RegExp =>
  new RegExp(`^${template.replace(/\./g, '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);

function decode(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw badInput(name, 'is not percent-encoded correctly.');
  }
}

async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<Record<string, unknown> | undefined> {
  const bytes = await readBody(request, maxBytes);
  // Not even an empty body without the type: it is what a foreign page's form cannot send.
  if (contentTypeOf(request.headers['content-type']) !== 'application/json') {
    throw badInput('body', 'must have the content type application/json.');
  }
  if (bytes.length === 0) return undefined;
  if (isTooDeep(bytes))
    throw badInput('body', `has more than ${MAX_JSON_LEVELS} levels of lists and objects; flatten it.`);
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // said below
  }
  throw badInput('body', 'must be a JSON object.');
}

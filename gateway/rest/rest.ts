import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { GraphQLFormattedError } from 'graphql';
import { badInput } from '#platform/base/errors/errors.ts';
import { isClosed } from '#platform/net/http/client-left.ts';
import { checkOperations } from '../doors/check.ts';
import { readJsonBody } from '../doors/json-body.ts';
import type { DoorParts } from '../doors/parts.ts';
import { Visit } from '../doors/visit.ts';
import type { Served } from '../policy/pipeline.ts';
import { contentTypeOf } from '../protocols/graphql-http.ts';
import { problem, refuseMethod, sendJson } from '../server/pages.ts';
import type { GraphVersion } from '../supergraph/graph.ts';
import type { Composed } from './composed-endpoint.ts';
import { type Described, type Endpoint, readEndpoints } from './endpoints.ts';
import { refuse, sendValue } from './exchange.ts';
import { openApi } from './openapi.ts';
import { variablesOf } from './variables.ts';

/** The endpoints of the original system. */
export const REST_OPERATIONS = fileURLToPath(new URL('operations', import.meta.url));

export interface RestOptions extends DoorParts {
  /** Folder of the endpoints; undefined: there are none. */
  readonly folder: string | undefined;
  /** Endpoints that take several operations. Default: none. */
  readonly composed?: readonly Composed[] | undefined;
}

export interface Rest {
  /** Whether an endpoint, or the document about them, has this path. */
  has(path: string): boolean;
  answer(request: IncomingMessage, response: ServerResponse, path: string, search: string): Promise<void>;
  /** Validates the operations for a new supergraph, and says in the log which of them do not fit it. */
  check(version: GraphVersion<Served>): Promise<void>;
}

const DOCUMENT = '/openapi.json';

/**
 * Creates REST as a view of the graph: each endpoint is a named operation that passes the same pipeline as any other.
 */
export function createRest(options: RestOptions): Rest {
  const { config, log, graph, folder } = options;
  const endpoints = folder === undefined ? [] : readEndpoints(folder);
  const composed = (folder !== undefined && options.composed) || [];
  const routes = [
    ...endpoints.map((endpoint) => ({ endpoint, pattern: patternOf(endpoint), answer: answerOne(endpoint) })),
    ...composed.map((endpoint) => ({ endpoint, pattern: patternOf(endpoint), answer: answerComposed(endpoint) })),
  ];

  function answerOne(endpoint: Endpoint) {
    const pattern = patternOf(endpoint);
    return async (request: IncomingMessage, response: ServerResponse, path: string, search: string): Promise<void> => {
      const groups = pattern.exec(path)?.groups ?? {};
      const parameters = Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decode(name, value)]));
      const body = endpoint.method === 'GET' ? undefined : await readJsonBody(request, response, options);
      const visit = await Visit.begin(options, 'rest', request, response);
      const variables = variablesOf(endpoint, parameters, new URLSearchParams(search), body);
      sendValue(response, endpoint.operation.root, await visit.result(endpoint.operation, variables));
    };
  }

  function answerComposed(endpoint: Composed) {
    return async (request: IncomingMessage, response: ServerResponse, _path: string, search: string): Promise<void> => {
      const [unknown] = new URLSearchParams(search).keys();
      if (unknown !== undefined) throw badInput(unknown, 'is not known here.');
      const isForm = endpoint.takesFile && contentTypeOf(request.headers['content-type']) === 'multipart/form-data';
      const body = isForm ? undefined : await readJsonBody(request, response, options);
      const visit = await Visit.begin(options, 'rest', request, response);
      await endpoint.answer({ request, response, visit, log, body });
    };
  }

  return {
    has: (path) => routes.length > 0 && (path === DOCUMENT || routes.some(({ pattern }) => pattern.test(path))),

    async answer(request, response, path, search) {
      const asked = request.method === 'HEAD' ? 'GET' : request.method;
      if (path === DOCUMENT) {
        if (asked !== 'GET') return refuseMethod(response, ['GET']);
        const schema = graph.current?.supergraph.apiSchema;
        if (!schema) return sendJson(response, 503, problem('SERVICE_UNAVAILABLE', 'The gateway is starting.'));
        return sendJson(response, 200, openApi(endpoints, composed, schema, config.publicUrl));
      }
      // What is written out is not what a parameter takes: /api/memories/search is not a memory of /api/memories/{id}.
      const written = routes.filter(({ endpoint }) => endpoint.path === path);
      const matching = written.length > 0 ? written : routes.filter(({ pattern }) => pattern.test(path));
      const found = matching.find(({ endpoint }) => endpoint.method === asked);
      if (!found)
        return refuseMethod(
          response,
          matching.map(({ endpoint }) => endpoint.method),
        );
      try {
        await found.answer(request, response, path, search);
      } catch (error) {
        if (!(error instanceof Error && 'extensions' in error)) throw error;
        if (!response.headersSent && !isClosed(response)) refuse(response, error as unknown as GraphQLFormattedError);
      }
    },

    check: (version) =>
      checkOperations(
        version,
        [...endpoints.map(({ operation }) => operation), ...composed.flatMap(({ operations }) => operations)],
        log,
      ),
  };
}

const patternOf = ({ path }: Described): RegExp =>
  new RegExp(`^${path.replace(/\./g, '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);

function decode(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw badInput(name, 'is not percent-encoded correctly.');
  }
}

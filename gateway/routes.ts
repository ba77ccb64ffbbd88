import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { SingleFlight } from '#platform/base/cancellation/single-flight.ts';
import type { Config } from '#platform/base/config/config.ts';
import type { Checks } from '#platform/net/http/health-report.ts';
import type { Callbacks } from '#platform/net/transport/callbacks.ts';
import { type createInvalidation, INVALIDATION_PATH } from './cache/invalidation.ts';
import { type Account, createExplorer } from './explorer/explorer.ts';
import type { Served } from './policy/pipeline.ts';
import type { ApolloFace } from './protocols/apollo.ts';
import { CALLBACK_PATH, createCallbackHandler, type RelayCallback } from './protocols/callback.ts';
import { createForward } from './protocols/forward.ts';
import { createGraphqlHandler } from './protocols/graphql.ts';
import type { ProtocolParts } from './protocols/parts.ts';
import { isForwarded } from './request/client.ts';
import { createDocs } from './rest/docs/docs.ts';
import { createRest } from './rest/rest.ts';
import { createFrontPage } from './server/front-page.ts';
import { createHealth, type Health } from './server/health.ts';
import { sendLandingPage } from './server/landing-page.ts';
import type { Origins } from './server/origins.ts';
import { refuseMethod, secure, seeOther, sendJson, sendText } from './server/pages.ts';
import type { GraphVersion } from './supergraph/graph.ts';

/** The choice of what there is beside the graph. */
export interface RouteOptions {
  /** Paths that a subgraph's plain route answers: `{'/.well-known/jwks.json': ['auth', '/jwks.json']}`. */
  readonly wellKnown?: Readonly<Record<string, readonly [subgraph: string, path: string]>>;
  /** Folder of REST endpoints, one .graphql file each: REST_OPERATIONS for the product's own. Default: none. */
  readonly rest?: string | undefined;
  /** Whether the product's own doors are open: endpoints of REST that take several operations, /v1 and /mcp. */
  readonly doors?: boolean | undefined;
  /** Folder of .graphql files that the explorer opens with. */
  readonly examples?: string | undefined;
  /** How people sign up and in at the explorer. */
  readonly account?: Account | undefined;
  /** Folder of the page at /. Without, a browser at / is sent to the explorer. */
  readonly frontPage?: string | undefined;
  /** Looks at the servers that this process uses, for /health. */
  readonly stores?: (() => Promise<Checks>) | undefined;
  /** The build, shown by /health. */
  readonly version?: string | undefined;
  /** Hands on callbacks that are of another process behind the port. */
  readonly relayCallback?: RelayCallback | undefined;
  /** What /metrics answers. Default: what `metrics` has. */
  readonly readMetrics?: (() => Promise<string>) | undefined;
}

export interface RouteParts extends RouteOptions, ProtocolParts {
  readonly config: Config;
  readonly registry: Registry;
  readonly origins: Origins;
  readonly apollo: ApolloFace;
  /** The subscriptions of this process whose events come as requests. */
  readonly callbacks: Callbacks;
  readonly invalidation: ReturnType<typeof createInvalidation>;
}

export interface Routes {
  /** Answers a request by its path. */
  answer(request: IncomingMessage, response: ServerResponse, path: string, search: string): Promise<void>;
  /** Looks whether the operations of all doors fit a graph, and logs those that do not. */
  checkDoors(version: GraphVersion<Served>): Promise<void>;
  readonly health: Health;
}

/** Creates what stands behind each path of a gateway: the graph, its doors, pages, and how the gateway is. */
export async function createRoutes(parts: RouteParts): Promise<Routes> {
  const { config, log, graph, registry, invalidation } = parts;
  const graphql = createGraphqlHandler(parts);
  const forward = createForward(parts);
  const explorer = createExplorer({ config, log, examples: parts.examples, account: parts.account });
  const doors = parts.doors ? (await import('./own-doors.ts')).createOwnDoors(parts) : undefined;
  const rest = createRest({ ...parts, folder: parts.rest, composed: doors?.composed });
  const docs = createDocs();
  const answerCallback = createCallbackHandler(parts.callbacks, parts.relayCallback);
  const frontPage = parts.frontPage === undefined ? undefined : createFrontPage(parts.frontPage, config);
  const health = createHealth({ graph, version: parts.version, stores: parts.stores });
  const gather = parts.readMetrics ?? (() => registry.metrics());
  const gathering = new SingleFlight();
  const readMetrics = async () => (await gathering.run('metrics', gather)).value;

  return {
    answer,
    async checkDoors(version) {
      await rest.check(version);
      await doors?.openai.check(version);
      await doors?.mcp.check(version);
    },
    health,
  };

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    search: string,
  ): Promise<void> {
    const isGraph = path === '/graphql';
    if (isGraph && !(request.method === 'GET' && search === '' && wantsPage(request)))
      return graphql(request, response, search);
    secure(response, config.publicUrl);
    if (isGraph) return config.production ? sendLandingPage(response) : seeOther(response, '/explorer');
    if (path.startsWith(CALLBACK_PATH)) return answerCallback(request, response, path);
    if (path === INVALIDATION_PATH && invalidation.isOpen) return invalidation.answer(request, response);
    if (doors?.openai.has(path)) return doors.openai.answer(request, response, path);
    if (doors?.mcp.has(path)) return doors.mcp.answer(request, response, path);
    if (rest.has(path)) return rest.answer(request, response, path, search);
    const wellKnown = parts.wellKnown?.[path];
    if (wellKnown || path.startsWith('/_/')) {
      const [subgraph, route] = wellKnown ? [wellKnown[0], wellKnown[1] + search] : ownRoute(path + search);
      return forward(request, response, graph.current?.transports.get(subgraph), route, wellKnown !== undefined);
    }
    return answerPage(request, response, path);
  }

  /** Returns whether a path answers what only reads. Those of a page's addresses depend on who asks. */
  function isPage(request: IncomingMessage, path: string): boolean {
    if (path === '/metrics') return !isForwarded(request);
    if (path === '/schema.graphql' || isExplorer(path)) return !config.production;
    return PAGES.has(path) || frontPage?.has(path) === true || (parts.rest !== undefined && docs.has(path));
  }

  /** Answers what is read without a body: pages, and how the gateway is. */
  async function answerPage(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return isPage(request, path) ? refuseMethod(response, ['GET']) : notFound(response, path);
    if (parts.rest !== undefined && docs.has(path)) return docs.answer(response, path);
    switch (path) {
      case '/':
        if (frontPage && (await frontPage.answer(response, path, true))) return;
        return seeOther(response, config.production ? '/health' : '/explorer');
      case '/favicon.ico':
        return seeOther(response, frontPage ? '/icon.svg' : '/explorer/icon.svg');
      case '/health':
        return health.answer(response);
      case '/ready':
        return sendJson(response, health.ready ? 200 : 503, { ready: health.ready });
      case '/metrics':
        // For a scraper beside it, not for a client that comes in through the balancer.
        if (isForwarded(request)) return notFound(response, path);
        return sendText(response, 200, registry.contentType, await readMetrics());
      case '/schema.graphql':
        if (config.production) return notFound(response, path);
        if (!graph.current) return sendJson(response, 503, { error: 'starting' });
        return sendText(response, 200, 'text/plain; charset=utf-8', graph.current.supergraph.apiSdl());
    }
    if (isExplorer(path)) return explorer.answer(response, path);
    if (frontPage && (await frontPage.answer(response, path, wantsPage(request)))) return;
    return notFound(response, path);
  }
}

const PAGES = new Set(['/', '/favicon.ico', '/health', '/ready']);

const isExplorer = (path: string): boolean => path === '/explorer' || path.startsWith('/explorer/');

/** `/_/<subgraph><path>?<query>` as the subgraph and its own path with the query. */
function ownRoute(target: string): readonly [subgraph: string, path: string] {
  const [, subgraph = '', rest = ''] = /^\/_\/([^/?]*)(.*)$/s.exec(target) ?? [];
  return [subgraph, rest.startsWith('/') ? rest : `/${rest}`];
}

/** A browser's address bar, and not a client's query. */
const wantsPage = (request: IncomingMessage): boolean => request.headers.accept?.includes('text/html') ?? false;

const notFound = (response: ServerResponse, path: string): void =>
  sendJson(response, 404, { error: { code: 'NOT_FOUND', message: `There is nothing at ${path}.` } });

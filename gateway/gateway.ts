import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApolloServerPlugin } from '@apollo/server';
import type { Registry } from 'prom-client';
import { SingleFlight } from '#platform/base/cancellation/single-flight.ts';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError, unexpected } from '#platform/base/errors/errors.ts';
import { type Guard, guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Authenticator, IdentityAssertions } from '#platform/identity/authenticator.ts';
import type { RateLimiter } from '#platform/identity/limits/rate-limiter.ts';
import { createClientServer } from '#platform/net/http/client-server.ts';
import type { Checks } from '#platform/net/http/health-report.ts';
import { drain, listen, stopListening } from '#platform/net/http/listen.ts';
import { readTarget } from '#platform/net/http/request-target.ts';
import { readMutualTls } from '#platform/net/http/tls.ts';
import { Callbacks } from '#platform/net/transport/callbacks.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';
import { MemoryCache } from '#platform/realtime/cache/memory-cache.ts';
import { createCacheMetrics } from './cache/cache-metrics.ts';
import { createAnswerCaches } from './cache/create-cache.ts';
import { createInvalidation, INVALIDATION_PATH } from './cache/invalidation.ts';
import { followGatewayFile } from './configured.ts';
import type { Compile } from './execution/prepare/operations.ts';
import type { EngineHooks, ExposeError } from './execution/run/observer.ts';
import { type Account, createExplorer } from './explorer/explorer.ts';
import { createMcp } from './mcp/mcp.ts';
import { createOpenAi } from './openai/openai.ts';
import { createPipeline, type OperationCaller, type Served } from './policy/pipeline.ts';
import type { PolicyEvaluator } from './policy/policies.ts';
import { createPolicyHook } from './policy/policy-hook.ts';
import { tracePipeline } from './policy/tracing.ts';
import { type ApolloContext, createApolloFace } from './protocols/apollo.ts';
import { CALLBACK_PATH, createCallbackHandler, type RelayCallback } from './protocols/callback.ts';
import { createForward } from './protocols/forward.ts';
import { createGraphqlHandler } from './protocols/graphql.ts';
import { refuse } from './protocols/send-answer.ts';
import { serveWebSockets } from './protocols/websocket.ts';
import { isForwarded, requestIdOf } from './request/client.ts';
import { redactError } from './request/shown-errors.ts';
import { COMPOSED } from './rest/composed/all.ts';
import { createDocs } from './rest/docs/docs.ts';
import { createRest } from './rest/rest.ts';
import { boundChunks } from './server/body-chunks.ts';
import { createFrontPage } from './server/front-page.ts';
import { createHealth } from './server/health.ts';
import { sendLandingPage } from './server/landing-page.ts';
import { createGatewayMetrics } from './server/metrics.ts';
import { secure, seeOther, sendJson, sendText } from './server/pages.ts';
import { boundPipelining } from './server/pipelining.ts';
import { subgraphMetrics } from './server/subgraph-metrics.ts';
import { settingsOf } from './settings/gateway-file.ts';
import { textOf } from './settings/watch-gateway-file.ts';
import { createSubscriptions } from './subscriptions/subscriptions.ts';
import { createGraph, type GraphVersion } from './supergraph/graph.ts';
import type { OverrideChooser } from './supergraph/overrides.ts';
import { ruled } from './supergraph/ruled-transport.ts';
import { shared } from './supergraph/shared-transport.ts';
import type { Supergraph, SupergraphSource } from './supergraph/supergraph.ts';

export interface GatewayOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly supergraph: SupergraphSource;
  /** Makes operations runnable: the compiled engine, or the stock one as reference. */
  readonly compile: (supergraph: Supergraph, hooks: EngineHooks) => Compile;
  /** Subgraphs of this process, by name; the others are reached by their URLs. */
  readonly transports?: ReadonlyMap<string, SubgraphTransport>;
  /** URLs of subgraphs, by name, in the place of those of the supergraph and of gateway.yaml. */
  readonly addresses?: Readonly<Record<string, string>> | undefined;
  /** Verifies credentials. Without, credentials are passed on to the subgraphs, who have to check them. */
  readonly authenticator?: Authenticator | undefined;
  /** Signs identities for subgraphs of other processes. */
  readonly assertions?: IdentityAssertions | undefined;
  readonly limiter?: RateLimiter | undefined;
  readonly cache?: Cache | undefined;
  /**
   * Decides what `@policy` demands. Default: the hook at POLICY_URL; without, a policy is granted by the role of its
   * name.
   */
  readonly policies?: PolicyEvaluator | undefined;
  /**
   * Decides for each operation which labels of `@override` are taken that have no share, such as `label: "beta"`.
   * Default: those that OVERRIDE_LABELS names.
   */
  readonly overrides?: OverrideChooser<OperationCaller> | undefined;
  /** Absolute path of a gateway.yaml, whose changes are followed. Default: none. */
  readonly file?: string | undefined;
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
  /** Plugins of Apollo Server; with any, queries and mutations over HTTP pass its pipeline, which costs some 50 µs. */
  readonly apolloPlugins?: readonly ApolloServerPlugin<ApolloContext>[];
  /** Looks at the servers that this process uses, for /health. */
  readonly stores?: (() => Promise<Checks>) | undefined;
  /** The build, shown by /health. */
  readonly version?: string | undefined;
  /** Default: the configuration's. */
  readonly port?: number;
  /** Whether other processes listen at the same port: new connections are theirs as soon as this one stops. */
  readonly sharesPort?: boolean | undefined;
  /** Hands on callbacks that are of another process behind the port. */
  readonly relayCallback?: RelayCallback | undefined;
  /** What /metrics answers. Default: what `metrics` has. */
  readonly readMetrics?: (() => Promise<string>) | undefined;
  /** What else must be there before it says that it is ready. */
  readonly also?: Promise<void> | undefined;
}

export interface Gateway extends AsyncDisposable {
  /** Where it listens, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** The subscriptions of this process whose events come as requests. */
  readonly callbacks: Callbacks;
  /** Reads gateway.yaml and the supergraph again now. Resolves to whether one of them has changed. */
  reload(): Promise<boolean>;
}

/** Sockets of a replaced supergraph or a stopping gateway come back over this time. */
const RELOAD_SPREAD_MS = 5_000;
const DRAIN_SPREAD_MS = 500;
const DOORS_CHECK_MS = 3_000;
/** Connections of one network at once, beside WebSockets. */
const OTHER_CONNECTIONS = 1_000;
const CALLBACK_HEARTBEAT_MS = 5_000;

/**
 * Starts a gateway: listens at once, with /health and /ready at 503, loads the supergraph, and resolves when it serves.
 * Disposing it drains: readiness ends, subscribers are told to subscribe again, running requests are answered.
 *
 * @throws {ListenError} when the port is taken; {SupergraphError} when there is no supergraph to serve. Both in one
 * line.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log } = options;
  const configured = await followGatewayFile({
    file: options.file,
    config: options.config,
    log,
    authenticator: options.authenticator,
    limiter: options.limiter,
    isOwn: (subgraph) => options.transports?.has(subgraph) ?? false,
    signs: options.assertions !== undefined,
    changed: (hasOtherLimits) => graph.reconnect(hasOtherLimits),
  });
  const { config, origins, authenticator, propagation } = configured;
  const metrics = createGatewayMetrics(options.metrics);
  const ofSubgraphs = subgraphMetrics(options.metrics);
  const tls = readMutualTls(config, log);
  const subscriptions = createSubscriptions(metrics, config);
  /** Subgraphs of others may say anything in their errors; our own mask what is not meant for clients. */
  const expose: ExposeError = (error, subgraph) => {
    const shown = settingsOf(configured.file, subgraph).errors;
    const isRedacted = shown ? shown === 'redact' : config.production && !options.authenticator && !options.assertions;
    return isRedacted ? redactError(error, subgraph, log) : error;
  };
  const pipeline = tracePipeline(
    createPipeline({
      config,
      log,
      limiter: options.limiter,
      cache: options.cache,
      policies: options.policies ?? (config.POLICY_URL ? createPolicyHook(config.POLICY_URL, config, log) : undefined),
      overrides: options.overrides,
      compile: (supergraph) =>
        options.compile(supergraph, {
          expose,
          headers: ({ identity }) => configured.answerHeaders?.(identity),
          cache: (supergraph, full) => caches?.of(supergraph, full),
          hideSuggestions: config.production,
        }),
    }),
  );
  const cacheMetrics = createCacheMetrics(options.metrics);
  const caches =
    options.file === undefined
      ? undefined
      : createAnswerCaches({
          cache: options.cache ?? new MemoryCache({ metrics: options.metrics }),
          metrics: cacheMetrics,
          rules: configured.cacheRules,
        });
  const invalidation = createInvalidation({
    log,
    secret: () => configured.file.cache?.invalidation_secret,
    cache: () => graph.current && caches?.of(graph.current.supergraph),
  });
  const round = { number: 0 };
  const callbacks = new Callbacks();
  const graph = createGraph<Served>({
    source: options.supergraph,
    log,
    own: options.transports,
    async transportOf({ name, urls }) {
      // The HTTP client takes a fifth of the start, which one process for all does not need.
      const { createHttpTransport } = await import('#platform/net/transport/http.ts');
      const own = settingsOf(configured.file, name);
      const { callback } = configured.file;
      const address = options.addresses?.[name];
      const transport = createHttpTransport({
        subgraph: name,
        observer: ofSubgraphs.observe(name),
        urls: address === undefined ? (own.urls ?? urls) : [address],
        assertions: options.assertions,
        tls: configured.tlsOf(name) ?? tls,
        log,
        timeoutMs: own.timeout_ms ?? config.SUBGRAPH_TIMEOUT_MS,
        restartMs: own.restart_ms ?? config.SUBGRAPH_RESTART_MS,
        tries: own.tries,
        concurrency: own.concurrency,
        queue: own.queue,
        subscriptions: own.subscriptions,
        callback: callback && {
          callbacks,
          url: callback.url,
          heartbeatMs: callback.heartbeat_ms ?? CALLBACK_HEARTBEAT_MS,
        },
      });
      const isToldIdentity = options.assertions !== undefined;
      const counts = (header: string) => propagation.counts(name, header);
      return ruled(own.deduplicate ? shared(transport, { round, isToldIdentity, counts }) : transport, propagation);
    },
    settingsOf: (name) =>
      textOf({ ...settingsOf(configured.file, name), headers: undefined, to: configured.file.callback }),
    open: pipeline.open,
    warm: (next, previous) => next.operations.warm(previous.operations),
    changed() {
      const why = 'A new schema is served.';
      apollo.changed();
      subscriptions.resubscribe(why, RELOAD_SPREAD_MS);
      void sockets.restart(why, RELOAD_SPREAD_MS);
      void checkDoors(graph.current!);
    },
  });
  const apollo = createApolloFace({ config, log, graph, plugins: options.apolloPlugins });
  const faces = { config, log, metrics, authenticator, propagation, graph, pipeline, subscriptions, apollo };
  const graphql = createGraphqlHandler({ ...faces, origins });
  const forward = createForward(faces);
  const explorer = createExplorer({ config, log, examples: options.examples, account: options.account });
  const rest = createRest({
    ...faces,
    folder: options.rest,
    composed: options.doors ? COMPOSED : undefined,
  });
  const openai = options.doors ? createOpenAi(faces) : undefined;
  const mcp = options.doors ? createMcp({ ...faces, origins, version: options.version }) : undefined;
  const docs = createDocs();
  const answerCallback = createCallbackHandler(callbacks, options.relayCallback);
  const checkDoors = async (version: GraphVersion<Served>): Promise<void> => {
    await rest.check(version);
    await openai?.check(version);
    await mcp?.check(version);
  };
  const frontPage = options.frontPage === undefined ? undefined : createFrontPage(options.frontPage, config);
  const health = createHealth({ graph, version: options.version, stores: options.stores });

  const server = await createClientServer({
    config,
    log,
    // Behind a proxy all connections are the proxy's.
    bounds: config.TRUSTED_PROXIES > 0 ? {} : { maxOfNetwork: config.WS_MAX_SOCKETS_ADDRESS + OTHER_CONNECTIONS },
    cut: metrics.connectionCut,
  });
  server.keepAliveTimeout = 65_000; // longer than the idle time of the usual load balancers
  server.requestTimeout = 60_000;
  const sockets = serveWebSockets({ ...faces, server, path: '/graphql', origins });
  const guard: Guard<[IncomingMessage, ServerResponse]> = {
    where: 'http request',
    log,
    about: (request) => ({
      method: request.method,
      path: request.url?.split('?', 1)[0],
      requestId: requestIdOf(request),
    }),
    end: ({ errorId }, _, response) => refuse(response, [unexpected(errorId)], 500),
  };
  server.on('request', guarded(guard, handle));

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!boundPipelining(request, response)) return;
    const misaddressed = readTarget(request);
    if (misaddressed !== undefined) {
      response.setHeader('connection', 'close');
      return refuse(response, [new CodedError('BAD_USER_INPUT', misaddressed)], 400);
    }
    boundChunks(request, response);
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const search = mark < 0 ? '' : url.slice(mark);
    if (request.headers.origin !== undefined) {
      if (request.method === 'OPTIONS') return origins.preflight(request, response);
      origins.mark(request, response);
    }
    const isGraph = path === '/graphql';
    if (isGraph && !(request.method === 'GET' && search === '' && wantsPage(request)))
      return graphql(request, response, search);
    secure(response, config.publicUrl);
    if (isGraph) return config.production ? sendLandingPage(response) : seeOther(response, '/explorer');
    if (path.startsWith(CALLBACK_PATH)) return answerCallback(request, response, path);
    if (path === INVALIDATION_PATH && invalidation.isOpen) return invalidation.answer(request, response);
    if (openai?.has(path)) return openai.answer(request, response, path);
    if (mcp?.has(path)) return mcp.answer(request, response, path);
    if (rest.has(path)) return rest.answer(request, response, path, search);
    const wellKnown = options.wellKnown?.[path];
    if (wellKnown || path.startsWith('/_/')) {
      const [subgraph, route] = wellKnown ? [wellKnown[0], wellKnown[1] + search] : ownRoute(path + search);
      return forward(request, response, graph.current?.transports.get(subgraph), route, wellKnown !== undefined);
    }
    return answerPage(request, response, path);
  }

  /** Answers what is read without a body: pages, and how the gateway is. */
  async function answerPage(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (options.rest !== undefined && request.method === 'GET' && docs.has(path)) return docs.answer(response, path);
    if (request.method !== 'GET' && request.method !== 'HEAD') return notFound(response, path);
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
        return sendText(response, 200, options.metrics.contentType, await readMetrics());
      case '/schema.graphql':
        if (config.production) return notFound(response, path);
        if (!graph.current) return sendJson(response, 503, { error: 'starting' });
        return sendText(response, 200, 'text/plain; charset=utf-8', graph.current.supergraph.apiSdl());
    }
    if (path === '/explorer' || path.startsWith('/explorer/')) return explorer.answer(response, path);
    if (frontPage && (await frontPage.answer(response, path, wantsPage(request)))) return;
    return notFound(response, path);
  }

  const gather = options.readMetrics ?? (() => options.metrics.metrics());
  const gathering = new SingleFlight();
  const readMetrics = async () => (await gathering.run('metrics', gather)).value;
  const port = await listen(server, options.port ?? config.PORT, config.HOST, 'PORT');
  try {
    await Promise.all([graph.load(), options.also]);
  } catch (error) {
    server.close();
    await graph[Symbol.asyncDispose]();
    throw error;
  }
  health.loaded();
  // Planning takes the start's own processor time, so it waits until the start is over.
  setTimeout(() => graph.current && void checkDoors(graph.current), DOORS_CHECK_MS).unref();
  const host = config.HOST === '0.0.0.0' || config.HOST === '::' ? 'localhost' : config.HOST;
  return {
    port,
    callbacks,
    url: `${config.TLS_CERT_FILE ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async reload() {
      const changes = [await configured.reload(), await graph.reload()];
      return changes.includes(true);
    },
    async [Symbol.asyncDispose]() {
      health.stopping();
      configured.close();
      if (options.sharesPort) void stopListening(server);
      sockets.stop();
      const why = 'The gateway restarts: subscribe again and resume.';
      const spreadMs = Math.min(DRAIN_SPREAD_MS, config.SHUTDOWN_TIMEOUT_MS / 4);
      subscriptions.stop(why, spreadMs);
      await Promise.race([
        sockets.restart(why, spreadMs),
        new Promise((resolve) => setTimeout(resolve, config.SHUTDOWN_TIMEOUT_MS / 2)),
      ]);
      await drain(server, config.SHUTDOWN_TIMEOUT_MS / 2);
      await apollo[Symbol.asyncDispose]();
      await graph[Symbol.asyncDispose]();
    },
  };
}

/** `/_/<subgraph><path>?<query>` as the subgraph and its own path with the query. */
function ownRoute(target: string): readonly [subgraph: string, path: string] {
  const [, subgraph = '', rest = ''] = /^\/_\/([^/?]*)(.*)$/s.exec(target) ?? [];
  return [subgraph, rest.startsWith('/') ? rest : `/${rest}`];
}

/** A browser's address bar, and not a client's query. */
const wantsPage = (request: IncomingMessage): boolean => request.headers.accept?.includes('text/html') ?? false;

const notFound = (response: ServerResponse, path: string): void =>
  sendJson(response, 404, { error: { code: 'NOT_FOUND', message: `There is nothing at ${path}.` } });

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApolloServerPlugin } from '@apollo/server';
import type { Registry } from 'prom-client';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError, unexpected } from '#platform/base/errors/errors.ts';
import { type Guard, guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Authenticator, IdentityAssertions } from '#platform/identity/authenticator.ts';
import type { RateLimiter } from '#platform/identity/limits/rate-limiter.ts';
import { createClientServer } from '#platform/net/http/client-server.ts';
import { drain, listen, stopListening } from '#platform/net/http/listen.ts';
import { readTarget } from '#platform/net/http/request-target.ts';
import { Callbacks } from '#platform/net/transport/callbacks.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';
import { MemoryCache } from '#platform/realtime/cache/memory-cache.ts';
import { createCacheMetrics } from './cache/cache-metrics.ts';
import { createAnswerCaches } from './cache/create-cache.ts';
import { createInvalidation } from './cache/invalidation.ts';
import { followGatewayFile } from './configured.ts';
import type { Compile } from './execution/prepare/operations.ts';
import type { EngineHooks, ExposeError } from './execution/run/observer.ts';
import { createPipeline, type OperationCaller, type Served } from './policy/pipeline.ts';
import type { PolicyEvaluator } from './policy/policies.ts';
import { createPolicyHook } from './policy/policy-hook.ts';
import { tracePipeline } from './policy/tracing.ts';
import { type ApolloContext, createApolloFace } from './protocols/apollo.ts';
import { refuse } from './protocols/send-answer.ts';
import { serveWebSockets } from './protocols/websocket.ts';
import { requestIdOf } from './request/client.ts';
import { redactError } from './request/shown-errors.ts';
import { createRoutes, type RouteOptions } from './routes.ts';
import { boundChunks } from './server/body-chunks.ts';
import { createGatewayMetrics } from './server/metrics.ts';
import { boundPipelining } from './server/pipelining.ts';
import { settingsOf, strangersIn, textOf } from './settings/gateway-file.ts';
import { createSubscriptions } from './subscriptions/subscriptions.ts';
import { createGraph } from './supergraph/graph.ts';
import type { OverrideChooser } from './supergraph/overrides.ts';
import type { Supergraph, SupergraphSource } from './supergraph/supergraph.ts';
import { createTransports } from './transports.ts';

export interface GatewayOptions extends RouteOptions {
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
  /** Plugins of Apollo Server; with any, queries and mutations over HTTP pass its pipeline, which costs some 50 µs. */
  readonly apolloPlugins?: readonly ApolloServerPlugin<ApolloContext>[];
  /** Default: the configuration's. */
  readonly port?: number;
  /** Whether other processes listen at the same port: new connections are theirs as soon as this one stops. */
  readonly sharesPort?: boolean | undefined;
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

const connectionsOfNetwork = (config: Config): number =>
  config.WS_MAX_SOCKETS_ADDRESS + config.HTTP_MAX_CONNECTIONS_ADDRESS;

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
    async changed(hasOtherLimits, hasOtherCallers) {
      await graph.reconnect(hasOtherLimits);
      tellStrangers();
      // Before there is a graph, nothing is open.
      if (hasOtherCallers && graph.current) comeBack('Who may ask has changed.');
    },
  });
  const { config, origins, authenticator, propagation } = configured;
  /** A name that is written otherwise in the supergraph would say nothing, and its rules not hold. */
  const tellStrangers = (): void => {
    const known = graph.current?.supergraph.subgraphs.map(({ name }) => name) ?? [];
    const subgraphs = strangersIn(configured.file, known);
    if (subgraphs.length > 0) {
      log.warn({ subgraphs, known }, 'gateway.yaml has settings for subgraphs that the supergraph does not have');
    }
  };
  /** What is open was let in before: all come again, spread over a time. */
  const comeBack = (why: string): void => {
    subscriptions.resubscribe(why, RELOAD_SPREAD_MS);
    void sockets.restart(why, RELOAD_SPREAD_MS);
  };
  const metrics = createGatewayMetrics(options.metrics);
  const subscriptions = createSubscriptions({
    metrics,
    limits: config,
    log,
    current: () => graph.current?.transports,
  });
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
  const callbacks = new Callbacks();
  const graph = createGraph<Served>({
    source: options.supergraph,
    log,
    own: options.transports,
    transportOf: createTransports({ ...options, configured, callbacks }),
    settingsOf: (name) =>
      textOf({ ...settingsOf(configured.file, name), headers: undefined, to: configured.file.callback }),
    open: pipeline.open,
    warm: (next, previous) => next.operations.warm(previous.operations),
    changed() {
      tellStrangers();
      apollo.changed();
      comeBack('A new schema is served.');
      void routes.checkDoors(graph.current!);
    },
  });
  const apollo = createApolloFace({ config, log, graph, plugins: options.apolloPlugins });
  const faces = { config, log, metrics, authenticator, propagation, graph, pipeline, subscriptions, apollo };
  const routes = await createRoutes({
    ...options,
    ...faces,
    registry: options.metrics,
    origins,
    callbacks,
    invalidation,
  });
  const { health } = routes;

  const server = await createClientServer({
    config,
    log,
    // Behind a proxy all connections are the proxy's.
    bounds: config.TRUSTED_PROXIES > 0 ? {} : { maxOfNetwork: connectionsOfNetwork(config) },
    cut: metrics.connectionCut,
  });
  server.keepAliveTimeout = 65_000; // longer than the idle time of the usual load balancers
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
    return routes.answer(request, response, path, search);
  }

  const port = await listen(server, options.port ?? config.PORT, config.HOST, 'PORT');
  try {
    await Promise.all([graph.load(), options.also]);
  } catch (error) {
    server.close();
    await graph[Symbol.asyncDispose]();
    throw error;
  }
  health.loaded();
  tellStrangers();
  // Planning takes the start's own processor time, so it waits until the start is over.
  setTimeout(() => graph.current && void routes.checkDoors(graph.current), DOORS_CHECK_MS).unref();
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

import type { IncomingMessage } from 'node:http';
import type { ApolloServer, ApolloServerPlugin } from '@apollo/server';
import type { GatewayExecutor, GatewayInterface } from '@apollo/server-gateway-interface';
import { type ExecutionResult, GraphQLError, print } from 'graphql';
import type { Config } from '#platform/base/config/config.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { OperationAnswer } from '../execution/prepare/operation.ts';
import type { Admitted, OperationParams, Served } from '../policy/pipeline.ts';
import type { AnswerHeaders } from '../request/answer-headers.ts';
import type { Graph } from '../supergraph/graph.ts';

export interface ApolloFaceOptions {
  readonly config: Pick<Config, 'production' | 'APOLLO_KEY' | 'APOLLO_GRAPH_REF'>;
  readonly log: Logger;
  readonly graph: Graph<Served>;
  /** Plugins of Apollo Server that see every query and mutation over HTTP. */
  readonly plugins?: readonly ApolloServerPlugin<ApolloContext>[] | undefined;
}

/** The context that plugins find as `contextValue`. */
export interface ApolloContext {
  readonly admitted: Admitted;
  /** What goes with the answer, of the headers of subgraphs' answers. */
  headers?: AnswerHeaders | undefined;
}

export interface ApolloFace extends AsyncDisposable {
  /** Whether queries and mutations have to pass Apollo Server: plugins or usage reporting want to see them. */
  readonly observes: boolean;
  /** Runs an admitted operation through Apollo Server's request pipeline. */
  execute(request: IncomingMessage, params: OperationParams, admitted: Admitted): Promise<OperationAnswer>;
  /** A new supergraph is served. */
  changed(): void;
}

/**
 * Creates an Apollo Server in front of our executor. Loaded when it is first needed, which without
 * APOLLO_KEY and plugins is never.
 */
export function createApolloFace(options: ApolloFaceOptions): ApolloFace {
  const { config, graph } = options;
  let server: Promise<ApolloServer<ApolloContext>> | undefined;
  let schemaChanged: (() => void) | undefined;

  const executor: GatewayExecutor = async ({ context }) => {
    const { prepared, request } = (context as ApolloContext).admitted;
    const { json, headers } = await prepared.execute(request);
    (context as ApolloContext).headers = headers;
    const result = JSON.parse(json.toString()) as ExecutionResult;
    // Apollo Server formats errors itself, and expects them as objects of graphql.
    const errors = result.errors?.map((error) => new GraphQLError(error.message, error));
    return { ...result, ...(errors && { errors }) } as Awaited<ReturnType<GatewayExecutor>>;
  };

  const gateway: GatewayInterface = {
    load: async () => ({ executor }),
    onSchemaLoadOrUpdate(callback) {
      schemaChanged = () => {
        const supergraph = graph.current?.supergraph;
        if (supergraph) callback({ apiSchema: supergraph.apiSchema, coreSupergraphSdl: supergraph.sdl });
      };
      schemaChanged();
      return () => undefined;
    },
    stop: async () => {},
  };

  async function start(): Promise<ApolloServer<ApolloContext>> {
    const { ApolloServer } = await import('@apollo/server');
    const { ApolloServerPluginLandingPageDisabled } = await import('@apollo/server/plugin/disabled');
    const started = new ApolloServer<ApolloContext>({
      gateway,
      introspection: !config.production,
      includeStacktraceInErrorResponses: false,
      csrfPrevention: true,
      stopOnTerminationSignals: false,
      persistedQueries: false, // ours come before
      logger: options.log,
      apollo: {
        ...(config.APOLLO_KEY && { key: config.APOLLO_KEY }),
        ...(config.APOLLO_GRAPH_REF && { graphRef: config.APOLLO_GRAPH_REF }),
      },
      plugins: [ApolloServerPluginLandingPageDisabled(), ...(options.plugins ?? [])],
    });
    await started.start();
    return started;
  }

  const ready = (): Promise<ApolloServer<ApolloContext>> => {
    server ??= start();
    return server;
  };

  return {
    observes: Boolean(config.APOLLO_KEY) || (options.plugins?.length ?? 0) > 0,
    async execute(request, params, admitted) {
      const { operationName, variables } = params;
      // The text was found out before: Apollo Server, which keeps none, would look for it again.
      const { persistedQuery: _, ...extensions } = params.extensions ?? {};
      const query = params.query ?? print(admitted.prepared.document);
      const contextValue: ApolloContext = { admitted };
      const response = await (await ready()).executeOperation(
        {
          query,
          ...(operationName != null && { operationName }),
          ...(variables != null && { variables }),
          ...(params.extensions != null && { extensions }),
          http: { method: request.method ?? 'POST', headers: headerMap(request), search: '', body: params },
        },
        { contextValue },
      );
      const result = response.body.kind === 'single' ? response.body.singleResult : {};
      return {
        json: JSON.stringify(result),
        failed: (result.errors?.length ?? 0) > 0,
        refused: !('data' in result) || result.data === undefined,
        headers: contextValue.headers,
      };
    },
    changed: () => schemaChanged?.(),
    async [Symbol.asyncDispose]() {
      await (await server)?.stop();
    },
  };
}

/** Apollo's HeaderMap is a Map of lower-case names. */
function headerMap(
  request: IncomingMessage,
): Parameters<ApolloServer['executeHTTPGraphQLRequest']>[0]['httpGraphQLRequest']['headers'] {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers as never;
}

import { randomUUID } from 'node:crypto';
import type { GraphQLSchema } from 'graphql';
import { CodedError } from '../base/errors/errors.ts';
import { httpStatusOf } from '../base/errors/http-status.ts';
import { OUTAGES, outageOf } from '../base/errors/outage.ts';
import type { Logger } from '../base/log/log.ts';
import { inRequest } from '../base/log/request-log.ts';
import type { Identity } from '../identity/identity.ts';
import { boundBody, cutOff, isCutOff } from '../net/http/web.ts';
import { createInProcessTransport } from '../net/transport/in-process.ts';
import type { SubgraphTransport } from '../net/transport/transport.ts';
import type { Route, SubgraphDefinition } from './definition.ts';
import { createExecutor, type SubgraphExecutor } from './execution.ts';
import { createSubgraphOperations } from './operations.ts';
import type { Platform } from './platform.ts';
import { createRouter } from './routes.ts';
import { buildSchemaOf } from './schema.ts';
import { findUnstorable } from './storable.ts';
import { traceExecutor } from './traced-executor.ts';

/** A started subgraph: in-process callers use `transport`, and serveSubgraph gives it a port. */
export interface HostedSubgraph extends AsyncDisposable {
  readonly name: string;
  readonly schema: GraphQLSchema;
  readonly log: Logger;
  readonly transport: SubgraphTransport;
  readonly executor: SubgraphExecutor;
  readonly routes: readonly Route[];
  /**
   * Answers one of the plain routes: 404 for an unknown path, 405 for a wrong method, 500 with an id when it throws.
   */
  fetch(request: Request, identity: Identity, requestId?: string): Promise<Response>;
  /** What the subgraph depends on and whether it answers, in the shape of /health. */
  health(): Promise<Record<string, { status: 'up' | 'down'; detail?: string }>>;
}

/**
 * Starts a subgraph: opens what it needs, builds its executable schema and the transport by which the gateway and its
 * peers reach it in this process. Disposing it closes what the subgraph registered with `platform.lifecycle`.
 */
export async function createSubgraph(definition: SubgraphDefinition, platform: Platform): Promise<HostedSubgraph> {
  const running = await definition.start(platform).catch(async (error: unknown) => {
    // What it had opened would keep the process alive.
    await platform.lifecycle.disposeAsync();
    throw error;
  });
  const { log } = platform;
  const schema = buildSchemaOf(definition.schemaFile, running.resolvers);
  const executor = traceExecutor(createExecutor(createSubgraphOperations(schema), running, log), definition.name);
  const routes = running.routes ?? [];
  const router = createRouter(routes);

  const hosted: Omit<HostedSubgraph, 'transport'> = {
    name: definition.name,
    schema,
    log,
    executor,
    routes,
    async fetch(request, identity, requestId = randomUUID()) {
      const { pathname, searchParams } = new URL(request.url);
      const match = router.match(request.method, pathname);
      if (match === undefined) return problem(404, 'NOT_FOUND', `${definition.name} has no route ${pathname}.`);
      if ('length' in match) {
        const refused = problem(405, 'BAD_USER_INPUT', `${pathname} does not answer ${request.method}.`);
        refused.headers.set('allow', match.join(', '));
        return refused;
      }
      const search = Object.fromEntries(searchParams);
      const unstorable = findUnstorable(search);
      if (unstorable) return problem(400, 'BAD_USER_INPUT', `${unstorable.path} ${unstorable.problem}`);
      try {
        const bounded = boundBody(request, match.route.maxBodyBytes ?? MAX_BODY_BYTES);
        return await inRequest(requestId, () =>
          match.route.handle(bounded, { params: match.params, identity, requestId, log }),
        );
      } catch (thrown) {
        const error = isCutOff(thrown) ? cutOff() : thrown;
        if (error instanceof CodedError) {
          const refused = problem(httpStatusOf(error.code), error.code, error.message);
          const { retryAfter } = error.extensions;
          if (typeof retryAfter === 'number') refused.headers.set('retry-after', String(retryAfter));
          return refused;
        }
        const errorId = randomUUID();
        const outage = outageOf(error);
        if (outage !== undefined) {
          log.error({ err: error, errorId, route: match.route.path, requestId }, OUTAGES[outage].log);
          return problem(503, 'SERVICE_UNAVAILABLE', OUTAGES[outage].message);
        }
        log.error({ err: error, errorId, route: match.route.path, requestId }, 'a route failed');
        return problem(500, 'INTERNAL_SERVER_ERROR', `Something went wrong. The log has it under ${errorId}.`);
      }
    },
    health: async () => (await running.health?.()) ?? {},
    [Symbol.asyncDispose]: () => platform.lifecycle.disposeAsync(),
  };
  return { ...hosted, transport: createInProcessTransport(hosted) };
}

/** Of a plain route that does not say how much it takes. */
const MAX_BODY_BYTES = 65_536;

/** Plain routes speak of failures as the graph does, in JSON. */
const problem = (status: number, code: string, message: string): Response =>
  Response.json({ error: { code, message } }, { status });

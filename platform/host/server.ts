import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { Histogram, type Registry } from 'prom-client';
import { abortSignalOf } from '../base/cancellation/cancellation.ts';
import type { Config } from '../base/config/config.ts';
import { CodedError, unexpected } from '../base/errors/errors.ts';
import { httpStatusOf } from '../base/errors/http-status.ts';
import { type Guard, guarded } from '../base/faults/guarded.ts';
import { once } from '../base/metrics/once.ts';
import { type LastingRoom, lastingRoom } from '../base/thread/lasting-room.ts';
import { type Audience, IDENTITY_HEADER, type IdentityAssertions } from '../identity/authenticator.ts';
import { CLIENT_HEADER, readClientInfo } from '../identity/client-info.ts';
import { watchClient } from '../net/http/client-left.ts';
import { healthReport } from '../net/http/health-report.ts';
import { leaveUnread } from '../net/http/leave-unread.ts';
import { drain, listen } from '../net/http/listen.ts';
import { createServer, readMutualTls } from '../net/http/tls.ts';
import { readBody, sendResponse, toRequest } from '../net/http/web.ts';
import { largestMessage } from '../net/transport/largest-message.ts';
import { ROUTES_PATH } from '../net/transport/transport.ts';
import type { HostedSubgraph } from './host.ts';
import { serveSubscriptions } from './server-subscriptions.ts';

export interface SubgraphServerOptions {
  readonly config: Pick<Config, 'HOST' | 'SHUTDOWN_TIMEOUT_MS'> &
    Partial<
      Pick<Config, 'MTLS_CERT_FILE' | 'MTLS_KEY_FILE' | 'MTLS_CA_FILE' | 'MAX_BODY_BYTES' | 'MAX_DOOR_BODY_BYTES'>
    >;
  readonly port: number;
  readonly metrics: Registry;
  readonly assertions: IdentityAssertions;
  /** What the process itself depends on, e.g. database and Redis; added to what the subgraph reports. */
  health?(): Promise<Record<string, { status: 'up' | 'down'; detail?: string }>>;
  /** The memory for subscriptions. Default: that of this process. */
  readonly room?: LastingRoom;
  /** The build, shown by /health. */
  readonly version?: string;
}

export interface SubgraphServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/**
 * Serves a subgraph over HTTP: `POST /graphql`, graphql-ws on the same path, the plain routes below `/routes`,
 * `/health`, `/ready`, `/metrics`. Everything but the last three is refused unless the caller asserts an identity for
 * that purpose, and, with MTLS_* set, shows a certificate of the authority: reaching the port gives nothing.
 */
export async function serveSubgraph(subgraph: HostedSubgraph, options: SubgraphServerOptions): Promise<SubgraphServer> {
  const tls = readMutualTls(options.config, subgraph.log);
  const server = createServer(tls);
  server.keepAliveTimeout = 75_000; // longer than the gateway's pool, so that the gateway is the one to close
  server.requestTimeout = 0; // the gateway bounds how slowly a client's body may come
  const face = createFace(subgraph, options, tls !== undefined);
  const guard: Guard<[IncomingMessage, ServerResponse]> = {
    where: 'subgraph request',
    log: subgraph.log,
    about: (request) => ({
      method: request.method,
      path: request.url?.split('?', 1)[0],
      requestId: header(request, 'x-request-id'),
    }),
    end: ({ errorId }, _, response) => {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { errors: [unexpected(errorId)] });
    },
  };
  server.on('request', guarded(guard, face.handle));
  const subscriptions = serveSubscriptions(server, subgraph, options.assertions, {
    mutualTls: tls !== undefined,
    maxMessage: largestMessage(options.config),
    room: options.room ?? lastingRoom,
  });
  const port = await listen(server, options.port, options.config.HOST, 'SUBGRAPH_PORT');
  return {
    port,
    url: `${tls ? 'https' : 'http'}://${hostOf(options.config.HOST)}:${port}/graphql`,
    async [Symbol.asyncDispose]() {
      face.stop();
      subscriptions.stop();
      await drain(server, options.config.SHUTDOWN_TIMEOUT_MS);
    },
  };
}

const hostOf = (host: string): string => (host === '0.0.0.0' || host === '::' ? 'localhost' : host);

function createFace(subgraph: HostedSubgraph, options: SubgraphServerOptions, mutualTls: boolean) {
  // One histogram a process, however many subgraphs it serves.
  const duration = once(options.metrics, createDuration);
  // prom-client looks its labels up at each call; these two are kept.
  const durations = { ok: duration.labels(subgraph.name, 'ok'), error: duration.labels(subgraph.name, 'error') };
  const graphqlAudience: Audience = `${subgraph.name}/graphql`;
  const routesAudience: Audience = `${subgraph.name}/routes`;
  let stopping = false;

  async function health() {
    const [process, own] = await Promise.all([options.health?.(), subgraph.health()]);
    const checks = { ...process, ...own };
    const down = Object.values(checks).some((one) => one.status === 'down');
    const { version } = options;
    return healthReport({ status: down ? 'unhealthy' : 'healthy', service: subgraph.name, version, checks });
  }

  /** How the process is, by path. A prober shows no identity. */
  const probes: Readonly<Record<string, (response: ServerResponse) => void | Promise<void>>> = {
    '/health': async (response) => {
      const report = await health();
      sendJson(response, report.status === 'healthy' ? 200 : 503, report);
    },
    '/ready': (response) => sendJson(response, stopping ? 503 : 200, { ready: !stopping }),
    '/metrics': async (response) => {
      response.setHeader('content-type', options.metrics.contentType);
      response.end(await options.metrics.metrics());
    },
  };

  async function answerRoute(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const identity = await options.assertions.verify(header(request, IDENTITY_HEADER), routesAudience);
    const route = routeOf(request.url ?? '/');
    if (route === undefined) return sendJson(response, 404, refusal('NOT_FOUND', 'There is nothing here.'));
    const plain = toRequest(request, route, abortSignalOf(watchClient(response)));
    await sendResponse(response, await subgraph.fetch(plain, identity, requestId));
  }

  async function answerGraphql(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const identity = await options.assertions.verify(header(request, IDENTITY_HEADER), graphqlAudience);
    if (request.method !== 'POST') return sendJson(response, 405, refusal('BAD_USER_INPUT', 'Use POST.'));
    const body = parseBody(await readBody(request, largestMessage(options.config)));
    const started = performance.now();
    const result = await subgraph.executor.execute({
      ...body,
      identity,
      client: readClientInfo(header(request, CLIENT_HEADER)),
      requestId,
      traceparent: header(request, 'traceparent'),
      signal: watchClient(response),
    });
    (result.errors ? durations.error : durations.ok).observe((performance.now() - started) / 1_000);
    sendJson(response, 200, result);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (request.method === 'GET' && Object.hasOwn(probes, path)) return probes[path]!(response);
    const requestId = header(request, 'x-request-id') ?? randomUUID();
    try {
      if (mutualTls && !(request.socket as TLSSocket).authorized) {
        throw new CodedError('UNAUTHENTICATED', 'Show a certificate of the configured authority.');
      }
      await (path === '/graphql' ? answerGraphql : answerRoute)(request, response, requestId);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      const status = httpStatusOf(error.code);
      if (status === 413) leaveUnread(response);
      sendJson(response, status, refusal(error.code, error.message));
    }
  }

  return {
    handle,
    stop() {
      stopping = true;
    },
  };
}

/** The path and query of a plain route; undefined for what is not below ROUTES_PATH. */
const routeOf = (url: string): string | undefined =>
  url.startsWith(`${ROUTES_PATH}/`) ? url.slice(ROUTES_PATH.length) : undefined;

interface GraphqlBody {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: Record<string, unknown>;
}

function parseBody(bytes: Buffer): GraphqlBody {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString());
  } catch {
    throw new CodedError('BAD_USER_INPUT', 'The body is not JSON.');
  }
  const { query, operationName, variables } = (body ?? {}) as Record<string, unknown>;
  if (typeof query !== 'string') throw new CodedError('BAD_USER_INPUT', 'query must be a string.');
  return {
    query,
    ...(typeof operationName === 'string' && { operationName }),
    ...(typeof variables === 'object' && variables !== null && { variables: variables as Record<string, unknown> }),
  };
}

const refusal = (code: string, message: string) => ({ errors: [{ message, extensions: { code } }] });

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  response.writeHead(status, ['content-type', 'application/json; charset=utf-8', 'content-length', String(length)]);
  // Head and body in one piece; Latin-1, which is copied and not encoded, where each character is one byte.
  response.end(text, length === text.length ? 'latin1' : 'utf8');
}

const createDuration = (metrics: Registry) =>
  new Histogram({
    name: 'sextant_subgraph_operation_duration_seconds',
    help: 'Time to answer one operation over HTTP.',
    labelNames: ['subgraph', 'outcome'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [metrics],
  });

import {
  BrokenCircuitError,
  CircuitState,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  SamplingBreaker,
} from 'cockatiel';
import { badInput, CodedError } from '../errors/errors.ts';
import type { MutualTls } from '../http/tls.ts';
import { IDENTITY_HEADER, type IdentityAssertions } from '../identity/authenticator.ts';
import { CLIENT_HEADER, writeClientInfo } from '../identity/client-info.ts';
import type { Identity } from '../identity/identity.ts';
import type { Logger } from '../log/log.ts';
import { createEndpoints, type Endpoint } from './endpoints.ts';
import { responseOf } from './http-answer.ts';
import { type HttpRequest, Unreachable } from './http-pool.ts';
import type { HttpAnswer } from './http-response.ts';
import type { SubgraphRequest, SubgraphTransport } from './transport.ts';
import { createUpstreamSocket } from './upstream-socket.ts';

export interface HttpTransportOptions {
  readonly subgraph: string;
  /** URLs of its GraphQL endpoint; several are balanced. */
  readonly urls: readonly string[];
  /** Signs who asks; without, as for subgraphs that are not ours, no identity is sent. */
  readonly assertions?: IdentityAssertions | undefined;
  readonly tls?: MutualTls | undefined;
  readonly log: Logger;
  /** Longest wait for one answer. Default 30 s. */
  readonly timeoutMs?: number;
  /** Tries of a query; mutations are tried once, whatever happens. Default 3. */
  readonly tries?: number;
  /** Requests that may run at once, and that may wait. Default 256 and 1024. */
  readonly concurrency?: number;
  readonly queue?: number;
  /** Largest answer. Default 32 MiB. */
  readonly maxBytes?: number;
  /** How often names are looked up again. Default 10 s. */
  readonly resolveEveryMs?: number;
}

const CONNECT_TIMEOUT_MS = 3_000;
const HEALTH_TIMEOUT_MS = 2_000;

/**
 * A subgraph behind HTTP and graphql-ws: kept-alive pools to every address, the caller's identity as a signed assertion,
 * a time limit, retries with jitter for queries, a circuit breaker that fails fast while the subgraph is down, a bulkhead
 * so that one slow subgraph does not take all of the gateway, and one multiplexed socket for all subscriptions.
 */
export function createHttpTransport(options: HttpTransportOptions): SubgraphTransport {
  const { subgraph, assertions, log, timeoutMs = 30_000, tries = 3, maxBytes = 32 * 1024 * 1024 } = options;
  const endpoints = createEndpoints({
    subgraph,
    urls: options.urls,
    tls: options.tls,
    connections: options.concurrency ?? 256,
    queue: options.queue ?? 1024,
    timeoutMs,
    maxBytes,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    resolveEveryMs: options.resolveEveryMs ?? 10_000,
    log,
  });
  const breaker = circuitBreaker(
    // What the caller did (left) says nothing about the subgraph.
    handleWhen((error) => error instanceof Unreachable || (error instanceof CodedError && error.code === 'TIMEOUT')),
    {
      halfOpenAfter: new ExponentialBackoff({ initialDelay: 500, maxDelay: 10_000 }),
      breaker: new SamplingBreaker({ threshold: 0.5, duration: 5_000, minimumRps: 2 }),
    },
  );
  breaker.onBreak(() => log.warn({ subgraph }, 'the subgraph does not answer: failing fast until it does'));
  breaker.onReset(() => log.info({ subgraph }, 'the subgraph answers again'));
  const socket = createUpstreamSocket({ subgraph, endpoints, assertions, tls: options.tls, log });
  const queryTexts = new Map<string, string>();

  /** The operation's text as JSON: plans repeat the same few texts, and escaping them is the dearest part of a body. */
  function queryJson(query: string): string {
    let json = queryTexts.get(query);
    if (json === undefined) {
      if (queryTexts.size >= 5_000) queryTexts.clear();
      json = JSON.stringify(query);
      queryTexts.set(query, json);
    }
    return json;
  }

  function bodyOf(request: SubgraphRequest): string {
    const name = request.operationName === undefined ? '' : `,"operationName":${JSON.stringify(request.operationName)}`;
    const variables = request.variables === undefined ? '' : `,"variables":${JSON.stringify(request.variables)}`;
    return `{"query":${queryJson(request.query)}${name}${variables}}`;
  }

  /** What is said of one request beside what every request says, as header lines. */
  function linesOf(request: SubgraphRequest): string {
    let lines = headerLine('x-request-id', request.requestId);
    if (request.traceparent !== undefined) lines += headerLine('traceparent', request.traceparent);
    for (const name in request.headers) {
      if (!OWN_HEADERS.has(name)) lines += headerLine(name, request.headers[name]!);
    }
    return lines;
  }

  async function signedLinesOf(request: SubgraphRequest, by: IdentityAssertions): Promise<string> {
    const lines = linesOf(request) + headerLine(IDENTITY_HEADER, await by.sign(request.identity, subgraph));
    return request.client ? lines + headerLine(CLIENT_HEADER, writeClientInfo(request.client)) : lines;
  }

  async function attempt(endpoint: Endpoint, call: Omit<HttpRequest, 'head'>, lines: string): Promise<HttpAnswer> {
    endpoint.inFlight++;
    try {
      const answer = await endpoint.pool.send({ ...call, head: endpoint.head + lines });
      if (answer.status >= 502 && answer.status <= 504) throw new Unreachable(`${subgraph} answered ${answer.status}.`);
      endpoints.succeeded(endpoint);
      return answer;
    } catch (error) {
      if (error instanceof Unreachable) endpoints.failed(endpoint);
      throw error;
    } finally {
      endpoint.inFlight--;
    }
  }

  return {
    subgraph,
    async execute(request) {
      // A mutation may have been done before its connection broke: doing it again is the client's decision.
      const mayRepeat = !isMutation(request.query);
      const call = { body: request.body?.() ?? bodyOf(request), mayRepeat, signal: request.signal };
      let endpoint: Endpoint | undefined;
      for (let attemptNumber = 1; ; attemptNumber++) {
        // Signed for each try: an assertion does not live for long.
        const lines = assertions ? await signedLinesOf(request, assertions) : linesOf(request);
        const avoid = endpoint;
        let answer: HttpAnswer;
        try {
          answer = await breaker.execute(() => {
            endpoint = endpoints.pick(avoid);
            return attempt(endpoint, call, lines);
          });
        } catch (error) {
          const retry = mayRepeat && attemptNumber < tries && error instanceof Unreachable;
          if (!retry || request.signal?.aborted) throw presentable(subgraph, error, log);
          await pause(25 * 2 ** attemptNumber * (0.5 + Math.random()));
          continue;
        }
        return responseOf(subgraph, answer);
      }
    },
    subscribe: (request, sink) => socket.subscribe(request, sink),
    async fetch(request, identity) {
      const endpoint = endpoints.pick();
      const { pathname, search } = new URL(request.url);
      try {
        const { fetch } = await import('undici');
        const answer = await fetch(new URL(pathname + search, endpoint.url), {
          method: request.method,
          headers: await forwarded(request.headers, identity),
          ...(request.body && { body: request.body as never, duplex: 'half' as const }),
          dispatcher: await endpoint.streams(),
          signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]),
          redirect: 'manual',
        });
        return answer as unknown as Response;
      } catch (error) {
        if (request.signal.aborted) throw error;
        endpoints.failed(endpoint);
        throw presentable(subgraph, new Unreachable(`${subgraph} cannot be reached.`, { cause: error }), log);
      }
    },
    async health() {
      if (breaker.state === CircuitState.Open) return { status: 'down', detail: 'does not answer' };
      const endpoint = endpoints.pick();
      try {
        const { fetch } = await import('undici');
        const answer = await fetch(new URL('/health', endpoint.url), {
          dispatcher: await endpoint.streams(),
          signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
        });
        await answer.body?.cancel();
        return answer.status < 500 ? { status: 'up' } : { status: 'down', detail: `answered ${answer.status}` };
      } catch {
        return { status: 'down', detail: 'cannot be reached' };
      }
    },
    async [Symbol.asyncDispose]() {
      socket.dispose();
      await endpoints[Symbol.asyncDispose]();
    },
  };

  async function forwarded(given: Headers, identity: Identity): Promise<Record<string, string>> {
    const headers: Record<string, string> = {};
    for (const [name, value] of given) if (!NOT_FORWARDED.has(name)) headers[name] = value;
    if (assertions) {
      // The credentials were checked at the gateway; nobody behind it needs them.
      delete headers['authorization'];
      delete headers['x-api-key'];
      headers[IDENTITY_HEADER] = await assertions.sign(identity, subgraph);
    }
    return headers;
  }
}

/** Headers of one connection, and the identity, which a client cannot assert. */
const NOT_FORWARDED = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'te',
  'trailer',
  'proxy-authorization',
  IDENTITY_HEADER,
]);

/** Headers that the transport writes itself. */
const OWN_HEADERS = new Set([
  ...NOT_FORWARDED,
  CLIENT_HEADER,
  'content-type',
  'content-length',
  'accept',
  'x-request-id',
]);

/**
 * One header with its end. Values come from clients, over WebSocket even without a parser having seen them.
 *
 * @throws {CodedError} BAD_USER_INPUT when it would be more than one header, or is none.
 */
function headerLine(name: string, value: string): string {
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw badInput(name, 'has characters that no header may have.');
  return `${name}: ${value}\r\n`;
}

const isMutation = (query: string): boolean => /^\s*mutation\b/.test(query);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the gateway's client may know: that the subgraph failed, not where it is. */
function presentable(subgraph: string, error: unknown, log: Logger): unknown {
  if (error instanceof CodedError) return error;
  if (error instanceof BrokenCircuitError) {
    return new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} cannot be reached at the moment.`);
  }
  if (error instanceof Unreachable) {
    log.warn({ subgraph, err: error }, 'a subgraph cannot be reached');
    return new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} cannot be reached at the moment.`);
  }
  return error;
}

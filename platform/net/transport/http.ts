import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../base/errors/errors.ts';
import { backoff } from '../../base/faults/backoff.ts';
import { MAX_WAIT_FOR_PROCESS_MS, stateOf } from '../../base/faults/state-of.ts';
import type { Logger } from '../../base/log/log.ts';
import type { IdentityAssertions } from '../../identity/authenticator.ts';
import { type Checks, readChecks } from '../http/health-report.ts';
import type { ClientTls } from '../http/tls.ts';
import { Availability, unavailable } from './availability.ts';
import { createEndpoints, type Endpoint } from './endpoints.ts';
import { isAway, responseOf } from './http-answer.ts';
import { NotConnected, Unreachable } from './http-pool.ts';
import { checkHeader, createRequestTexts, forwardedHeaders } from './http-request.ts';
import type { HttpAnswer } from './http-response.ts';
import { IdentityRefused } from './identity-refused.ts';
import { largestMessage } from './largest-message.ts';
import { Refusals } from './refusals.ts';
import { CLIENT_INIT, ROUTES_PATH, type SubgraphRequest, type SubgraphTransport } from './transport.ts';
import { outcomeOf, type RequestOutcome, type TransportObserver } from './transport-observer.ts';
import type { CallbackSettings } from './upstream-callbacks.ts';
import { createUpstreams, type SubscriptionSettings } from './upstreams.ts';

export interface HttpTransportOptions {
  readonly subgraph: string;
  /** URLs of its GraphQL endpoint; several are balanced. */
  readonly urls: readonly string[];
  /** Signs who asks; without, as for subgraphs that are not ours, no identity is sent. */
  readonly assertions?: IdentityAssertions | undefined;
  readonly tls?: ClientTls | undefined;
  readonly log: Logger;
  /** Longest wait for one answer. Default 30 s. */
  readonly timeoutMs?: number;
  /** Tries of a query; of a mutation only where the identity was refused, before anything was done. Default 3. */
  readonly tries?: number | undefined;
  /**
   * How long an operation waits for a subgraph that has just gone, e.g. because its only process restarts, in
   * milliseconds. Only while nothing was sent, or for a query. Default 3 s.
   */
  readonly restartMs?: number;
  /** How long operations wait for the only address, or the last of them, when it is silent. Default 5 s. */
  readonly aloneMs?: number;
  /** Requests that may run at once, and that may wait. Default 256 and 1024. */
  readonly concurrency?: number | undefined;
  readonly queue?: number | undefined;
  /** Largest answer. Default 32 MiB. */
  readonly maxBytes?: number;
  /** Largest message of a subscription, in bytes: what the subgraph takes. Default 16 MiB. */
  readonly maxMessage?: number;
  /** For metrics. */
  readonly observer?: TransportObserver | undefined;
  /** How subscriptions of a subgraph that is not ours are reached. Default: graphql-ws, where queries are. */
  readonly subscriptions?: SubscriptionSettings | undefined;
  /** Where the events of its subscriptions come, for the protocol `callback`. */
  readonly callback?: CallbackSettings | undefined;
  /** How often names are looked up again. Default 10 s. */
  readonly resolveEveryMs?: number;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** Longest pause between two tries to connect. */
const MAX_PAUSE_MS = 200;

/**
 * Creates the transport to a subgraph behind HTTP and graphql-ws: kept-alive pools to every address, the caller's
 * identity as a signed assertion, a time limit, retries with jitter for queries and for what was not sent, a watch that
 * leaves out replicas which do not answer, a short wait for a restart and a circuit breaker that fails fast after it, a
 * bulkhead so that one slow subgraph does not take all of the gateway, and one multiplexed socket to each replica for
 * all subscriptions.
 */
export function createHttpTransport(options: HttpTransportOptions): SubgraphTransport {
  const { subgraph, assertions, log, timeoutMs = 30_000, tries = 3, maxBytes = 32 * 1024 * 1024 } = options;
  const { restartMs = 3_000, aloneMs, observer, maxMessage = largestMessage({}) } = options;
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
  const sockets = createUpstreams(
    { subgraph, endpoints, assertions, tls: options.tls, timeoutMs, maxMessage, log, callback: options.callback },
    options.subscriptions,
  );
  const gone = (endpoint: Endpoint): void => sockets.leave(endpoint);
  const isOwn = assertions !== undefined;
  const availability = new Availability({ subgraph, endpoints, isOwn, restartMs, aloneMs, log, observer, gone });
  const texts = createRequestTexts(subgraph, assertions);
  const refusals = new Refusals(subgraph, log);
  const refusalOf = (endpoint: Endpoint, answer: HttpAnswer): IdentityRefused | undefined =>
    assertions && refusals.read(endpoint, answer);
  /** Asks those that have refused once more, as there may be no other request, and returns how many still do. */
  async function stillRefusing(over: AbortSignal): Promise<number> {
    // One that hangs as well does not hide the others.
    const signal = AbortSignal.any([over, AbortSignal.timeout(TRIAL_MS)]);
    const known = endpoints.all.filter((endpoint) => refusals.isRefusing(endpoint));
    const lines = known.length > 0 ? await texts.linesOf(TRIAL) : '';
    await Promise.all(
      known.map(async (endpoint) => {
        const request = { head: endpoint.head + lines, body: texts.bodyOf(TRIAL), mayRepeat: true, signal };
        try {
          const answer = await endpoint.pool.send(request);
          if (refusalOf(endpoint, answer)) return;
          responseOf(answer, subgraph);
          refusals.believed(endpoint);
          endpoints.succeeded(endpoint);
        } catch {
          // What it says is as little of use as before.
        }
      }),
    );
    return known.filter((endpoint) => refusals.isRefusing(endpoint)).length;
  }

  /** Whether another try may help: at another address, where one does not believe what is signed. */
  const isElsewhere = (problem: unknown): boolean =>
    problem instanceof Unreachable ||
    (problem instanceof IdentityRefused && endpoints.all.some((endpoint) => !refusals.isRefusing(endpoint)));

  const closed = observer?.opened(() => ({
    requests: endpoints.all.reduce((sum, { inFlight }) => sum + inFlight, 0),
    ...sockets.load(),
  }));

  return {
    subgraph,
    async execute(request) {
      const asked = performance.now();
      let outcome: RequestOutcome | undefined;
      try {
        // A mutation may have been done before its connection broke: doing it again is the client's decision.
        const mayRepeat = !isMutation(request.query);
        const body = request.body?.() ?? texts.bodyOf(request);
        let endpoint: Endpoint | undefined;
        let began = 0;
        for (let attempt = 1; ; attempt++) {
          // Signed for each try: an assertion does not live for long.
          const headed = texts.linesOf(request);
          const lines = typeof headed === 'string' ? headed : await headed;
          if (!availability.enter()) await availability.restart(request.signal);
          endpoint = endpoints.pick(endpoint);
          const since = availability.began(endpoint);
          let answer: HttpAnswer | undefined;
          let problem: unknown;
          try {
            const head = endpoint.head + lines;
            answer = await endpoint.pool.send({ head, body, mayRepeat, signal: request.signal });
            if (isAway(answer)) problem = new Unreachable(`${subgraph} answered ${answer.status}.`);
            else problem = refusalOf(endpoint, answer);
          } catch (error) {
            problem = error;
          }
          // An answer that is a problem is one of a server, perhaps a proxy before the subgraph, that says it is away.
          availability.ended(endpoint, since, problem, answer !== undefined && problem instanceof Unreachable);
          if (answer && problem === undefined) {
            const response = responseOf(answer, subgraph);
            refusals.believed(endpoint);
            outcome = 'answered';
            return response;
          }
          began ||= performance.now();
          const wasSent = !(problem instanceof NotConnected);
          // A subgraph refuses an identity before it executes anything.
          const isUndone = mayRepeat || problem instanceof IdentityRefused;
          const retry = wasSent
            ? isUndone && attempt < tries && isElsewhere(problem)
            : performance.now() - began < restartMs;
          if (!retry || request.signal?.aborted) throw presentable(subgraph, problem, log);
          observer?.retried();
          await sleep(backoff(attempt, { firstMs: 50, maxMs: MAX_PAUSE_MS, isSpread: true }));
        }
      } catch (error) {
        outcome = outcomeOf(error, request.signal?.aborted === true);
        throw error;
      } finally {
        if (outcome) observer?.ended(outcome, performance.now() - asked);
      }
    },
    subscribe(request, sink) {
      try {
        for (const name in request.headers) if (name !== CLIENT_INIT) checkHeader(name, request.headers[name]!);
      } catch (error) {
        // Before a connection is opened with them: that they cannot be sent says nothing of the subgraph.
        let isLeft = false;
        queueMicrotask(() => {
          if (!isLeft) sink.error(error as CodedError);
        });
        return () => {
          isLeft = true;
        };
      }
      return sockets.subscribe(request, sink);
    },
    async fetch(request, identity) {
      // A subgraph that is not ours has no plain routes: what else its server answers is not the gateway's to show.
      if (!assertions) return Response.json(NO_ROUTES, { status: 404 });
      const { pathname, search } = new URL(request.url);
      const endpoint = await availability.living();
      try {
        const { fetch } = await import('undici');
        const answer = await fetch(new URL(ROUTES_PATH + pathname + search, endpoint.url), {
          method: request.method,
          headers: await forwardedHeaders(request.headers, identity, subgraph, assertions),
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
      let checks: Checks | undefined;
      const state = await stateOf(async (signal) => {
        if (!(await availability.isThere())) return { status: 'down', detail: 'does not answer' };
        const refusing = await stillRefusing(signal);
        const { length } = endpoints.all;
        if (refusing === length) return { status: 'down', detail: REFUSES };
        const endpoint = endpoints.pick();
        try {
          const { fetch } = await import('undici');
          const dispatcher = await endpoint.streams();
          const answer = await fetch(new URL('/health', endpoint.url), { dispatcher, signal });
          checks = await readChecks(answer);
          if (!answer.bodyUsed) await answer.body?.cancel();
          if (answer.status >= 500) return { status: 'down', detail: `answered ${answer.status}` };
          return { status: 'up', ...(refusing > 0 && { detail: `${refusing} of ${length} replicas: ${REFUSES}` }) };
        } catch {
          return { status: 'down', detail: 'cannot be reached' };
        }
      }, MAX_WAIT_FOR_PROCESS_MS);
      return checks ? { ...state, checks } : state;
    },
    async [Symbol.asyncDispose]() {
      closed?.();
      availability[Symbol.dispose]();
      sockets.dispose();
      await endpoints[Symbol.asyncDispose]();
    },
  };
}

const TRIAL_MS = 1_000;
/** Asks for nothing but an answer. */
const TRIAL: SubgraphRequest = {
  query: '{ __typename }',
  identity: { kind: 'service', service: 'gateway' },
  requestId: 'health',
};

/** For anybody: what a subgraph says itself is for the log. */
const REFUSES = 'refuses what is signed for it; the log has what it says';

const NO_ROUTES = { error: { code: 'NOT_FOUND', message: 'This subgraph has no plain routes.' } };

const isMutation = (query: string): boolean => /^\s*mutation\b/.test(query);

/** What the gateway's client may know: that the subgraph failed, not where it is. */
function presentable(subgraph: string, error: unknown, log: Logger): unknown {
  if (error instanceof CodedError) return error;
  if (error instanceof Unreachable) {
    log.warn({ subgraph, err: error }, 'a subgraph cannot be reached');
    return unavailable(subgraph);
  }
  return error;
}

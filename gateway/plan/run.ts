import type { GraphQLFormattedError } from 'graphql';
import { CodedError } from '#platform/errors/errors.ts';
import type { SubgraphRequest, SubgraphResponse } from '#platform/transport/transport.ts';
import type { Data } from './merge.ts';
import type { ExecutionObserver, ObservedFetch } from './observer.ts';
import type { OperationRequest } from './operation.ts';
import type { Variables } from './variables.ts';

/** The parts of a subgraph request that a fetch knows; the run adds who asks. */
export type FetchBody = Pick<SubgraphRequest, 'query' | 'operationName' | 'variables' | 'body' | 'document'>;

/** Errors of one answer that are listed; a list of a thousand broken elements says no more than this. */
const MAX_ERRORS = 200;

/** The state of one execution. */
export class Run {
  readonly data: Data = {};
  readonly errors: GraphQLFormattedError[] = [];
  readonly request: OperationRequest;
  /** As the client sent them: what subgraphs get. */
  readonly given: Variables;
  /** Coerced, with defaults: what conditions look at. */
  readonly values: Variables;
  readonly observer: ExecutionObserver;
  /** The whole answer, when a trusted subgraph gave it in the client's shape. */
  bytes: Uint8Array | undefined;
  /** Why no more fetches are made: out of time, or the client has left. */
  stopped: CodedError | undefined;
  readonly #aborter = new AbortController();
  readonly #waiting = new Set<(reason: Error) => void>();

  constructor(request: OperationRequest, values: Variables, observer: ExecutionObserver) {
    this.request = request;
    this.given = request.variables ?? {};
    this.values = values;
    this.observer = observer;
  }

  /** Runs steps until they are through, the time is up or the client has left. */
  async within(timeoutMs: number, steps: (run: Run) => Promise<void> | undefined): Promise<void> {
    const { signal } = this.request;
    const leave = (): void => this.stop(new CodedError('TIMEOUT', 'The client has left.'));
    if (signal?.aborted) return leave();
    const timer = setTimeout(
      () => this.stop(new CodedError('TIMEOUT', `The operation took longer than ${timeoutMs} ms.`)),
      timeoutMs,
    );
    signal?.addEventListener('abort', leave);
    try {
      await steps(this);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Ends all running fetches; those that do not listen to their signal are not waited for either. */
  stop(reason: CodedError): void {
    if (this.stopped) return;
    this.stopped = reason;
    this.#aborter.abort(reason);
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
  }

  fail(error: GraphQLFormattedError): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push(error);
  }

  /** The value of a variable as a subgraph gets it; undefined when it is not sent. */
  variable(name: string): unknown {
    const given = Object.hasOwn(this.given, name) ? this.given[name] : undefined;
    return given === undefined ? this.values[name] : given;
  }

  /** Sends one request. Rejects with a CodedError when there is no answer. */
  async send(fetch: ObservedFetch, body: FetchBody): Promise<SubgraphResponse> {
    const span = this.observer.fetch?.(fetch, this.request);
    try {
      const response = await this.#race(fetch, body, span?.traceparent ?? this.request.traceparent);
      span?.end(undefined, response.bytes ? 0 : (response.result.errors?.length ?? 0));
      return response;
    } catch (error) {
      span?.end(error, 0);
      if (error instanceof CodedError) throw error;
      this.observer.failed?.(fetch.subgraph, error, this.request);
      throw new CodedError('SUBGRAPH_UNAVAILABLE', 'This part of the graph cannot be reached at the moment.');
    }
  }

  #race(fetch: ObservedFetch, body: FetchBody, traceparent: string | undefined): Promise<SubgraphResponse> {
    if (this.stopped) return Promise.reject(this.stopped);
    const transport = this.request.transports.get(fetch.subgraph);
    if (!transport) {
      return Promise.reject(new CodedError('NOT_CONFIGURED', `No address of the subgraph ${fetch.subgraph} is known.`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const { identity, client, headers, requestId } = this.request;
      // Not spread: that would call the getters of the body, which a transport may have no use for.
      const { signal } = this.#aborter;
      const request = Object.assign(body, { identity, client, headers, requestId, traceparent, signal });
      transport.execute(request as SubgraphRequest).then(
        (response) => {
          this.#waiting.delete(reject);
          resolve(response);
        },
        (error: unknown) => {
          this.#waiting.delete(reject);
          reject(error);
        },
      );
    });
  }
}

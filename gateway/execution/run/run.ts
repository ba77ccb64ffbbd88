import type { GraphQLFormattedError } from 'graphql';
import { Cancellation } from '#platform/base/cancellation/cancellation.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Variables } from '#platform/base/graphql/coercion.ts';
import { CLIENT_LEFT } from '#platform/net/http/client-left.ts';
import {
  changedRequest,
  type SubgraphRequest,
  type SubgraphResponse,
  type SubgraphTransport,
} from '#platform/net/transport/transport.ts';
import type { Lookup } from '../../cache/fetch-cache.ts';
import type { Keeping } from '../../cache/keeping.ts';
import type { HeaderGatherer } from '../../request/answer-headers.ts';
import { type Data, own } from '../prepare/data.ts';
import type { OperationRequest } from '../prepare/operation.ts';
import type { ClientPlace } from './client-place.ts';
import type { ExecutionObserver, FetchSpan, ObservedFetch } from './observer.ts';
import type { ResponsePath } from './paths.ts';

/** Errors of one answer that are listed; of a thousand broken elements the rest is only counted. */
const MAX_ERRORS = 200;

/** An error, and its place in the data of the plan. */
export interface Noted {
  readonly error: GraphQLFormattedError;
  readonly path: ResponsePath | undefined;
}

/** The state of one execution. */
export class Run {
  readonly data: Data = {};
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
  /** Errors beyond those that are listed. */
  omitted = 0;
  /** Whether a subgraph said of an entity that it is not there: its fields are null then, and that is not an error. */
  lacksEntities = false;
  /** Whether something failed, told to the client or not. */
  hasFailed = false;
  /** Gathers the headers of subgraphs' answers, where clients see any. */
  readonly headers: HeaderGatherer | undefined;
  /** What the answer depends on, where the whole of it may be kept. */
  readonly keeping: Keeping | undefined;
  /** Whether the data does not fit the schema: what was fetched for it is not kept. */
  isInvalid = false;
  /** Answers to be kept once the whole answer is written. */
  later: (() => void)[] | undefined;
  /** What was kept and is a part of the answer. */
  used: Lookup[] | undefined;
  /** Ends the fetches that are running. */
  readonly cancellation = new Cancellation();
  /** Which places errors are told of at the moment; undefined: of all. */
  shows: ((path: ResponsePath) => boolean) | undefined;
  readonly #errors: Noted[] = [];
  readonly #clientPlace: ClientPlace;

  constructor(
    request: OperationRequest,
    values: Variables,
    observer: ExecutionObserver,
    clientPlace: ClientPlace,
    keeping?: Keeping,
  ) {
    this.request = request;
    this.keeping = keeping;
    this.#clientPlace = clientPlace;
    this.given = request.variables ?? {};
    this.values = values;
    this.observer = observer;
    this.headers = observer.headers?.(request);
  }

  /** Runs steps until they are through, the time is up or the client has left. */
  async within(timeoutMs: number, steps: (run: Run) => Promise<void> | undefined): Promise<void> {
    const { signal } = this.request;
    const leave = (): void => this.stop(CLIENT_LEFT);
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

  /** The same operation without a client: none waits for it, and none sees its headers. */
  detached(): Run {
    const { headers: _, ...observer } = this.observer;
    return new Run({ ...this.request, signal: undefined }, this.values, observer, this.#clientPlace);
  }

  /**
   * Keeps what is to be kept, now that the answer is known to be right. Where it is wrong, what was kept may be the
   * cause, such as an answer that was fetched again without a client: it is asked for again, not given out to its end.
   */
  keep(): void {
    if (!this.isInvalid) for (const keep of this.later ?? []) keep();
    else for (const lookup of this.used ?? []) lookup.forget();
  }

  /** Ends all running fetches. */
  stop(reason: CodedError): void {
    if (this.stopped) return;
    this.stopped = reason;
    this.cancellation.abort(reason);
  }

  /** What the client is told, as far as the data says by now which places it asked for. */
  get errors(): GraphQLFormattedError[] {
    return this.#errors.flatMap((noted) => {
      if (noted.path !== undefined && this.shows?.(noted.path) === false) return [];
      return this.told(noted) ?? [];
    });
  }

  /** All that failed, oldest first. */
  noted(): readonly Noted[] {
    return this.#errors;
  }

  /** What the client is told of an error; undefined where it did not ask for its place. */
  told({ error, path }: Noted): GraphQLFormattedError | undefined {
    if (path === undefined) return error;
    const place = this.#clientPlace(path, this);
    return place && { ...error, path: place };
  }

  /** Adds an error that has its place in the client's answer, or none. */
  fail(error: GraphQLFormattedError): void {
    this.hasFailed = true;
    this.#add(undefined, () => error);
  }

  /**
   * Adds an error at a place in the data of the plan.
   *
   * @param expose gives what clients see of it; asked of what is listed alone.
   */
  failAt(
    path: ResponsePath | undefined,
    error: GraphQLFormattedError,
    expose: (placed: GraphQLFormattedError) => GraphQLFormattedError = (placed) => placed,
  ): void {
    this.hasFailed = true;
    const place = path && this.#clientPlace(path, this);
    if (!path) this.#add(undefined, () => expose(error));
    else if (place) {
      const { message, extensions } = error;
      this.#add(path, () => expose({ message, path: place, extensions }));
    }
  }

  #add(path: ResponsePath | undefined, tell: () => GraphQLFormattedError): void {
    if (this.#errors.length < MAX_ERRORS) this.#errors.push({ error: tell(), path });
    else this.omitted++;
  }

  /** The value of a variable as a subgraph gets it; undefined when it is not sent. */
  variable(name: string): unknown {
    const given = Object.hasOwn(this.given, name) ? this.given[name] : undefined;
    return given === undefined ? own(this.values, name) : given;
  }

  /**
   * Sends one request by the transport of its subgraph. In the same process that is a call of `execute` in
   * platform/host/execution.ts, between processes the same call behind HTTP. Rejects when there is no answer:
   * `unreachable` says what of that is for clients.
   */
  send(fetch: ObservedFetch, request: SubgraphRequest): Promise<SubgraphResponse> {
    if (this.stopped) return Promise.reject(this.stopped);
    const transport = this.request.transports.get(fetch.subgraph);
    if (!transport) {
      return Promise.reject(new CodedError('NOT_CONFIGURED', `No address of the subgraph ${fetch.subgraph} is known.`));
    }
    if (this.keeping) this.keeping.sent++;
    const span = this.observer.fetch?.(fetch, this.request);
    const sent = span ? observed(transport, request, span) : transport.execute(request);
    return this.headers ? gathered(sent, fetch.subgraph, this.headers) : sent;
  }

  /** Why a request has no answer, as clients may know it. */
  unreachable(subgraph: string, error: unknown): CodedError {
    if (error instanceof CodedError) return error;
    this.observer.failed?.(subgraph, error, this.request);
    return new CodedError('SUBGRAPH_UNAVAILABLE', 'This part of the graph cannot be reached at the moment.');
  }
}

async function gathered(
  sent: Promise<SubgraphResponse>,
  subgraph: string,
  headers: HeaderGatherer,
): Promise<SubgraphResponse> {
  try {
    const response = await sent;
    headers.answered(subgraph, response.head);
    return response;
  } catch (error) {
    headers.failed();
    throw error;
  }
}

async function observed(
  transport: SubgraphTransport,
  request: SubgraphRequest,
  span: FetchSpan,
): Promise<SubgraphResponse> {
  try {
    const { traceparent } = span;
    const response = await transport.execute(traceparent ? changedRequest(request, { traceparent }) : request);
    span.end(undefined, response.bytes ? 0 : (response.result.errors?.length ?? 0));
    return response;
  } catch (error) {
    span.end(error, 0);
    throw error;
  }
}

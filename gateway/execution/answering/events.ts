import type { ExecutionResult, GraphQLError } from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Coerced, Variables } from '#platform/base/graphql/coercion.ts';
import { CLIENT_LEFT } from '#platform/net/http/client-left.ts';
import { OperationFailed, type SubgraphRequest, type Unsubscribe } from '#platform/net/transport/transport.ts';
import { asCoded, type Execute, type FetchScope } from '../fetching/fetch-scope.ts';
import { RequestText } from '../fetching/request-text.ts';
import type { Plan } from '../planning/plan.ts';
import type { Data } from '../prepare/data.ts';
import type {
  AnswerError,
  AnswerSink,
  OperationAnswer,
  OperationRequest,
  PreparedOperation,
} from '../prepare/operation.ts';
import { reportSubgraphError } from '../run/errors.ts';
import { merge } from '../run/merge.ts';
import type { ExecutionObserver } from '../run/observer.ts';
import { applyRewrites } from '../run/rewrites.ts';
import { Run } from '../run/run.ts';
import { readAnswer, readFailure, type SubgraphError } from '../run/subgraph-answer.ts';
import { isPlainData } from '../writer/passthrough.ts';
import { errorsOf, refusalsOf, writeNull } from './answer.ts';

/** Events of one subscription that are completed at the same time; upstream is asked to wait beyond that. */
const MAX_UNDER_WAY = 16;

interface Parts {
  readonly plan: Plan;
  readonly coerce: (given: Variables) => Coerced;
  readonly steps: Execute | undefined;
  readonly finish: (run: Run) => OperationAnswer;
  readonly scope: FetchScope;
  readonly observer: ExecutionObserver;
  readonly limits: { readonly timeoutMs: number; readonly answerCharacters: number };
}

/**
 * Compiles a subscription: `primary` is opened at its subgraph, which pushes each event into the Stream (in the same
 * process: `pump` of platform/host/execution.ts), and the rest of the plan runs for each event. The sink is the
 * subscriber's delivery, in gateway/subscriptions/delivery.ts, or those of all subscribers who share the upstream.
 */
export function compileSubscription(parts: Parts): PreparedOperation['subscribe'] {
  const { plan, coerce } = parts;
  if (!plan.primary) {
    return (_, sink) =>
      refuseLater(sink, [new CodedError('BAD_USER_INPUT', 'Every field of this subscription is skipped.')]);
  }
  const { primary } = plan;
  const text = new RequestText(primary, parts.scope.literals);
  return (request, sink) => {
    const coerced = coerce(request.variables ?? {});
    if (coerced.errors) return refuseLater(sink, coerced.errors);
    const transport = request.transports.get(primary.subgraph);
    if (!transport) {
      const error = new CodedError('NOT_CONFIGURED', `No address of the subgraph ${primary.subgraph} is known.`);
      return refuseLater(sink, [error]);
    }
    const stream = new Stream(request, coerced.values, sink, parts);
    const asked = text.request(new Run(request, coerced.values, parts.observer, parts.scope.clientPlace));
    stream.upstream = transport.subscribe(lastingRequest(asked, request), stream);
    return () => stream.leave();
  };
}

/** What a subscription asks its subgraph. It lasts, so it is plain: what the request is made from is let go. */
function lastingRequest(asked: SubgraphRequest, { signal, resubscribe }: OperationRequest): SubgraphRequest {
  const { query, document, operationName, variables, identity, client, requestId, traceparent, headers } = asked;
  const plain = { query, document, operationName, variables, identity, client, requestId, traceparent, headers };
  return { ...plain, signal, resubscribe };
}

/** One subscriber. Events are completed side by side and delivered in the order they came. */
class Stream {
  upstream: Unsubscribe | undefined;
  readonly #request: OperationRequest;
  readonly #values: Variables;
  readonly #sink: AnswerSink;
  readonly #parts: Parts;
  /** Undefined while no event needs other subgraphs. */
  #running: Set<Run> | undefined;
  #tail: Promise<void> | undefined;
  #open = true;
  /** Whether there was an event. */
  #begun = false;

  constructor(request: OperationRequest, values: Variables, sink: AnswerSink, parts: Parts) {
    this.#request = request;
    this.#values = values;
    this.#sink = sink;
    this.#parts = parts;
  }

  next(event: ExecutionResult): void | Promise<void> {
    if (!this.#open) return;
    if (!this.#begun && isRefusal(event)) {
      this.upstream?.();
      return this.error(new OperationFailed(event.errors));
    }
    this.#begun = true;
    const { steps, finish, limits, plan, scope } = this.#parts;
    const run = this.#run();
    const { subgraph } = plan.primary!;
    let data: Data | null;
    try {
      const answer = readAnswer(event);
      data = answer.data;
      this.#report(run, answer.errors);
    } catch (error) {
      const { message, extensions } = asCoded(error, run, subgraph);
      run.fail({ message, extensions });
      data = null;
    }
    // What the rest of the plan would add belongs to objects of the event.
    if (data === null) return this.#deliver(writeNull(run), undefined);
    applyRewrites(plan.primary!.outputRewrites, data, scope.satisfies);
    merge(run.data, data, scope.satisfies, true);
    if (!steps) return this.#deliver(finish(run), undefined);
    this.#running ??= new Set();
    const running = this.#running.add(run);
    const completed = run.within(limits.timeoutMs, steps).finally(() => {
      running.delete(run);
      if (running.size === 0) this.#running = undefined;
    });
    return this.#deliver(() => finish(run), completed);
  }

  /** The bytes of a trusted subgraph are the answer when they have the client's shape and nothing is to be added. */
  pass(payload: Uint8Array): boolean {
    if (!this.#open) return true;
    const { plan, scope, limits } = this.#parts;
    const { errors, extensions } = this.#request;
    if (scope.passable === undefined || scope.passable !== plan.primary || errors?.length || extensions) return false;
    if (this.#tail || payload.byteLength > limits.answerCharacters || !isPlainData(payload)) return false;
    this.#begun = true;
    void this.#sink.next({ json: payload, failed: false, refused: false });
    return true;
  }

  complete(): void {
    this.#end(() => this.#sink.complete());
  }

  error(error: Error): void {
    const errors = error instanceof OperationFailed ? this.#failure(error) : [this.#unreachable(error)];
    this.#end(() => this.#sink.error(errors));
  }

  /** The subgraph's own errors, told as those of its events are. */
  #failure({ errors }: OperationFailed): readonly AnswerError[] {
    const run = this.#run();
    this.#report(run, readFailure(errors));
    return errorsOf(run);
  }

  #unreachable(error: Error): CodedError {
    return this.#run().unreachable(this.#parts.plan.primary!.subgraph, error);
  }

  #run(): Run {
    return new Run(this.#request, this.#values, this.#parts.observer, this.#parts.scope.clientPlace);
  }

  #report(run: Run, errors: readonly SubgraphError[]): void {
    const { subgraph } = this.#parts.plan.primary!;
    for (const error of errors) reportSubgraphError(run, subgraph, error, error.path && [...error.path]);
  }

  leave(): void {
    if (!this.#open) return;
    this.#open = false;
    this.upstream?.();
    for (const run of this.#running ?? []) run.stop(CLIENT_LEFT);
  }

  /** Delivers at once when nothing is ahead and nothing is waited for; otherwise in turn. */
  #deliver(answer: OperationAnswer | (() => OperationAnswer), ready: Promise<void> | undefined): void | Promise<void> {
    const make = typeof answer === 'function' ? answer : () => answer;
    if (!ready && !this.#tail) return this.#sink.next(make());
    const turn: Promise<void> = Promise.all([this.#tail, ready]).then(async () => {
      if (this.#open) await this.#sink.next(make());
      if (this.#tail === turn) this.#tail = undefined;
    });
    turn.catch((error: unknown) => {
      this.upstream?.();
      this.#tail = undefined;
      this.error(error instanceof Error ? error : new Error(String(error)));
    });
    this.#tail = turn;
    return (this.#running?.size ?? 0) >= MAX_UNDER_WAY ? turn : undefined;
  }

  #end(tell: () => void): void {
    if (!this.#open) return;
    const finish = (): void => {
      if (!this.#open) return;
      this.#open = false;
      tell();
    };
    if (this.#tail) void this.#tail.then(finish);
    else finish();
  }
}

/**
 * Whether the first that a subgraph says is that the operation has not begun: an answer without data. Servers say so of
 * a source that does not open in a `next`, and complete.
 */
const isRefusal = (event: ExecutionResult): event is { readonly errors: readonly GraphQLError[] } =>
  event?.data === undefined && Array.isArray(event?.errors) && event.errors.length > 0;

/** The end with errors; a tick later, so that the caller has its unsubscribe function by then. */
function refuseLater(sink: AnswerSink, errors: readonly AnswerError[]): Unsubscribe {
  let open = true;
  queueMicrotask(() => {
    if (open) sink.error(refusalsOf(errors));
  });
  return () => {
    open = false;
  };
}

import { type ExecutionResult, GraphQLError } from 'graphql';
import { Cancellation, type CancelSignal } from '../base/cancellation/cancellation.ts';
import { badInput } from '../base/errors/errors.ts';
import { maskError } from '../base/errors/mask.ts';
import type { Variables } from '../base/graphql/coercion.ts';
import type { Logger } from '../base/log/log.ts';
import { inRequest } from '../base/log/request-log.ts';
import {
  OperationFailed,
  type SubgraphRequest,
  type SubscriptionSink,
  type Unsubscribe,
} from '../net/transport/transport.ts';
import { type Caller, OperationContext } from './context.ts';
import type { RunningSubgraph } from './definition.ts';
import type { SubgraphOperation, SubgraphOperations } from './operations.ts';
import { findUnstorable } from './storable.ts';

/**
 * The executor of one subgraph's operations: what every face of it (in-process, HTTP, WebSocket) shares. The transport
 * of the same process (net/transport/in-process.ts) is a call of these two; `operations` are compiled in operations.ts,
 * and what they call are the resolvers that the subgraph gave to the host.
 */
export interface SubgraphExecutor {
  /** Never rejects: whatever fails is an error in the answer, masked unless it is expected. */
  execute(request: SubgraphRequest): Promise<ExecutionResult>;
  subscribe(request: SubgraphRequest, sink: SubscriptionSink): Unsubscribe;
}

/** Creates what runs the operations of one subgraph. */
export function createExecutor(
  operations: SubgraphOperations,
  running: RunningSubgraph,
  log: Logger,
): SubgraphExecutor {
  return {
    execute: (request) => inRequest(request.requestId, () => execute(request)),

    subscribe(request, sink) {
      return inRequest(request.requestId, () => subscribe(request, sink));
    },
  };

  async function execute(request: SubgraphRequest): Promise<ExecutionResult> {
    const refused = refusalOf(request);
    if (refused) return refused;
    const operation = operations.prepare(request.query, request.operationName);
    if ('errors' in operation) return { errors: operation.errors };
    if (operation.kind === 'subscription')
      return { errors: [new GraphQLError('Subscriptions are not answered here.')] };
    const context = new OperationContext(request, running, log);
    try {
      return presentable(await operation.execute(context, request.variables), context);
    } catch (error) {
      return failed(error, context);
    }
  }

  function subscribe(request: SubgraphRequest, sink: SubscriptionSink): Unsubscribe {
    const refused = refusalOf(request);
    if (refused) return refuse(sink, refused.errors);
    const operation = operations.prepare(request.query, request.operationName);
    if ('errors' in operation) return refuse(sink, operation.errors);
    if (operation.kind !== 'subscription') return refuse(sink, [new GraphQLError('Not a subscription.')]);
    return pump(operation, request, sink, running, log);
  }
}

interface Refusal {
  readonly errors: readonly GraphQLError[];
}

/** Values that no field could store. */
function refusalOf({ variables }: SubgraphRequest): Refusal | undefined {
  const found = variables && findUnstorable(variables);
  return found && { errors: [badInput(found.path, found.problem)] };
}

/** Told a tick later, so that the caller has the unsubscribe function before the end. */
function refuse(sink: SubscriptionSink, errors: readonly GraphQLError[]): Unsubscribe {
  let open = true;
  queueMicrotask(() => {
    if (open) sink.error(new OperationFailed(errors));
  });
  return () => {
    open = false;
  };
}

/**
 * Pulls events from the source that the subscription's resolver returned (such as `follow` of chat), one at a time,
 * makes of each the answer that was asked for, and waits where the sink asks for it. In the same process the sink is
 * the gateway's, in gateway/execution/answering/events.ts, which does while 16 events are being completed; the one for
 * another process (server-subscriptions.ts) does while its socket is full. A slow client stalls no source of the
 * gateway, which queues for it.
 */
function pump(
  operation: SubgraphOperation,
  request: SubgraphRequest,
  sink: SubscriptionSink,
  running: RunningSubgraph,
  log: Logger,
): Unsubscribe {
  const pumping = new Pump(request, sink, running, log);
  void pumping.run(operation, request.variables);
  return leaveOf(pumping);
}

/** Made here: a function that is made beside others keeps what they name, and a subscription lasts. */
const leaveOf = (pumping: Pump) => (): void => pumping.leave();

/** One subscription. Of its request it keeps who asks: a process has ten thousand of them. */
class Pump {
  readonly #sink: SubscriptionSink;
  readonly #running: RunningSubgraph;
  readonly #log: Logger;
  readonly #caller: Caller;
  readonly #left = new Cancellation();
  /** The caller's signal, and what listens to it. */
  readonly #signal: CancelSignal | undefined;
  readonly #listener: (() => void) | undefined;
  #iterator: AsyncIterator<unknown> | undefined;
  #isOpen = true;

  constructor(request: SubgraphRequest, sink: SubscriptionSink, running: RunningSubgraph, log: Logger) {
    const { identity, client, requestId, traceparent, signal } = request;
    this.#sink = sink;
    this.#running = running;
    this.#log = log;
    this.#caller = { identity, client, requestId, traceparent, signal: this.#left };
    this.#signal = signal;
    this.#listener = signal && (() => this.#abort());
    if (signal?.aborted) this.#abort();
    if (this.#listener) signal?.addEventListener('abort', this.#listener);
  }

  /** Pulls until the source, or the subscriber, has ended. Never rejects. */
  async run(operation: SubgraphOperation, variables: Variables | undefined): Promise<void> {
    const context = this.#context();
    let failure: OperationFailed | undefined;
    try {
      const source = await operation.source(context, variables);
      if (!(Symbol.asyncIterator in source)) {
        const errors = source.errors ?? [];
        throw new OperationFailed(errors.map((error) => maskError(complete(error), context.log, context.signal)));
      }
      const iterator = source[Symbol.asyncIterator]();
      this.#iterator = iterator;
      // The subscriber may have left while the source was being opened.
      if (!this.#isOpen) await iterator.return?.();
      const answerOf = operation.events(variables);
      while (this.#isOpen) {
        const step = await iterator.next();
        if (!this.#isOpen || step.done) break;
        // A context an event: loaders must not remember what an earlier event saw.
        const eventContext = this.#context();
        const answer = presentable(await answerOf(step.value, eventContext), eventContext);
        if (this.#isOpen) await this.#sink.next(answer);
      }
    } catch (error) {
      failure = error instanceof OperationFailed ? error : new OperationFailed(maskedErrors(error, context));
    }
    try {
      this.#end(failure);
    } catch (error) {
      this.#log.error({ err: error, requestId: this.#caller.requestId }, 'a subscription could not end');
    }
  }

  #context(): OperationContext {
    return new OperationContext(this.#caller, this.#running, this.#log);
  }

  #abort(): void {
    this.#left.abort(this.#signal?.reason);
  }

  #end(failure: OperationFailed | undefined): void {
    if (this.#listener) this.#signal?.removeEventListener('abort', this.#listener);
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#abort();
    if (failure) this.#sink.error(failure);
    else this.#sink.complete();
  }

  /** The subscriber has left. */
  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#abort();
    this.#iterator?.return?.().catch((error: unknown) => {
      this.#log.debug({ err: error }, 'an abandoned event source failed');
    });
  }
}

const failed = (error: unknown, context: OperationContext): ExecutionResult => ({
  data: null,
  errors: maskedErrors(error, context),
});

const maskedErrors = (error: unknown, context: OperationContext): readonly GraphQLError[] => [
  maskError(
    new GraphQLError(error instanceof Error ? error.message : String(error), {
      originalError: error instanceof Error ? error : new Error(String(error)),
    }),
    context.log,
    context.signal,
  ),
];

/** The answer as a caller may see it. */
function presentable(result: ExecutionResult, context: OperationContext): ExecutionResult {
  const errors = result.errors;
  if (errors === undefined || errors.length === 0) return result;
  if (result.data === undefined) return { errors: errors.map(asBadInput) };
  return { ...result, errors: errors.map((error) => maskError(complete(error), context.log, context.signal)) };
}

/**
 * An operation that did not start: its variables do not fit. The message names variable and reason, nothing of ours.
 */
const asBadInput = (error: GraphQLError): GraphQLError =>
  new GraphQLError(error.message, {
    extensions: { ...error.extensions, code: error.extensions?.code ?? 'BAD_USER_INPUT' },
  });

/** The compiler's errors lack `extensions`, which graphql's own always have. */
const complete = (error: GraphQLError): GraphQLError =>
  error.extensions !== undefined
    ? error
    : new GraphQLError(error.message, { path: error.path, originalError: error.originalError });

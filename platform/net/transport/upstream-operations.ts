import type { ExecutionResult } from 'graphql';
import type { WebSocket } from 'ws';
import { CodedError } from '../../base/errors/errors.ts';
import { isObject } from '../../base/json/objects.ts';
import type { Logger } from '../../base/log/log.ts';
import { REFUSED_FOR_MEMORY } from '../../base/thread/lasting-room.ts';
import type { IdentityAssertions } from '../../identity/authenticator.ts';
import { writeClientInfo } from '../../identity/client-info.ts';
import type { Endpoint } from './endpoints.ts';
import { isIdentityRefused, REFUSES_IDENTITY } from './identity-refused.ts';
import { readNext } from './next-message.ts';
import { OperationFailed, type SubgraphRequest, type SubscriptionSink, type Unsubscribe } from './transport.ts';
import type { UpstreamDialect } from './upstream-dialect.ts';
import type { Loss } from './upstream-loss.ts';
import type { UpstreamMessage } from './upstream-message.ts';

export interface UpstreamOperationsOptions {
  readonly subgraph: string;
  readonly assertions?: IdentityAssertions | undefined;
  readonly dialect: UpstreamDialect;
  /** Largest message that the subgraph takes, in bytes: for a larger one it closes the connection of all of them. */
  readonly maxMessage: number;
  readonly log: Logger;
  /** The present connection, while it is open. */
  readonly socket: () => WebSocket | undefined;
  /** Told when one operation fewer is there. */
  readonly forgotten: () => void;
  /** Has a subscription begun elsewhere that this replica has no memory for. Default: the refusal is handed on. */
  readonly move?: ((subscription: RefusedSubscription) => Unsubscribe | undefined) | undefined;
}

/** A subscription that replicas have refused because their memory is nearly full. */
export interface RefusedSubscription {
  readonly request: SubgraphRequest;
  readonly sink: SubscriptionSink;
  /** Those that refused it before this one; undefined where this one is the first. */
  readonly refusedBy: ReadonlySet<Endpoint> | undefined;
}

interface Operation extends RefusedSubscription {
  /** Id on the present connection; undefined while it is not subscribed. */
  id: string | undefined;
  /** Whether an event has come. */
  hasBegun: boolean;
  /** How to leave it where it runs now, once it was moved to another replica. */
  leaveMoved: Unsubscribe | undefined;
  /** Whether the subgraph has been told on the present connection. */
  isSent: boolean;
  /** Events that their receiver has not done with, and the bytes of them as far as they are known. */
  waiting: number;
  waitingBytes: number;
  /** Of a state that is sent whole: the newest event, which waits for the earlier ones. */
  newest: ExecutionResult | undefined;
}

/**
 * Events, and bytes of them, that may wait for one receiver. The protocol cannot ask a subgraph to wait, and the socket
 * belongs to others too.
 */
const MAX_WAITING = 256;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

type OperationMessage = Extract<UpstreamMessage, { id: string }>;

/** The subscriptions that share one socket to a subgraph, each with the identity of its own subscriber. */
export class UpstreamOperations {
  readonly #options: UpstreamOperationsOptions;
  readonly #all = new Set<Operation>();
  readonly #byId = new Map<string, Operation>();
  #lastId = 0;

  constructor(options: UpstreamOperationsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#all.size;
  }

  /**
   * Adds one.
   *
   * @param isReady whether it can begin at once.
   * @returns how to leave it.
   */
  add({ request, sink, refusedBy }: RefusedSubscription, isReady: boolean): Unsubscribe {
    const operation: Operation = {
      request,
      sink,
      refusedBy,
      id: undefined,
      hasBegun: false,
      isSent: false,
      leaveMoved: undefined,
      waiting: 0,
      waitingBytes: 0,
      newest: undefined,
    };
    this.#all.add(operation);
    if (isReady) this.#begin(operation);
    return () => {
      if (operation.leaveMoved) operation.leaveMoved();
      else this.#forget(operation, true);
    };
  }

  /** Subscribes all of them on a new connection. */
  beginAll(): void {
    for (const operation of this.#all) this.#begin(operation);
  }

  /** Hands an event to an operation that takes it unread. */
  pass(data: Buffer): boolean {
    const next = readNext(data);
    const operation = next && this.#byId.get(next.id);
    if (!operation?.sink.pass?.(next!.payload)) return false;
    operation.hasBegun = true;
    return true;
  }

  /** Hands a message of so many bytes to its operation. */
  deliver(message: OperationMessage, bytes: number): void {
    const operation = this.#byId.get(message.id);
    if (!operation) return;
    try {
      this.#hand(operation, message, bytes);
    } catch (error) {
      this.#fail(operation, error);
    }
  }

  /**
   * Ends the operations that a lost connection ends. Those stay that asked to be subscribed again, and while there are
   * tries left those that were not subscribed yet.
   */
  lost({ isRefused, error }: Loss, giveUp: boolean): void {
    this.#byId.clear();
    for (const operation of this.#all) {
      const waiting = !operation.isSent;
      operation.id = undefined;
      operation.isSent = false;
      // Where it stays it begins once more, and may be refused once more.
      operation.hasBegun = false;
      if (!isRefused && (operation.request.resubscribe || (waiting && !giveUp))) continue;
      this.#all.delete(operation);
      operation.sink.error(error);
    }
  }

  /** Ends all of them. */
  end(error: Error): void {
    for (const { sink } of this.#all) sink.error(error);
    this.#all.clear();
  }

  #begin(operation: Operation): void {
    void this.#start(operation).catch((error: unknown) => this.#fail(operation, error));
  }

  async #start(operation: Operation): Promise<void> {
    const { subgraph, assertions, dialect, maxMessage, socket } = this.#options;
    const { request } = operation;
    const opened = socket();
    const id = String(++this.#lastId);
    operation.id = id;
    this.#byId.set(id, operation);
    const identity = await assertions?.sign(request.identity, `${subgraph}/graphql`);
    // It may have been left, or the socket lost, meanwhile.
    if (operation.id !== id || opened === undefined || socket() !== opened) return;
    const message = JSON.stringify({
      id,
      type: dialect.start,
      payload: {
        query: request.query,
        operationName: request.operationName,
        variables: request.variables,
        // Other servers learn the credentials from the upgrade and from `connection_init`.
        extensions: assertions && {
          identity,
          client: request.client && writeClientInfo(request.client),
          requestId: request.requestId,
          traceparent: request.traceparent,
        },
      },
    });
    if (Buffer.byteLength(message) <= maxMessage) {
      operation.isSent = true;
      return opened.send(message);
    }
    this.#forget(operation);
    operation.sink.error(tooLarge(subgraph, maxMessage));
  }

  #hand(operation: Operation, message: OperationMessage, bytes: number): void {
    if (message.type === 'broken') throw new Error('A message that the protocol does not know.');
    if (message.type === 'next') {
      operation.hasBegun = true;
      this.#next(operation, message.payload, bytes);
      return;
    }
    // The last event is not lost with the end.
    const { newest } = operation;
    operation.newest = undefined;
    if (newest) void operation.sink.next(newest);
    this.#forget(operation);
    if (message.type === 'error' && !operation.hasBegun && isMemoryRefusal(message.errors)) {
      operation.leaveMoved = this.#moved(operation);
      if (operation.leaveMoved) return;
    }
    if (message.type === 'complete') operation.sink.complete();
    else operation.sink.error(this.#failureOf(operation, message.errors));
  }

  /**
   * Hands on an event. While its receiver asks to wait, of a state that is sent whole the newest waits, and of other
   * events so many; with more the subscription ends, which the receiver is told after what waits.
   */
  #next(operation: Operation, event: ExecutionResult, bytes: number): void {
    if (operation.waiting > 0 && operation.request.resubscribe) {
      operation.newest = event;
      return;
    }
    const done = operation.sink.next(event);
    if (!done) return;
    operation.waiting++;
    operation.waitingBytes += bytes;
    const settled = () => this.#settled(operation, bytes);
    done.then(settled, settled);
    const isTooMuch = operation.waiting > MAX_WAITING || operation.waitingBytes > MAX_WAITING_BYTES;
    if (!isTooMuch || !this.#forget(operation, true)) return;
    const { subgraph, log } = this.#options;
    log.warn({ subgraph, requestId: operation.request.requestId }, 'events come faster than they are completed');
    operation.sink.error(tooFast());
  }

  #settled(operation: Operation, bytes: number): void {
    operation.waiting--;
    operation.waitingBytes -= bytes;
    const { newest } = operation;
    if (newest === undefined || operation.waiting > 0 || !this.#all.has(operation)) return;
    operation.newest = undefined;
    try {
      this.#next(operation, newest, bytes);
    } catch (error) {
      this.#fail(operation, error);
    }
  }

  /** Begins it at another replica. @returns how to leave it there; undefined where that is not possible. */
  #moved(operation: Operation): Unsubscribe | undefined {
    try {
      return this.#options.move?.(operation);
    } catch (error) {
      const { subgraph, log } = this.#options;
      log.warn({ subgraph, err: error }, 'a subscription that was refused cannot begin elsewhere');
      return undefined;
    }
  }

  /** The signer of an identity that is refused has to mend it: the client's credentials are good. */
  #failureOf({ request }: Operation, errors: readonly unknown[]): Error {
    const { subgraph, assertions, log } = this.#options;
    if (!assertions || !isIdentityRefused(errors)) return new OperationFailed(errors);
    log.error({ subgraph, requestId: request.requestId, errors }, REFUSES_IDENTITY);
    return new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} cannot be reached at the moment.`);
  }

  /** Ends an operation that cannot go on; the others of the socket do. */
  #fail(operation: Operation, reason: unknown): void {
    const { subgraph, log } = this.#options;
    log.warn({ subgraph, err: reason, requestId: operation.request.requestId }, 'a subscription to a subgraph fails');
    if (!this.#forget(operation, true)) return;
    operation.sink.error(new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} sent what cannot be used.`));
  }

  /** Tells the subgraph too, unless it has ended the operation itself. @returns whether it was still known. */
  #forget(operation: Operation, mustTell = false): boolean {
    const { id } = operation;
    if (!this.#all.delete(operation)) return false;
    operation.id = undefined;
    if (id !== undefined && this.#byId.delete(id) && mustTell) {
      this.#options.socket()?.send(`{"id":"${id}","type":"${this.#options.dialect.stop}"}`);
    }
    this.#options.forgotten();
    return true;
  }
}

/** Whether a replica refuses because its memory is nearly full: another may have room. */
const isMemoryRefusal = (errors: readonly unknown[]): boolean => {
  const extensions = isObject(errors[0]) ? errors[0].extensions : undefined;
  return isObject(extensions) && extensions.refused === REFUSED_FOR_MEMORY;
};

const tooFast = (): CodedError =>
  new CodedError(
    'SLOW_CONSUMER',
    `More than ${MAX_WAITING} events, or ${MAX_WAITING_BYTES} bytes of them, wait to be completed. Subscribe again behind the last one.`,
  );

const tooLarge = (subgraph: string, maxBytes: number): CodedError =>
  new CodedError(
    'PAYLOAD_TOO_LARGE',
    `Written for ${subgraph} the subscription and its variables are larger than ${maxBytes} bytes, which is the limit.`,
  );

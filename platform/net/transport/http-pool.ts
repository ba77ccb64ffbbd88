import type { CancelSignal } from '../../base/cancellation/cancellation.ts';
import { CodedError } from '../../base/errors/errors.ts';
import { guarded } from '../../base/faults/guarded.ts';
import { type ConnectionOptions, type Exchange, HttpConnection } from './http-connection.ts';
import { type HttpAnswer, ResponseTooLarge } from './http-response.ts';

export interface HttpPoolOptions extends ConnectionOptions {
  /** For messages. */
  readonly subgraph: string;
  /** Connections that may be open at once: so many requests run, the others wait. */
  readonly connections: number;
  /** Requests that may wait. */
  readonly queue: number;
  /** Longest time from the call to the whole answer, in milliseconds, the wait for a connection included. */
  readonly timeoutMs: number;
}

export interface HttpRequest {
  /** Request line and headers, each line with its end, without the length of the body. */
  readonly head: string;
  readonly body: string;
  /** Whether it may be sent again when the server had closed the connection before it came. */
  readonly mayRepeat: boolean;
  readonly signal?: CancelSignal | undefined;
}

/** The subgraph could not be reached, or answered with something that is not HTTP: another try may help. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

/**
 * The error of a request for which no connection could be made, so nothing was sent: even a mutation may be tried
 * elsewhere.
 */
export class NotConnected extends Unreachable {
  override name = 'NotConnected';
}

/** The subgraph took longer than it may. */
export class NoAnswer extends CodedError {
  constructor(subgraph: string, timeoutMs: number) {
    super('TIMEOUT', `${subgraph} did not answer within ${timeoutMs} ms.`);
  }
}

/**
 * A server that has closed a kept connection early may do so with the next one, and a request that is on its way then
 * is lost. For so long what must not be repeated is sent on new connections.
 */
const DISTRUST_MS = 60_000;

/** A connection that is open for so long after an answer is one that the server keeps. */
const PROOF_MS = 250;

/** Calls when the event loop has looked once, from now on, for what has come. */
const afterReading = (work: () => void): void => {
  const guard = { where: 'subgraph connection' };
  setImmediate(guarded(guard, () => void setImmediate(guarded(guard, work))));
};

/** Each call's time limit is looked at so many times in its course: a timer for every call would cost more. */
const LOOKS = 20;

/**
 * The kept-alive connections to one address, the last used first, so that those a burst has opened can end. It is the
 * bulkhead too: what exceeds its connections and its queue is refused at once.
 */
export class HttpPool {
  readonly #options: HttpPoolOptions;
  readonly #idle: HttpConnection[] = [];
  readonly #all = new Set<HttpConnection>();
  /** In the order of their time limits, as all have the same. The others are found by their connections. */
  readonly #waiting = new Set<Call>();
  #connecting = 0;
  /** Those that are closed from here, and have not said so yet. */
  readonly #leaving = new Set<HttpConnection>();
  /** Until when what must not be repeated has connections of its own, in milliseconds of performance.now(). */
  #distrustedUntil = 0;
  /** Whether the server is known to keep connections. */
  #isKeeping = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: HttpPoolOptions) {
    this.#options = options;
  }

  /**
   * Sends one request.
   *
   * @throws {Unreachable} when the connection fails; {NoAnswer} when it takes too long; the signal's reason when
   * the caller leaves; {CodedError} SUBGRAPH_UNAVAILABLE when too many wait, or the answer is larger than allowed.
   */
  send(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const { signal } = request;
      if (signal?.aborted) return reject(signal.reason);
      const { subgraph, connections, queue, timeoutMs } = this.#options;
      const connection = this.#takeIdle(request);
      // Those that wait for a connection of their own are not in the queue for those of others.
      const own = this.#connecting + Math.max(0, connections - this.#all.size + this.#leaving.size);
      if (!connection && this.#waiting.size >= queue + own) {
        return reject(new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} has too many requests waiting.`));
      }
      const call = new Call(this, request, performance.now() + timeoutMs, resolve, reject);
      this.#timer ??= setInterval(
        guarded({ where: 'subgraph connection' }, this.#look),
        Math.min(500, Math.max(5, timeoutMs / LOOKS)),
      ).unref();
      if (connection) call.start(connection, false);
      else this.#wait(call);
    });
  }

  /** Ends idle connections now and the others after their answers. */
  close(): void {
    this.#isClosing = true;
    for (const connection of this.#idle.splice(0)) this.#leave(connection);
    this.#rest();
  }

  /**
   * Fails what may be repeated and waits for an answer or a connection: the server is there and does nothing. A
   * mutation goes on waiting, because it may have been done.
   *
   * @param reason what the calls are told, as the cause of Unreachable.
   */
  stalled(reason: Error): void {
    for (const call of [...this.#waiting]) call.stalled(reason);
    for (const connection of this.#all) connection.stalled(reason);
  }

  /** Ends everything now. */
  destroy(): void {
    this.#isClosing = true;
    for (const connection of this.#all) connection.destroy(new Error('the gateway is stopping'));
    for (const call of this.#waiting) call.failed(new Error('the gateway is stopping'), false);
    this.#rest();
  }

  /** @internal A connection can take a request. */
  free(connection: HttpConnection, isNew: boolean): void {
    if (isNew) this.#connecting--;
    else if (connection.isKept) this.#isKeeping = true;
    const next = isNew ? first(this.#waiting) : this.#firstForKept();
    if (next) {
      this.#waiting.delete(next);
      next.start(connection, isNew);
    } else if (this.#isClosing || this.#isInTheWay) {
      this.#leave(connection);
    } else this.#idle.push(connection);
  }

  /** @internal Forgets a connection that is closed. */
  closed(connection: HttpConnection, refused: Error | undefined, early: boolean): void {
    this.#all.delete(connection);
    this.#leaving.delete(connection);
    if (early) {
      this.#distrustedUntil = performance.now() + DISTRUST_MS;
      this.#isKeeping = false;
    }
    if (refused) {
      // It was opened for one of those that wait.
      this.#connecting--;
      first(this.#waiting)?.refused(refused);
    } else {
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
    }
    // What waits is sent, though nothing new comes any more.
    if (this.#waiting.size > this.#connecting) this.#connect();
    else if (this.#isClosing) this.#rest();
  }

  /** @internal A call does not wait any more. */
  forget(call: Call): void {
    this.#waiting.delete(call);
  }

  /** @internal A call wants to be sent again, or at last: the server had closed its connection. */
  repeat(call: Call): void {
    const connection = this.#takeIdle(call.request);
    if (connection) call.start(connection, false);
    else this.#wait(call);
  }

  /** @internal */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** @internal */
  get lateness(): Error {
    return new NoAnswer(this.#options.subgraph, this.#options.timeoutMs);
  }

  /** @internal */
  describe(error: Error): Error {
    const { subgraph, maxBytes } = this.#options;
    if (error instanceof Refused)
      return new NotConnected(`${subgraph} cannot be reached: ${error.message}`, { cause: error });
    return error instanceof ResponseTooLarge
      ? new CodedError('SUBGRAPH_UNAVAILABLE', `The answer of ${subgraph} is larger than ${maxBytes} bytes.`)
      : new Unreachable(`${subgraph} cannot be reached: ${error.message}`, { cause: error });
  }

  /** Whether a kept connection will do for a request: what must not be repeated has to arrive. */
  #mayBeKept({ mayRepeat }: HttpRequest): boolean {
    if (mayRepeat) return true;
    const now = performance.now();
    if (this.#distrustedUntil > now) return false;
    if (!this.#isKeeping) this.#tryProof(now);
    return this.#isKeeping;
  }

  /** Looks whether a connection has been kept for a while. What is not read yet counts: this process may be busy. */
  #tryProof(now: number): void {
    const oldest = this.#idle[0];
    if (!oldest || now - oldest.freeSince < PROOF_MS) return;
    afterReading(() => {
      if (this.#idle.includes(oldest)) this.#isKeeping = true;
    });
  }

  #firstForKept(): Call | undefined {
    const next = first(this.#waiting);
    if (!next || this.#mayBeKept(next.request)) return next;
    // It would wait for ever where others took every connection that is free.
    if (this.#isInTheWay) return undefined;
    for (const call of this.#waiting) if (call.request.mayRepeat) return call;
    return undefined;
  }

  /** Whether another kept connection would take the place of a new one that is waited for. */
  get #isInTheWay(): boolean {
    return this.#waiting.size > this.#connecting && this.#all.size >= this.#options.connections;
  }

  #takeIdle(request: HttpRequest): HttpConnection | undefined {
    if (!this.#mayBeKept(request)) {
      const last = this.#all.size >= this.#options.connections ? this.#idle.pop() : undefined;
      if (last) this.#leave(last);
      return undefined;
    }
    const connection = this.#idle.pop();
    if (!connection) return undefined;
    // The others were used before it, so they are past their time as well.
    if (connection.usableUntil > performance.now()) return connection;
    for (const old of [connection, ...this.#idle.splice(0)]) this.#leave(old);
    return undefined;
  }

  #leave(connection: HttpConnection): void {
    this.#leaving.add(connection);
    connection.destroy();
  }

  #wait(call: Call): void {
    this.#waiting.add(call);
    if (this.#waiting.size > this.#connecting) this.#connect();
  }

  #connect(): void {
    if (this.#all.size >= this.#options.connections) return;
    this.#connecting++;
    this.#all.add(new HttpConnection(this.#options, this));
  }

  /** Gives up what has taken too long, and connections that the server is about to close. */
  readonly #look = (): void => {
    const now = performance.now();
    for (const call of this.#waiting) {
      if (call.until > now) break;
      call.late();
    }
    for (const connection of this.#all) connection.look(now);
    while (this.#idle[0] && this.#idle[0].usableUntil <= now) this.#leave(this.#idle.shift()!);
  };

  #rest(): void {
    if (this.#all.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const first = (calls: ReadonlySet<Call>): Call | undefined => calls.values().next().value;

/** Why a connection was never open. */
class Refused extends Error {}

class Call implements Exchange {
  readonly until: number;
  readonly #pool: HttpPool;
  readonly request: HttpRequest;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #connection: HttpConnection | undefined;
  #isOver = false;
  #leave: (() => void) | undefined;

  constructor(
    pool: HttpPool,
    request: HttpRequest,
    until: number,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.until = until;
    this.#pool = pool;
    this.request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    const { signal } = request;
    if (!signal) return;
    this.#leave = () => this.giveUp(signal.reason);
    signal.addEventListener('abort', this.#leave);
  }

  /**
   * Sends the request. What must not be repeated is not sent on a kept connection before the loop has read what came on
   * it until now: that the server has closed it is news by then, and costs another connection instead of the request.
   *
   * @param isNew whether the connection has just been opened.
   */
  start(connection: HttpConnection, isNew: boolean): void {
    this.#connection = connection;
    if (isNew || this.request.mayRepeat) this.#write(connection);
    else afterReading(() => this.#startKept(connection));
  }

  #startKept(connection: HttpConnection): void {
    if (this.#isOver) return;
    if (connection.isOpen) this.#write(connection);
    else if (this.#pool.isClosing) this.refused(new Error('its connections are closed'));
    else {
      this.#connection = undefined;
      this.#pool.repeat(this);
    }
  }

  #write(connection: HttpConnection): void {
    const { head, body } = this.request;
    const length = Buffer.byteLength(body);
    connection.send(`${head}content-length: ${length}\r\n\r\n`, body, length === body.length, this);
  }

  late(): void {
    this.giveUp(this.#pool.lateness);
  }

  answered(answer: HttpAnswer): void {
    if (this.#isOver) return;
    this.#end();
    this.#resolve(answer);
  }

  failed(error: Error, isStale: boolean): void {
    if (this.#isOver) return;
    this.#connection = undefined;
    if (isStale && this.request.mayRepeat) {
      this.#pool.repeat(this);
      return;
    }
    this.#end();
    this.#reject(this.#pool.describe(error));
  }

  refused({ message }: Error): void {
    this.failed(new Refused(message), false);
  }

  stalled(reason: Error): void {
    if (this.request.mayRepeat) this.giveUp(this.#pool.describe(reason));
  }

  giveUp(reason: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#reject(reason);
    // HTTP/1.1 has no other way to take a request back.
    this.#connection?.destroy();
  }

  #end(): void {
    this.#isOver = true;
    if (!this.#connection) this.#pool.forget(this);
    if (this.#leave) this.request.signal?.removeEventListener('abort', this.#leave);
  }
}

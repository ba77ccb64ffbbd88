import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { AnswerError, AnswerSink, OperationAnswer } from '../execution/prepare/operation.ts';

/**
 * The client's end of one operation, whichever protocol carries it: over a WebSocket each answer is one message of
 * platform/net/transport/graphql-socket.ts, over HTTP one event of protocols/http-channels.ts, through a door what the
 * door makes of it. After its end nothing more is written.
 */
export interface Channel {
  /** Writes one answer. */
  next(json: string | Uint8Array): void;
  /** Ends the operation with errors. */
  error(errors: readonly AnswerError[]): void;
  complete(): void;
  /** Bytes that wait because the client does not read. */
  buffered(): number;
  /** Cuts a client that cannot even be told: WebSocket close code 4411, or the HTTP connection. */
  cut(reason: string): void;
}

/** The fate of the events of a subscriber who reads more slowly than they come. */
export interface QueuePolicy {
  /**
   * `latest`: only the newest waits. `merge`: an event is merged into the one that waits before it, where `merge` can.
   * `keep`: all wait. Where too many wait all the same, the subscriber is told to resume, and closed.
   */
  readonly when: 'latest' | 'merge' | 'keep';
  /** Two consecutive answers as one, or undefined when they must stay apart. */
  readonly merge?: ((earlier: string, later: string) => string | undefined) | undefined;
  /** What a client passes as `after` to go on behind this answer. */
  readonly offsetOf?: ((json: string) => unknown) | undefined;
}

/** The receiver of one subscription for one client. Its end is written after what waits. */
export interface Delivery extends AnswerSink {
  next(answer: Pick<OperationAnswer, 'json'>): void;
  /** Ends now, with errors: what waits is dropped. */
  fail(errors: readonly AnswerError[]): void;
  /** The subscriber has left. */
  stop(): void;
}

export interface DeliveryObserver {
  sent(): void;
  coalesced(): void;
  /** Called once, at the end, whatever the reason. */
  ended(reason: 'complete' | 'error' | 'slow' | 'left'): void;
}

/** Bytes in a client's socket from which events wait in the queue instead. */
const HIGH_WATER = 64 * 1024;
/** Events, and characters of them, that may wait for one subscriber. */
const MAX_EVENTS = 256;
const MAX_CHARACTERS = 256 * 1024;
/** How often a queue looks whether its client reads again. Only slow clients have a queue. */
const LOOK_MS = 20;

/**
 * Creates what delivers the events of one subscription to one client: what execution/answering/events.ts has made of an
 * event is written to the client's channel, at once or after what waits. subscriptions.ts makes one for each client.
 *
 * The queue is bounded by the policy, costs nothing until a client is slow, and never slows the source: others may
 * listen to it.
 */
export const createDelivery = (channel: Channel, policy: QueuePolicy, observer: DeliveryObserver): Delivery =>
  new QueuedDelivery(channel, policy, observer);

class QueuedDelivery implements Delivery {
  readonly #channel: Channel;
  readonly #policy: QueuePolicy;
  readonly #observer: DeliveryObserver;
  /** Undefined: nothing waits. */
  #queue: string[] | undefined;
  #characters = 0;
  #state: 'open' | 'ending' | 'ended' = 'open';
  #timer: NodeJS.Timeout | undefined;
  #lastSent: string | undefined;
  #failure: readonly AnswerError[] | undefined;

  constructor(channel: Channel, policy: QueuePolicy, observer: DeliveryObserver) {
    this.#channel = channel;
    this.#policy = policy;
    this.#observer = observer;
  }

  next({ json }: Pick<OperationAnswer, 'json'>): void {
    if (this.#state !== 'open') return;
    if (!this.#queue && this.#channel.buffered() < HIGH_WATER) this.#write(json);
    else this.#enqueue(textOf(json));
  }

  complete(): void {
    this.#endAfter(undefined);
  }

  error(errors: readonly AnswerError[]): void {
    this.#endAfter(errors);
  }

  fail(errors: readonly AnswerError[]): void {
    if (this.#state === 'ended') return;
    this.#end('error');
    this.#channel.error(errors);
  }

  stop(): void {
    if (this.#state !== 'ended') this.#end('left');
  }

  #write(json: string | Uint8Array): void {
    if (this.#policy.offsetOf) this.#lastSent = textOf(json);
    this.#channel.next(json);
    this.#observer.sent();
  }

  #end(reason: Parameters<DeliveryObserver['ended']>[0]): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#emptied();
    this.#observer.ended(reason);
  }

  #emptied(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#queue = undefined;
  }

  #flush(): void {
    // Looked at each time: what is written may end it.
    while (this.#queue && this.#queue.length > 0 && this.#channel.buffered() < HIGH_WATER) {
      const json = this.#queue.shift()!;
      this.#characters -= json.length;
      this.#write(json);
    }
    if (this.#queue && this.#queue.length > 0) return;
    this.#emptied();
    if (this.#state !== 'ending') return;
    const failure = this.#failure;
    this.#end(failure ? 'error' : 'complete');
    if (failure) this.#channel.error(failure);
    else this.#channel.complete();
  }

  #enqueue(json: string) {
    const { when, merge } = this.#policy;
    this.#queue ??= [];
    const queue = this.#queue;
    const last = queue.at(-1);
    if (when === 'latest' && last !== undefined) {
      this.#observer.coalesced();
      this.#queue = [json];
      this.#characters = json.length;
    } else {
      const merged = when === 'merge' && last !== undefined ? merge?.(last, json) : undefined;
      if (merged !== undefined) {
        this.#observer.coalesced();
        this.#characters += merged.length - last!.length;
        queue[queue.length - 1] = merged;
      } else {
        queue.push(json);
        this.#characters += json.length;
      }
    }
    if (this.#queue.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS) return this.#tooSlow();
    this.#timer ??= setInterval(
      guarded({ where: 'delivery', end: () => this.#end('error') }, () => this.#flush()),
      LOOK_MS,
    );
  }

  #tooSlow(): void {
    const offset = this.#lastSent === undefined ? undefined : this.#policy.offsetOf?.(this.#lastSent);
    this.#end('slow');
    const behind = offset === undefined ? '' : ` after ${String(offset)}`;
    this.#channel.error([
      new CodedError('SLOW_CONSUMER', `You read more slowly than events come. Subscribe again and resume${behind}.`, {
        ...(offset !== undefined && { resumeAfter: offset }),
      }),
    ]);
    this.#channel.cut(`Slow consumer: resume${behind}`);
  }

  #endAfter(errors: readonly AnswerError[] | undefined): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#failure = errors;
    if (!this.#queue) this.#flush();
  }
}

/** As a string it is kept alone: bytes are part of all that came with them in one read. */
const textOf = (json: string | Uint8Array): string =>
  typeof json === 'string' ? json : Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString();

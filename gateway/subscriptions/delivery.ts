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
 * Delivers the events of one subscription to one client: what execution/answering/events.ts has made of an event is
 * written to the client's channel, at once or after what waits. subscriptions.ts makes one for each client.
 *
 * The queue is bounded by the policy, costs nothing until a client is slow, and never slows the source: others may
 * listen to it.
 */
export function createDelivery(channel: Channel, policy: QueuePolicy, observer: DeliveryObserver): Delivery {
  let queue: string[] = [];
  let characters = 0;
  let state: 'open' | 'ending' | 'ended' = 'open';
  let timer: NodeJS.Timeout | undefined;
  let lastSent: string | undefined;
  let failure: readonly AnswerError[] | undefined;

  const write = (json: string | Uint8Array): void => {
    if (policy.offsetOf) lastSent = textOf(json);
    channel.next(json);
    observer.sent();
  };

  function end(reason: Parameters<DeliveryObserver['ended']>[0]): void {
    if (state === 'ended') return;
    state = 'ended';
    clearInterval(timer);
    timer = undefined;
    queue = [];
    observer.ended(reason);
  }

  function flush(): void {
    while (queue.length > 0 && channel.buffered() < HIGH_WATER) {
      const json = queue.shift()!;
      characters -= json.length;
      write(json);
    }
    if (queue.length > 0) return;
    clearInterval(timer);
    timer = undefined;
    if (state === 'ending') {
      end(failure ? 'error' : 'complete');
      if (failure) channel.error(failure);
      else channel.complete();
    }
  }

  function enqueue(json: string) {
    const last = queue.at(-1);
    if (policy.when === 'latest' && last !== undefined) {
      observer.coalesced();
      queue = [json];
      characters = json.length;
    } else {
      const merged = policy.when === 'merge' && last !== undefined ? policy.merge?.(last, json) : undefined;
      if (merged !== undefined) {
        observer.coalesced();
        characters += merged.length - last!.length;
        queue[queue.length - 1] = merged;
      } else {
        queue.push(json);
        characters += json.length;
      }
    }
    if (queue.length > MAX_EVENTS || characters > MAX_CHARACTERS) return tooSlow();
    timer ??= setInterval(guarded({ where: 'delivery', end: () => end('error') }, flush), LOOK_MS);
  }

  function tooSlow(): void {
    const offset = lastSent === undefined ? undefined : policy.offsetOf?.(lastSent);
    end('slow');
    const behind = offset === undefined ? '' : ` after ${String(offset)}`;
    channel.error([
      new CodedError('SLOW_CONSUMER', `You read more slowly than events come. Subscribe again and resume${behind}.`, {
        ...(offset !== undefined && { resumeAfter: offset }),
      }),
    ]);
    channel.cut(`Slow consumer: resume${behind}`);
  }

  function endAfter(errors: readonly AnswerError[] | undefined): void {
    if (state !== 'open') return;
    state = 'ending';
    failure = errors;
    if (queue.length === 0) flush();
  }

  return {
    next({ json }) {
      if (state !== 'open') return;
      if (queue.length === 0 && channel.buffered() < HIGH_WATER) write(json);
      else enqueue(textOf(json));
    },
    complete: () => endAfter(undefined),
    error: endAfter,
    fail(errors) {
      if (state === 'ended') return;
      end('error');
      channel.error(errors);
    },
    stop() {
      if (state !== 'ended') end('left');
    },
  };
}

/** As a string it is kept alone: bytes are part of all that came with them in one read. */
const textOf = (json: string | Uint8Array): string =>
  typeof json === 'string' ? json : Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString();

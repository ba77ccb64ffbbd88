import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { Cancellation } from '#platform/base/cancellation/cancellation.ts';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError, unexpected } from '#platform/base/errors/errors.ts';
import { report } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { inRequest } from '#platform/base/log/request-log.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { CLIENT_LEFT } from '#platform/net/http/client-left.ts';
import type { SubscribePayload } from '#platform/net/transport/client-message.ts';
import { CLOSE, reasonText, type SocketOptions } from '#platform/net/transport/graphql-socket.ts';
import type { OperationChannel } from '#platform/net/transport/socket-operation.ts';
import type { Unsubscribe } from '#platform/net/transport/transport.ts';
import type { AnswerError } from '../execution/prepare/operation.ts';
import { isRefused, type OperationCaller } from '../policy/pipeline.ts';
import { traceparentOf } from '../request/client.ts';
import type { Channel } from '../subscriptions/delivery.ts';
import { streamPolicyOf } from '../subscriptions/stream-policy.ts';
import type { ProtocolParts } from './parts.ts';
import type { Offer, Session, SocketSessions } from './socket-session.ts';

/** The parts that all sockets of a gateway have in common. */
export interface ConnectionParts extends ProtocolParts {
  readonly config: Pick<
    Config,
    'REQUEST_TIMEOUT_MS' | 'WS_KEEPALIVE_MS' | 'WS_MAX_MESSAGE_BYTES' | 'WS_MAX_OPERATIONS'
  >;
  readonly sessions: SocketSessions;
  /** The refusal of an operation above WS_MAX_OPERATIONS. */
  readonly tooManyOperations: CodedError;
}

/** The gateway's side of one client's socket: who is at it, and what is asked through it. */
export class Connection implements SocketOptions<Session> {
  readonly socket: WebSocket;
  /** Queries and mutations that are not answered yet. */
  busy = 0;
  readonly #parts: ConnectionParts;
  readonly #client: ClientInfo;
  /** Until `connection_init`. */
  #offer: Offer | undefined;

  constructor(parts: ConnectionParts, socket: WebSocket, client: ClientInfo, offer: Offer) {
    this.#parts = parts;
    this.socket = socket;
    this.#client = client;
    this.#offer = offer;
  }

  get log(): Logger {
    return this.#parts.log;
  }

  get keepAliveMs(): number {
    return this.#parts.config.WS_KEEPALIVE_MS;
  }

  get maxOperations(): number {
    return this.#parts.config.WS_MAX_OPERATIONS;
  }

  get maxMessageBytes(): number {
    return this.#parts.config.WS_MAX_MESSAGE_BYTES;
  }

  get tooManyOperations(): CodedError {
    return this.#parts.tooManyOperations;
  }

  read<T>(session: Session | undefined, bytes: number, parse: () => T): T | Promise<T> {
    return this.#parts.pipeline.read(() => session ?? { identity: ANONYMOUS, client: this.#client }, bytes, parse);
  }

  init(payload: Record<string, unknown> | undefined): Promise<Session> {
    const offer = this.#offer!;
    this.#offer = undefined;
    return this.#parts.sessions.open(this.socket, this.#client, offer, payload);
  }

  renew(session: Session, payload: Record<string, unknown>) {
    return this.#parts.sessions.renew(this.socket, session, payload);
  }

  closed(session: Session): void {
    this.#parts.sessions.close(session);
  }

  operate(session: Session, payload: SubscribePayload, channel: OperationChannel): () => void {
    const running = new Running(session, payload);
    // From its first moment: a new operation takes a while before it runs, and a restart waits for it as well.
    this.busy++;
    const run = (): Promise<void> =>
      this.#answer(running, payload, channel).finally(() => {
        this.busy--;
      });
    inRequest(running.caller.requestId, run).catch((error: unknown) => {
      const about = { requestId: running.caller.requestId };
      const { errorId } = report(error, 'websocket operation', this.log, about);
      channel.error([unexpected(errorId)]);
    });
    return leaveOf(running);
  }

  async #answer(running: Running, payload: SubscribePayload, channel: OperationChannel): Promise<void> {
    const { pipeline, metrics, graph, subscriptions, config } = this.#parts;
    const version = graph.current!;
    const { caller, cancellation } = running;
    const started = performance.now();
    const admitted = await pipeline.admit(version, payload, caller);
    if (cancellation.aborted) return;
    if (isRefused(admitted)) {
      metrics.operation('websocket', 'unknown', 'refused', (performance.now() - started) / 1000);
      return channel.error(admitted.errors);
    }
    const { prepared, request } = admitted;
    if (prepared.kind === 'subscription') {
      const events = new EventChannel(channel, this.socket);
      running.stop = subscriptions.run(admitted, streamPolicyOf(admitted, version), events, 'websocket');
      return;
    }
    const late = (): void => cancellation.abort(timeout(config.REQUEST_TIMEOUT_MS));
    const timer = setTimeout(late, config.REQUEST_TIMEOUT_MS);
    try {
      const { json, failed } = await prepared.execute(request);
      channel.next(json);
      channel.complete();
      const outcome = failed ? 'errors' : 'ok';
      metrics.operation('websocket', prepared.kind, outcome, (performance.now() - started) / 1000);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** An operation that runs. What it was asked with is not kept: most are subscriptions, which last. */
class Running {
  readonly cancellation = new Cancellation();
  readonly caller: OperationCaller;
  /** Of a subscription. */
  stop: Unsubscribe | undefined;

  constructor({ identity, client, traceparent, headers, headersKey }: Session, { extensions }: SubscribePayload) {
    this.caller = {
      identity,
      client,
      requestId: newId(),
      traceparent: traceparentOf(extensions?.['traceparent']) ?? traceparent,
      headers,
      headersKey,
      signal: this.cancellation,
    };
  }
}

/** In one piece: of the twenty pieces that Node makes an id of, each weighs as much as the id. */
const newId = (): string => Buffer.from(randomUUID(), 'latin1').toString('latin1');

/** Made here: a function that is made beside others keeps what they name. */
const leaveOf = (running: Running) => (): void => {
  running.cancellation.abort(CLIENT_LEFT);
  running.stop?.();
};

/** The channel of a subscription's events. */
class EventChannel implements Channel {
  readonly #channel: OperationChannel;
  readonly #socket: WebSocket;

  constructor(channel: OperationChannel, socket: WebSocket) {
    this.#channel = channel;
    this.#socket = socket;
  }

  next(json: string | Uint8Array): void {
    this.#channel.next(json);
  }

  error(errors: readonly AnswerError[]): void {
    this.#channel.error(errors);
  }

  complete(): void {
    this.#channel.complete();
  }

  buffered(): number {
    return this.#channel.buffered();
  }

  /** A client that does not read does not read the close frame either. */
  cut(reason: string): void {
    const socket = this.#socket;
    socket.close(CLOSE.SLOW_CONSUMER, reasonText(reason));
    setTimeout(() => socket.terminate(), 2_000).unref();
  }
}

const timeout = (ms: number): CodedError => new CodedError('TIMEOUT', `The operation took longer than ${ms} ms.`);

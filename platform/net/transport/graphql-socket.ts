import type { RawData, WebSocket } from 'ws';
import { CodedError } from '../../base/errors/errors.ts';
import { guarded, report } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import { type ClientMessage, parseMessage, type SubscribePayload } from './client-message.ts';
import { Heartbeat } from './heartbeat.ts';
import { type OperationChannel, type OperationSocket, SocketOperation } from './socket-operation.ts';

/** The sub-protocol of the graphql-ws package, which clients and subgraphs speak. */
export const PROTOCOL = 'graphql-transport-ws';

/** Close codes of the protocol and of WebSocket, and ours. docs/subscriptions.md explains each to clients. */
export const CLOSE = {
  BAD_REQUEST: 4400,
  UNAUTHORIZED: 4401,
  /** Wrong or ended credentials. graphql-ws reconnects after this one and reads its connectionParams again. */
  FORBIDDEN: 4403,
  SUBPROTOCOL: 4406,
  INIT_TIMEOUT: 4408,
  DUPLICATE_ID: 4409,
  /** Ours: the client reads more slowly than events come. The reason says from where to resume. */
  SLOW_CONSUMER: 4411,
  TOO_MANY_INIT: 4429,
  /** Large messages that cost more than one client may have: come back later. */
  TOO_MUCH: 4412,
  INTERNAL: 4500,
  GOING_AWAY: 1001,
  TOO_BIG: 1009,
  /** The server restarts: reconnect and resume. */
  RESTART: 1012,
} as const;

/** The reason why a socket is refused at `connection_init`; the client reads the message. */
export class RefusedSocket extends Error {
  override name = 'RefusedSocket';
}

export interface SocketOptions<Session> {
  /**
   * Called with the payload of `connection_init`. A RefusedSocket closes the socket with 4403 and its message, any
   * other rejection with 4500.
   */
  init(payload: Record<string, unknown> | undefined): Promise<Session>;
  /**
   * Parses a message of so many bytes, now or later; what comes after it waits, and the socket is not read meanwhile. A
   * rejection closes the socket: a CodedError with 4412 and its message, others with 4500. Default: at once.
   */
  read?<T>(session: Session | undefined, bytes: number, parse: () => T): T | Promise<T>;
  /**
   * Called with the payload of a `ping`. What it resolves to is the payload of the `pong`; undefined: that of the ping.
   * One at a time on a socket; the socket is not read meanwhile.
   */
  renew?(session: Session, payload: Record<string, unknown>): Promise<object> | undefined;
  /** Starts an operation. Returns how to stop it; not called once the operation has ended by itself. */
  operate(session: Session, payload: SubscribePayload, channel: OperationChannel): () => void;
  /** Called once for a session, when the socket is gone and all its operations were stopped. */
  closed?(session: Session): void;
  /** Time within which `connection_init` must come. */
  readonly initTimeoutMs?: number;
  /** A ping is sent this often; a peer that does not answer until the next is cut. 0 turns it off. */
  readonly keepAliveMs?: number;
  /** Operations that may run at once; another is refused with an error of its own. */
  readonly maxOperations?: number;
  /** The largest message that the socket accepts. Default: 1 MB. */
  readonly maxMessageBytes?: number;
  /** What the refusal of an operation above the limit says. */
  readonly tooManyOperations?: unknown;
  /** Names the socket in log lines about it. Default: the log of the process. */
  readonly log?: Logger | undefined;
}

/**
 * Serves the graphql-transport-ws protocol on one socket: the protocol of the graphql-ws package, written for push
 * sources and answers that are JSON text already. Handles the messages, ids, codes, heartbeats and limits; what an
 * operation is, is the caller's matter.
 */
export function serveGraphqlSocket<Session>(socket: WebSocket, options: SocketOptions<Session>): void {
  if (socket.protocol === PROTOCOL) {
    new ServedSocket(socket, options).listen();
    return;
  }
  socket.on('error', () => {});
  socket.close(CLOSE.SUBPROTOCOL, 'Subprotocol not acceptable');
}

const WHERE = 'graphql socket';

/** A message that waits for one before it. */
interface Message {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/**
 * One socket. Most of them are silent, and a process has tens of thousands: what a silent one does not need is made
 * when it is needed, and its methods are not functions of its own.
 */
class ServedSocket<Session> implements OperationSocket {
  readonly #socket: WebSocket;
  readonly #options: SocketOptions<Session>;
  #session: Session | undefined;
  #state: 'new' | 'initialising' | 'ready' | 'closed' = 'new';
  /** The reasons not to read the socket. */
  #held = 0;
  /** That of the time for `connection_init`. */
  #timer: NodeJS.Timeout | undefined;
  #heartbeat: Heartbeat | undefined;
  /** Those that run, by their ids. */
  #operations: Map<string, SocketOperation> | undefined;
  /** Messages behind one that is not done with: of what had come with it when the socket was paused. */
  #behind: Message[] | undefined;

  constructor(socket: WebSocket, options: SocketOptions<Session>) {
    this.#socket = socket;
    this.#options = options;
  }

  listen(): void {
    const { initTimeoutMs = 3_000, keepAliveMs = 12_000 } = this.#options;
    this.#timer = setTimeout(() => this.#timeOut(), initTimeoutMs);
    this.#heartbeat = new Heartbeat(this.#socket, {
      everyMs: keepAliveMs,
      isUnread: () => (this.#held & (PARSING | RENEWAL)) !== 0,
    });
    // `ws` reports broken frames and too large messages here and closes by itself.
    const ended = (): void => this.#end();
    this.#socket.on('error', ended);
    this.#socket.on('close', ended);
    const arrive = (data: RawData, isBinary: boolean): void => this.#arrive({ data: data as Buffer, isBinary });
    this.#socket.on('message', guarded({ where: WHERE, log: this.#options.log }, arrive));
  }

  /** A busy process may have let the time pass without reading: what has come by now is read first. */
  #timeOut(): void {
    const guardedClose = guarded({ where: WHERE, log: this.#options.log }, () => {
      if (this.#state === 'new') this.close(CLOSE.INIT_TIMEOUT, 'Connection initialisation timeout');
    });
    setImmediate(guardedClose);
  }

  close(code: number, reason: string): void {
    if (this.#state !== 'closed') this.#socket.close(code, reason);
    this.#end();
  }

  /** Bytes that wait because the client does not read. */
  get buffered(): number {
    return this.#socket.readyState === this.#socket.OPEN ? this.#socket.bufferedAmount : 0;
  }

  send(text: string | Buffer): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    const bytes = typeof text === 'string' ? text.length * MAX_BYTES_OF_CHARACTER : text.length;
    this.#heartbeat?.sent(text.length);
    const isMuch = (this.#held & UNREAD) !== 0 || socket.bufferedAmount + bytes > MAX_UNREAD;
    socket.send(text, TEXT, isMuch ? () => this.#written() : undefined);
    // A client that does not read what it asked for may not ask for more. The heartbeat cuts it if it never does.
    if (isMuch && socket.bufferedAmount > MAX_UNREAD) this.#hold(UNREAD);
  }

  ended({ id }: SocketOperation): void {
    this.#operations?.delete(id);
  }

  #written(): void {
    if (this.#socket.bufferedAmount <= MAX_UNREAD / 2) this.#release(UNREAD);
  }

  #hold(reason: number): void {
    if (this.#held === 0) this.#socket.pause();
    this.#held |= reason;
  }

  #release(reason: number): void {
    if ((this.#held & reason) === 0) return;
    this.#held &= ~reason;
    if (this.#held === 0) this.#socket.resume();
  }

  #end(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#heartbeat?.stop();
    const operations = [...(this.#operations?.values() ?? [])];
    this.#operations = undefined;
    for (const operation of operations) this.#attempt(() => operation.stop());
    if (this.#session !== undefined) this.#attempt(() => this.#options.closed?.(this.#session as Session));
  }

  /** What goes wrong in it ends nothing else. */
  #attempt(work: () => void): void {
    guarded({ where: WHERE, log: this.#options.log }, work)();
  }

  #failed(error: unknown): void {
    report(error, WHERE, this.#options.log);
    this.#attempt(() => this.close(CLOSE.INTERNAL, 'Something went wrong'));
  }

  #arrive(message: Message): void {
    if (this.#held & (PARSING | RENEWAL)) {
      this.#behind ??= [];
      this.#behind.push(message);
    } else this.#take(message);
  }

  /** Whether nothing that comes counts any more: the socket is closed, or this side has begun to close it. */
  get #isOver(): boolean {
    return this.#state === 'closed' || this.#socket.readyState !== this.#socket.OPEN;
  }

  #take({ data, isBinary }: Message): void {
    try {
      if (this.#isOver) return;
      const options = this.#options;
      const { maxMessageBytes = 1_048_576 } = options;
      const parse = (): ClientMessage | undefined => (isBinary ? undefined : parseMessage(data, maxMessageBytes));
      const message = options.read ? options.read(this.#session, data.length, parse) : parse();
      if (message instanceof Promise) void this.#takeLater(message);
      else this.#receive(message);
    } catch (error) {
      this.#failed(error);
    }
  }

  async #takeLater(parsing: Promise<ClientMessage | undefined>): Promise<void> {
    this.#hold(PARSING);
    try {
      this.#receive(await parsing);
    } catch (error) {
      if (error instanceof CodedError) this.close(CLOSE.TOO_MUCH, reasonText(error));
      else this.#failed(error);
    }
    this.#goOn(PARSING);
  }

  /** Ends a reason not to read, and takes what had come behind it, in its order. */
  #goOn(reason: number): void {
    this.#release(reason);
    const behind = this.#behind;
    if (behind === undefined) return;
    while (behind.length > 0 && (this.#held & (PARSING | RENEWAL)) === 0) this.#take(behind.shift()!);
    if (behind.length === 0) this.#behind = undefined;
  }

  #receive(message: ClientMessage | undefined): void {
    if (this.#isOver) return;
    switch (message?.type) {
      case undefined:
        this.close(CLOSE.BAD_REQUEST, 'Invalid message received');
        break;
      case 'connection_init':
        void this.#initialise(message.payload);
        break;
      case 'ping':
        this.#pong(message.payload);
        break;
      case 'pong':
        break;
      case 'complete': {
        const operation = this.#operations?.get(message.id);
        this.#operations?.delete(message.id);
        operation?.stop();
        break;
      }
      case 'subscribe':
        this.#subscribe(message.id, message.payload);
    }
  }

  #pong(payload: Record<string, unknown> | undefined): void {
    const isReady = payload && this.#state === 'ready';
    const answer = isReady ? this.#options.renew?.(this.#session as Session, payload) : undefined;
    if (!answer) {
      this.send(JSON.stringify({ type: 'pong', ...(payload && { payload }) }));
      return;
    }
    // What the client sends after it is meant to be sent with what it brings.
    this.#hold(RENEWAL);
    answer
      .then((payload) => this.send(JSON.stringify({ type: 'pong', payload })))
      .catch((error: unknown) => this.#failed(error))
      .finally(() => this.#goOn(RENEWAL));
  }

  async #initialise(payload: Record<string, unknown> | undefined): Promise<void> {
    if (this.#state !== 'new') return this.close(CLOSE.TOO_MANY_INIT, 'Too many initialisation requests');
    this.#state = 'initialising';
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      const opened = await this.#options.init(payload);
      if (this.#state !== 'initialising') return void this.#options.closed?.(opened);
      this.#session = opened;
      this.#state = 'ready';
      this.send('{"type":"connection_ack"}');
    } catch (error) {
      if (error instanceof RefusedSocket) return this.close(CLOSE.FORBIDDEN, reasonText(error));
      this.#failed(error);
    }
  }

  #subscribe(id: string, payload: SubscribePayload) {
    if (this.#state !== 'ready') return this.close(CLOSE.UNAUTHORIZED, 'Unauthorized');
    const { maxOperations = Number.POSITIVE_INFINITY, tooManyOperations } = this.#options;
    this.#operations ??= new Map();
    const operations = this.#operations;
    if (operations.has(id)) return this.close(CLOSE.DUPLICATE_ID, reasonText(`Subscriber for ${id} already exists`));
    if (operations.size >= maxOperations) {
      return this.send(`{"id":${JSON.stringify(id)},"type":"error","payload":${JSON.stringify([tooManyOperations])}}`);
    }
    const operation = new SocketOperation(this, id);
    operations.set(id, operation);
    operation.began(this.#options.operate(this.#session as Session, payload, operation));
  }
}

/** What is sent is text, bytes too. */
const TEXT = { binary: false };

/** Bytes of a UTF-16 code unit in UTF-8, at most. */
const MAX_BYTES_OF_CHARACTER = 3;

/** Why a socket is not read: its client does not read, a message of it is parsed, new credentials are looked at. */
const UNREAD = 1;
const PARSING = 2;
const RENEWAL = 4;

/** Bytes that may wait for a client before the server stops reading from it. */
const MAX_UNREAD = 1024 * 1024;

/** Cuts a close reason to the 123 bytes that it may have. */
export function reasonText(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  return Buffer.byteLength(text) <= 123
    ? text
    : Buffer.from(text)
        .subarray(0, 120)
        .toString()
        .replace(/\uFFFD+$/, '');
}

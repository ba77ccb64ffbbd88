import type { RawData, WebSocket } from 'ws';
import { CodedError } from '../../base/errors/errors.ts';
import { every } from '../../base/faults/every.ts';
import { guarded, report } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import { type ClientMessage, parseMessage, type SubscribePayload } from './client-message.ts';
import { nextMessage } from './next-message.ts';

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

/** The channel to which the answers of one operation go. After `error` or `complete` nothing more is sent for it. */
export interface OperationChannel {
  /** Sends a result, given as JSON text. */
  next(json: string | Uint8Array): void;
  /** Ends the operation with errors, given as plain GraphQL errors. */
  error(errors: readonly unknown[]): void;
  complete(): void;
  /** Bytes that wait in the socket because the client does not read. */
  buffered(): number;
  /** Closes the whole socket. */
  close(code: number, reason: string): void;
}

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
 * sources and answers that are JSON text already, at half of its memory per socket. Handles the messages, ids, codes,
 * heartbeats and limits; what an operation is, is the caller's matter.
 */
export function serveGraphqlSocket<Session>(socket: WebSocket, options: SocketOptions<Session>): void {
  const { initTimeoutMs = 3_000, maxOperations = Number.POSITIVE_INFINITY, maxMessageBytes = 1_048_576 } = options;
  const operations = new Map<string, () => void>();
  let session: Session | undefined;
  let state: 'new' | 'initialising' | 'ready' | 'closed' = 'new';

  const guard = {
    where: 'graphql socket',
    log: options.log,
    end: () => close(CLOSE.INTERNAL, 'Something went wrong'),
  };
  const close = (code: number, reason: string): void => {
    if (state !== 'closed') socket.close(code, reason);
    end();
  };
  /** The reasons not to read the socket. */
  let held = 0;
  const hold = (reason: number): void => {
    if (held === 0) socket.pause();
    held |= reason;
  };
  const release = (reason: number): void => {
    if ((held & reason) === 0) return;
    held &= ~reason;
    if (held === 0) socket.resume();
  };
  const send = (text: string | Buffer): void => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(text, { binary: false }, written);
    // A client that does not read what it asked for may not ask for more. The heartbeat cuts it if it never does.
    if (socket.bufferedAmount > MAX_UNREAD) hold(UNREAD);
  };
  const written = (): void => {
    if (socket.bufferedAmount <= MAX_UNREAD / 2) release(UNREAD);
  };
  const end = (): void => {
    if (state === 'closed') return;
    state = 'closed';
    clearTimeout(initTimer);
    const stops = [...operations.values()];
    operations.clear();
    for (const stop of stops) guarded({ where: guard.where, log: guard.log }, stop)();
    if (session !== undefined) options.closed?.(session);
  };

  if (socket.protocol !== PROTOCOL) {
    socket.on('error', () => {});
    socket.close(CLOSE.SUBPROTOCOL, 'Subprotocol not acceptable');
    return;
  }
  const initTimer = setTimeout(() => close(CLOSE.INIT_TIMEOUT, 'Connection initialisation timeout'), initTimeoutMs);
  keepAlive(socket, options.keepAliveMs ?? 12_000, () => (held & (PARSING | RENEWAL)) !== 0);
  // `ws` reports broken frames and too large messages here and closes by itself.
  const ended = guarded({ where: guard.where, log: guard.log }, end);
  socket.on('error', ended);
  socket.on('close', ended);
  socket.on('message', guarded(guard, arrive));

  /** Messages behind one that is not done with: of what had come with it when the socket was paused. */
  const behind: (() => void)[] = [];

  function arrive(data: RawData, isBinary: boolean): void {
    if (held & (PARSING | RENEWAL)) return void behind.push(guarded(guard, () => take(data as Buffer, isBinary)));
    take(data as Buffer, isBinary);
  }

  /** Whether nothing that comes counts any more: the socket is closed, or this side has begun to close it. */
  const isOver = (): boolean => state === 'closed' || socket.readyState !== socket.OPEN;

  function take(data: Buffer, isBinary: boolean): void {
    if (isOver()) return;
    const parse = (): ClientMessage | undefined => (isBinary ? undefined : parseMessage(data, maxMessageBytes));
    const message = options.read ? options.read(session, data.length, parse) : parse();
    if (message instanceof Promise) void takeLater(message);
    else receive(message);
  }

  async function takeLater(parsing: Promise<ClientMessage | undefined>): Promise<void> {
    hold(PARSING);
    try {
      receive(await parsing);
    } catch (error) {
      if (error instanceof CodedError) close(CLOSE.TOO_MUCH, reasonText(error));
      else {
        report(error, guard.where, options.log);
        guard.end();
      }
    }
    goOn(PARSING);
  }

  /** Ends a reason not to read, and takes what had come behind it, in its order. */
  function goOn(reason: number): void {
    release(reason);
    while (behind.length > 0 && (held & (PARSING | RENEWAL)) === 0) behind.shift()!();
  }

  function receive(message: ClientMessage | undefined): void {
    if (isOver()) return;
    switch (message?.type) {
      case undefined:
        close(CLOSE.BAD_REQUEST, 'Invalid message received');
        break;
      case 'connection_init':
        void initialise(message.payload);
        break;
      case 'ping':
        pong(message.payload);
        break;
      case 'pong':
        break;
      case 'complete':
        operations.get(message.id)?.();
        operations.delete(message.id);
        break;
      case 'subscribe':
        subscribe(message.id, message.payload);
    }
  }

  function pong(payload: Record<string, unknown> | undefined): void {
    const answer = payload && state === 'ready' ? options.renew?.(session as Session, payload) : undefined;
    if (!answer) {
      send(JSON.stringify({ type: 'pong', ...(payload && { payload }) }));
      return;
    }
    // What the client sends after it is meant to be sent with what it brings.
    hold(RENEWAL);
    answer
      .then((payload) => send(JSON.stringify({ type: 'pong', payload })))
      .catch((error: unknown) => {
        report(error, guard.where, options.log);
        guard.end();
      })
      .finally(() => goOn(RENEWAL));
  }

  async function initialise(payload: Record<string, unknown> | undefined): Promise<void> {
    if (state !== 'new') return close(CLOSE.TOO_MANY_INIT, 'Too many initialisation requests');
    state = 'initialising';
    clearTimeout(initTimer);
    try {
      const opened = await options.init(payload);
      if (state !== ('initialising' as typeof state)) return void options.closed?.(opened);
      session = opened;
      state = 'ready';
      send('{"type":"connection_ack"}');
    } catch (error) {
      if (error instanceof RefusedSocket) return close(CLOSE.FORBIDDEN, reasonText(error));
      report(error, guard.where, options.log);
      guard.end();
    }
  }

  function subscribe(id: string, payload: SubscribePayload) {
    if (state !== 'ready') return close(CLOSE.UNAUTHORIZED, 'Unauthorized');
    if (operations.has(id)) return close(CLOSE.DUPLICATE_ID, reasonText(`Subscriber for ${id} already exists`));
    const idJson = JSON.stringify(id);
    if (operations.size >= maxOperations) {
      return send(`{"id":${idJson},"type":"error","payload":${JSON.stringify([options.tooManyOperations])}}`);
    }
    let open = true;
    const finish = (): boolean => {
      const wasOpen = open;
      open = false;
      if (wasOpen) operations.delete(id);
      return wasOpen;
    };
    const nextPrefix = `{"id":${idJson},"type":"next","payload":`;
    const channel: OperationChannel = {
      next(json) {
        if (open) send(nextMessage(nextPrefix, json));
      },
      error(errors) {
        if (finish()) send(`{"id":${idJson},"type":"error","payload":${JSON.stringify(errors)}}`);
      },
      complete() {
        if (finish()) send(`{"id":${idJson},"type":"complete"}`);
      },
      buffered: () => (socket.readyState === socket.OPEN ? socket.bufferedAmount : 0),
      close,
    };
    operations.set(id, () => {});
    const stop = options.operate(session as Session, payload, channel);
    // It may have ended already, or the socket may have been closed by it.
    if (!open || state !== ('ready' as typeof state)) return stop();
    operations.set(id, () => {
      open = false;
      stop();
    });
  }
}

/** Why a socket is not read: its client does not read, a message of it is parsed, new credentials are looked at. */
const UNREAD = 1;
const PARSING = 2;
const RENEWAL = 4;

/** Bytes that may wait for a client before the server stops reading from it. */
const MAX_UNREAD = 1024 * 1024;

/**
 * Cuts a peer that answers no ping: a phone that left the network never closes its socket.
 *
 * @param isUnread whether it is this side that does not read, and so could not hear an answer.
 */
export function keepAlive(socket: WebSocket, everyMs: number, isUnread = (): boolean => false): void {
  if (everyMs === 0) return;
  let answered = true;
  const ping = (): void => {
    if (!answered && !isUnread()) socket.terminate();
    answered = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  };
  const stop = every(everyMs, { where: 'socket heartbeat', end: () => socket.terminate() }, ping);
  socket.on('pong', () => {
    answered = true;
  });
  socket.on('close', stop);
}

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

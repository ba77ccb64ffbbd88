import type { RawData, WebSocket } from 'ws';
import { guarded, report } from '../../base/faults/guarded.ts';
import { isTooDeep } from '../../base/json/json-levels.ts';
import { isNestedDeeper } from '../../base/json/nesting.ts';
import { isObject, parseObject } from '../../base/json/objects.ts';
import type { Logger } from '../../base/log/log.ts';
import { frameJson } from './json-frame.ts';

/** The sub-protocol of the graphql-ws package, which clients and subgraphs speak. */
export const PROTOCOL = 'graphql-transport-ws';

/** Close codes of the protocol, and ours from 4430 on. docs/subscriptions.md explains each to clients. */
export const CLOSE = {
  BAD_REQUEST: 4400,
  UNAUTHORIZED: 4401,
  /** Wrong or ended credentials. graphql-ws reconnects after this one and reads its connectionParams again. */
  FORBIDDEN: 4403,
  SUBPROTOCOL: 4406,
  INIT_TIMEOUT: 4408,
  DUPLICATE_ID: 4409,
  TOO_MANY_INIT: 4429,
  INTERNAL: 4500,
  GOING_AWAY: 1001,
  TOO_BIG: 1009,
  /** The server restarts: reconnect and resume. */
  RESTART: 1012,
} as const;

/** The request of a `subscribe` message. */
export interface SubscribePayload {
  /** Missing where a persisted operation is named. */
  readonly query?: string | null;
  /** Of a persisted operation. */
  readonly id?: string;
  readonly operationName?: string | null;
  readonly variables?: Record<string, unknown> | null;
  readonly extensions?: Record<string, unknown> | null;
}

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
  const { initTimeoutMs = 3_000, maxOperations = Number.POSITIVE_INFINITY } = options;
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
  let paused = false;
  const send = (text: string | Buffer): void => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(text, { binary: false }, written);
    // A client that does not read what it asked for may not ask for more. The heartbeat cuts it if it never does.
    if (!paused && socket.bufferedAmount > MAX_UNREAD) {
      paused = true;
      socket.pause();
    }
  };
  const written = (): void => {
    if (!paused || socket.bufferedAmount > MAX_UNREAD / 2) return;
    paused = false;
    socket.resume();
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
  keepAlive(socket, options.keepAliveMs ?? 12_000);
  // `ws` reports broken frames and too large messages here and closes by itself.
  const ended = guarded({ where: guard.where, log: guard.log }, end);
  socket.on('error', ended);
  socket.on('close', ended);
  socket.on('message', guarded(guard, receive));

  function receive(data: RawData, isBinary: boolean): void {
    if (state === 'closed') return;
    const message = isBinary ? undefined : parseMessage(data as Buffer);
    switch (message?.type) {
      case undefined:
        close(CLOSE.BAD_REQUEST, 'Invalid message received');
        break;
      case 'connection_init':
        void initialise(message.payload);
        break;
      case 'ping':
        send(message.payload ? JSON.stringify({ type: 'pong', payload: message.payload }) : '{"type":"pong"}');
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

/** Bytes that may wait for a client before the server stops reading from it. */
const MAX_UNREAD = 1024 * 1024;

let lastMessage: { prefix: string; json: string | Uint8Array; bytes: Buffer } | undefined;

/**
 * A `next` message in the fixed order that `readNext` looks for. An event for many subscribers is encoded once for all
 * who gave their operation the same id.
 */
function nextMessage(prefix: string, json: string | Uint8Array): Buffer {
  if (lastMessage?.json === json && lastMessage.prefix === prefix) return lastMessage.bytes;
  const bytes = frameJson(prefix, json, '}');
  lastMessage = { prefix, json, bytes };
  return bytes;
}

// Ids of the upstream socket are numbers. That nothing follows the payload is the writer's word: pass on what trusted
// subgraphs write, and parse the others.
const NEXT = /^\{"id":"(\d{1,15})","type":"next","payload":(?=\{)/;
const MAX_HEAD = 7 + 15 + 26 + 1;
const CLOSING_BRACE = 125;

/**
 * Finds the payload of a `next` message without parsing it, when it is written the way that this module (and
 * graphql-ws) writes it. Undefined for every other message: parse it.
 */
export function readNext(message: Buffer): { readonly id: string; readonly payload: Buffer } | undefined {
  const head = NEXT.exec(message.toString('latin1', 0, MAX_HEAD));
  if (!head || message[message.length - 1] !== CLOSING_BRACE) return undefined;
  return { id: head[1]!, payload: message.subarray(head[0].length, -1) };
}

/** Cuts a peer that answers no ping: a phone that left the network never closes its socket. */
export function keepAlive(socket: WebSocket, everyMs: number): void {
  if (everyMs === 0) return;
  let answered = true;
  const ping = (): void => {
    if (!answered) socket.terminate();
    answered = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  };
  const timer = setInterval(guarded({ where: 'socket heartbeat', end: () => socket.terminate() }, ping), everyMs);
  timer.unref();
  socket.on('pong', () => {
    answered = true;
  });
  socket.on('close', () => clearInterval(timer));
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

type Message =
  | { type: 'connection_init'; payload?: Record<string, unknown> }
  | { type: 'ping' | 'pong'; payload?: Record<string, unknown> }
  | { type: 'complete'; id: string }
  | { type: 'subscribe'; id: string; payload: SubscribePayload };

const isAbsentOr = (value: unknown, is: (value: unknown) => boolean): boolean => value == null || is(value);
const isString = (value: unknown): value is string => typeof value === 'string';
const isId = (value: unknown): value is string => isString(value) && value.length > 0 && value.length <= 256;

/** Levels of lists and objects in a payload that is not an operation's. */
const MAX_PAYLOAD_DEPTH = 64;

function parseMessage(data: Buffer): Message | undefined {
  if (isTooDeep(data)) return undefined;
  const message = parseObject(data.toString());
  if (!message) return undefined;
  const { type, id, payload } = message;
  switch (type) {
    case 'connection_init':
    case 'ping':
    case 'pong':
      return isAbsentOr(payload, isObject) && !isNestedDeeper(payload, MAX_PAYLOAD_DEPTH)
        ? (message as Message)
        : undefined;
    case 'complete':
      return isId(id) ? { type, id } : undefined;
    case 'subscribe':
      return isId(id) && isObject(payload) && isSubscribePayload(payload) ? { type, id, payload } : undefined;
    default:
      return undefined;
  }
}

/** `query` may be missing when `id` or `extensions` name a persisted operation. */
const isSubscribePayload = (payload: Record<string, unknown>): payload is Record<string, unknown> & SubscribePayload =>
  (isString(payload.query) || (payload.query == null && (isObject(payload.extensions) || isString(payload.id)))) &&
  isAbsentOr(payload.id, isString) &&
  isAbsentOr(payload.operationName, isString) &&
  isAbsentOr(payload.variables, isObject) &&
  isAbsentOr(payload.extensions, isObject);

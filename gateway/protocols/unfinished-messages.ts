import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { type Guard, guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { CLOSE, reasonText } from '#platform/net/transport/graphql-socket.ts';
import { type HeldBody, unfinishedBodies } from '../request/unfinished-bodies.ts';

/** Bytes of a message that are not counted: most messages come whole, in one packet. */
const FREE_BYTES = 16_384;
/** Bytes of the head of a client's control frame: two, and the mask. */
const CONTROL_HEAD = 6;
/** How long a client may take to hear that its socket is closed. */
const PARTING_MS = 2_000;

/**
 * Counts what a socket holds of a message that has not come to its end: nothing else bounds how long that may take.
 *
 * @param raw the connection below the WebSocket.
 */
export function boundUnfinished(raw: Socket, socket: WebSocket, network: string, maxBytes: number, log: Logger): void {
  const guard = { where: 'websocket data', log, end: () => socket.terminate() };
  const unfinished = new UnfinishedMessage(raw, socket, network, maxBytes, guard);
  const { guardedCount } = unfinished;
  raw.on('data', guardedCount);
  const guardedWhole = guarded(guard, () => unfinished.isWhole());
  socket.on('message', guardedWhole);
  const control = (data: Buffer): void => unfinished.isControl(data);
  socket.on('ping', control);
  socket.on('pong', control);
  socket.on('close', () => unfinished.release());
}

class UnfinishedMessage {
  readonly #raw: Socket;
  readonly #socket: WebSocket;
  readonly #network: string;
  readonly #maxBytes: number;
  /** A part has come. */
  readonly guardedCount: () => void;
  /** Of a message that is large. */
  #held: HeldBody | undefined;
  #counted = 0;
  /**
   * Bytes of the connection that belong to what has come whole; what comes in one packet with its end counts as well.
   */
  #whole: number;

  constructor(raw: Socket, socket: WebSocket, network: string, maxBytes: number, guard: Guard<[]>) {
    this.#raw = raw;
    this.#socket = socket;
    this.#network = network;
    this.#maxBytes = maxBytes;
    this.guardedCount = guarded(guard, () => this.#count());
    this.#whole = raw.bytesRead;
  }

  #count(): void {
    const unfinished = this.#raw.bytesRead - this.#whole;
    if (unfinished <= FREE_BYTES || unfinished <= this.#counted) return;
    const more = unfinished - this.#counted;
    this.#counted = unfinished;
    this.#held ??= unfinishedBodies.hold(() => this.#network, this.#maxBytes);
    try {
      this.#held.add(more);
    } catch (error) {
      this.#raw.off('data', this.guardedCount);
      this.#refuse(error);
    }
  }

  /** A message has come to its end. */
  isWhole(): void {
    this.#whole = this.#raw.bytesRead;
    if (this.#counted === 0) return;
    this.#counted = 0;
    this.release();
  }

  /** A control frame has come, which may stand between the parts of a message. */
  isControl(data: Buffer): void {
    this.#whole += CONTROL_HEAD + data.length;
  }

  release(): void {
    this.#held?.release();
  }

  #refuse(reason: unknown): void {
    this.release();
    this.#socket.close(CLOSE.TOO_MUCH, reasonText(reason));
    setTimeout(() => this.#socket.terminate(), PARTING_MS).unref();
  }
}

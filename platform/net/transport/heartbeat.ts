import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { guarded } from '../../base/faults/guarded.ts';

/** How fast a peer reads at least, as with answers over HTTP: a ping waits behind what was sent before it. */
const BYTES_PER_SECOND = 16_384;
/** How long a peer that reads may take for its answer at most, in ms. */
const MAX_READING_MS = 300_000;

export interface HeartbeatOptions {
  /** How often the peer is asked, in ms. 0: never. */
  readonly everyMs: number;
  /** Whether it is this side that does not read, and so could not hear an answer. */
  readonly isUnread?: () => boolean;
}

// One function for all sockets: there are tens of thousands.
const guardedBeat = guarded(
  { where: 'socket heartbeat', end: (_, heartbeat) => heartbeat.cut() },
  (heartbeat: Heartbeat): void => heartbeat.beat(),
);

/**
 * A watch that cuts a peer which answers no ping: a phone that left the network never closes its socket. One that is
 * still reading what it was sent has time for that, and one that is sending a large message is heard by it.
 */
export class Heartbeat {
  readonly #socket: WebSocket;
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  #pings = 0;
  /** Pings since the last answer. */
  #unanswered = 0;
  /** Bytes that were sent since the ping that was answered last; and of those, before the last ping. */
  #sent = 0;
  #sentBeforePing = 0;
  /** Bytes that had come by the last beat. */
  #heard = 0;

  constructor(socket: WebSocket, options: HeartbeatOptions) {
    this.#socket = socket;
    this.#options = options;
    if (options.everyMs === 0) return;
    this.#timer = setInterval(guardedBeat, options.everyMs, this).unref();
    socket.on('pong', (data) => {
      this.#unanswered = 0;
      if (data.toString() !== String(this.#pings)) return;
      this.#sent -= this.#sentBeforePing;
      this.#sentBeforePing = 0;
    });
  }

  /** Notes what is sent, which the peer has to read before it can answer. */
  sent(bytes: number): void {
    this.#sent += bytes;
  }

  beat(): void {
    const { everyMs, isUnread } = this.#options;
    // `ws` tells of whole messages alone.
    const { bytesRead = 0 } = (this.#socket as { readonly _socket?: Socket })._socket ?? {};
    if (bytesRead > this.#heard) this.#unanswered = 0;
    this.#heard = bytesRead;
    const readingMs = Math.min((this.#sent / BYTES_PER_SECOND) * 1_000, MAX_READING_MS);
    if (this.#unanswered * everyMs > readingMs && !isUnread?.()) this.cut();
    this.#unanswered++;
    this.#sentBeforePing = this.#sent;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping(String(++this.#pings));
  }

  cut(): void {
    this.#socket.terminate();
  }

  /** Ends it, when the socket is closed. */
  stop(): void {
    clearInterval(this.#timer);
  }
}

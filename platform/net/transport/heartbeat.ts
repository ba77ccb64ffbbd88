import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { guarded } from '../../base/faults/guarded.ts';

/** How fast a peer reads at least, as with answers over HTTP: a ping waits behind what was sent before it. */
const BYTES_PER_SECOND = 16_384;
/** How long a peer that reads may take for its answer at most, in ms. */
const MAX_READING_MS = 300_000;
/** Pings before the last one that are remembered until they are answered. */
const MAX_EARLIER = 30;

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
  /** Bytes that were sent; of those, what came before the last ping, and what the peer had read by its last answer. */
  #sent = 0;
  #sentByPing = 0;
  #read = 0;
  /** Of pings before the last one that are not answered: their numbers, and the bytes that came before them. */
  #earlier: (readonly [ping: number, sent: number])[] | undefined;
  /** Bytes that had come by the last beat. */
  #heard = 0;

  constructor(socket: WebSocket, options: HeartbeatOptions) {
    this.#socket = socket;
    this.#options = options;
    if (options.everyMs === 0) return;
    this.#timer = setInterval(guardedBeat, options.everyMs, this).unref();
    socket.on('pong', (data) => this.#hear(Number(data.toString())));
  }

  /** Notes what is sent, which the peer has to read before it can answer. */
  sent(bytes: number): void {
    this.#sent += bytes;
  }

  beat(): void {
    const { everyMs, isUnread } = this.#options;
    const waitedMs = this.#unanswered * everyMs;
    // `ws` tells of whole messages alone.
    const { bytesRead = 0 } = (this.#socket as { readonly _socket?: Socket })._socket ?? {};
    const isSending = bytesRead > this.#heard;
    this.#heard = bytesRead;
    const readingMs = isSending ? MAX_READING_MS : ((this.#sent - this.#read) / BYTES_PER_SECOND) * 1_000;
    if (waitedMs > Math.min(readingMs, MAX_READING_MS) && !isUnread?.()) this.cut();
    if (this.#unanswered > 0 && (this.#earlier?.length ?? 0) < MAX_EARLIER) {
      this.#earlier ??= [];
      this.#earlier.push([this.#pings, this.#sentByPing]);
    }
    this.#unanswered++;
    this.#sentByPing = this.#sent;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping(String(++this.#pings));
  }

  /** Takes an answer, which names its ping; one that names none says at least that the peer is there. */
  #hear(ping: number): void {
    this.#unanswered = 0;
    if (ping === this.#pings) {
      this.#read = this.#sentByPing;
      this.#earlier = undefined;
      return;
    }
    const at = this.#earlier?.findIndex(([number]) => number === ping) ?? -1;
    if (at < 0) return;
    this.#read = this.#earlier![at]![1];
    this.#earlier!.splice(0, at + 1);
  }

  cut(): void {
    this.#socket.terminate();
  }

  /** Ends it, when the socket is closed. */
  stop(): void {
    clearInterval(this.#timer);
  }
}

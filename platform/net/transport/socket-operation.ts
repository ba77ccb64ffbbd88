import { nextMessage } from './next-message.ts';

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

/** The socket of an operation, as far as the operation needs it. */
export interface OperationSocket {
  send(text: string | Buffer): void;
  close(code: number, reason: string): void;
  /** Bytes that wait because the client does not read. */
  readonly buffered: number;
  /** The operation has ended by itself. */
  ended(operation: SocketOperation): void;
}

/** An operation of a socket, as long as it runs, and the channel of its answers. */
export class SocketOperation implements OperationChannel {
  static #running = 0;
  readonly id: string;
  readonly #socket: OperationSocket;
  readonly #nextPrefix: string;
  #stop: (() => void) | undefined;
  #isOpen = true;

  constructor(socket: OperationSocket, id: string) {
    this.#socket = socket;
    this.id = id;
    this.#nextPrefix = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
    SocketOperation.#running++;
  }

  /** How many run in this process, of all sockets that it serves. */
  static get running(): number {
    return SocketOperation.#running;
  }

  /**
   * It has been started; it may have ended already, or the socket may have been closed by it.
   *
   * @param stop how it is stopped.
   */
  began(stop: () => void): void {
    if (this.#isOpen) this.#stop = stop;
    else stop();
  }

  /** The client or the socket has left it. */
  stop(): void {
    const stop = this.#stop;
    this.#close();
    stop?.();
  }

  next(json: string | Uint8Array): void {
    if (this.#isOpen) this.#socket.send(nextMessage(this.#nextPrefix, json));
  }

  error(errors: readonly unknown[]): void {
    if (this.#end())
      this.#socket.send(`{"id":${JSON.stringify(this.id)},"type":"error","payload":${JSON.stringify(errors)}}`);
  }

  complete(): void {
    if (this.#end()) this.#socket.send(`{"id":${JSON.stringify(this.id)},"type":"complete"}`);
  }

  buffered(): number {
    return this.#socket.buffered;
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #end(): boolean {
    if (!this.#isOpen) return false;
    this.#close();
    this.#socket.ended(this);
    return true;
  }

  #close(): void {
    if (this.#isOpen) SocketOperation.#running--;
    this.#isOpen = false;
    this.#stop = undefined;
  }
}

import { Duplex } from 'node:stream';

/**
 * A connection of the official `pg` driver to the embedded database: a Duplex instead of a TCP socket, the real wire
 * protocol in both directions.
 */
export class EmbeddedConnection extends Duplex {
  readonly #opened: Promise<void>;
  readonly #send: (bytes: Uint8Array | null) => void;

  /**
   * @param opened when the connection is made.
   * @param send takes what the driver says, and null when it is gone.
   */
  constructor(opened: Promise<void>, send: (bytes: Uint8Array | null) => void) {
    super();
    this.#opened = opened;
    this.#send = send;
  }

  connect(): this {
    this.#opened.then(
      () => this.emit('connect'),
      (error: Error) => this.destroy(error),
    );
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(new Uint8Array(chunk));
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const all = new Uint8Array(chunks.reduce((size, { chunk }) => size + chunk.length, 0));
    let offset = 0;
    for (const { chunk } of chunks) {
      all.set(chunk, offset);
      offset += chunk.length;
    }
    this.#send(all);
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#send(null);
    done(error);
  }
}

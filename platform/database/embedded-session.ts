import { Duplex } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';

/**
 * Lets the official `pg` driver speak to an in-process PGlite: a Duplex a connection instead of a TCP socket, the real
 * wire protocol in both directions.
 *
 * One PGlite is one Postgres session. Batches (up to Sync) are therefore serialised, a connection keeps the session while
 * it is in a transaction, and the role follows the connection's user. Roles catch mistakes here; they are no security
 * boundary, because one superuser session lies below.
 */
export class EmbeddedSession {
  readonly #db: PGlite;
  readonly #onUserChange: ((user: string) => string) | undefined;
  readonly #connections = new Set<EmbeddedConnection>();
  #queue: Batch[] = [];
  #owner: EmbeddedConnection | undefined;
  #user: string | undefined;
  #busy = false;

  /** @param onUserChange SQL to run when the session passes to a connection of another user: its role and search_path. */
  constructor(db: PGlite, onUserChange?: (user: string) => string) {
    this.#db = db;
    this.#onUserChange = onUserChange;
  }

  /** For pg's `stream` option. Typed loosely there: pg wants a net.Socket and uses the part of it that this has. */
  readonly connect = (): never => {
    const connection = new EmbeddedConnection(this);
    this.#connections.add(connection);
    return connection as never;
  };

  enqueue(connection: EmbeddedConnection, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ connection, bytes, resolve, reject });
      void this.#pump();
    });
  }

  /** A connection went away: what it left open is rolled back, so that the next one does not inherit it. */
  async release(connection: EmbeddedConnection): Promise<void> {
    this.#connections.delete(connection);
    this.#queue = this.#queue.filter((batch) => batch.connection !== connection);
    if (this.#owner !== connection) return;
    this.#owner = undefined;
    await this.#db.exec('ROLLBACK').catch(() => {});
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (;;) {
        const index = this.#owner ? this.#queue.findIndex((batch) => batch.connection === this.#owner) : 0;
        const batch = index < 0 ? undefined : this.#queue.splice(index, 1)[0];
        if (!batch) break;
        try {
          await this.#db.runExclusive(() => this.#run(batch));
          this.#owner = this.#db.isInTransaction() ? batch.connection : undefined;
          batch.resolve();
        } catch (error) {
          batch.reject(error as Error);
        }
      }
    } finally {
      this.#busy = false;
    }
  }

  async #run({ connection, bytes }: Batch): Promise<void> {
    if (this.#onUserChange && connection.user !== undefined && connection.user !== this.#user) {
      await this.#simpleQuery(this.#onUserChange(connection.user));
      this.#user = connection.user;
    }
    await this.#db.execProtocolRawStream(bytes, { onRawData: (data) => connection.push(Buffer.from(data)) });
  }

  async #simpleQuery(sql: string): Promise<void> {
    const text = Buffer.from(`${sql}\0`);
    const message = Buffer.alloc(5 + text.length);
    message[0] = QUERY;
    message.writeInt32BE(4 + text.length, 1);
    text.copy(message, 5);
    let failure: string | undefined;
    await this.#db.execProtocolRawStream(new Uint8Array(message), {
      onRawData: (data) => {
        if (data[0] === ERROR_RESPONSE) failure = Buffer.from(data).toString('latin1');
      },
    });
    if (failure !== undefined) throw new Error(failure);
  }
}

interface Batch {
  readonly connection: EmbeddedConnection;
  readonly bytes: Uint8Array;
  resolve(): void;
  reject(error: Error): void;
}

const QUERY = 0x51;
const SYNC = 0x53;
const PASSWORD = 0x70;
const TERMINATE = 0x58;
const ERROR_RESPONSE = 0x45;

/** One client's side of the wire protocol, cut into batches at the messages that ask for an answer. */
class EmbeddedConnection extends Duplex {
  user: string | undefined;
  readonly #session: EmbeddedSession;
  #pending: Buffer = Buffer.alloc(0);
  #started = false;

  constructor(session: EmbeddedSession) {
    super();
    this.#session = session;
  }

  connect(): this {
    queueMicrotask(() => this.emit('connect'));
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
    this.#take([chunk]).then(() => done(), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#take(chunks.map(({ chunk }) => chunk)).then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#session.release(this).then(() => done(error), done);
  }

  async #take(parts: Buffer[]): Promise<void> {
    this.#pending = this.#pending.length > 0 ? Buffer.concat([this.#pending, ...parts]) : Buffer.concat(parts);
    let offset = 0;
    let end = 0;
    while (this.#pending.length - offset >= 5) {
      const startup = !this.#started;
      const length = startup ? this.#pending.readInt32BE(offset) : 1 + this.#pending.readInt32BE(offset + 1);
      if (this.#pending.length - offset < length) break;
      const type = startup ? undefined : this.#pending[offset];
      if (startup) this.#readStartup(offset, length);
      offset += length;
      if (type === TERMINATE) {
        this.push(null);
        return;
      }
      if (type === undefined || type === QUERY || type === SYNC || type === PASSWORD) end = offset;
    }
    if (end === 0) return;
    const batch = new Uint8Array(this.#pending.subarray(0, end));
    this.#pending = this.#pending.subarray(end);
    await this.#session.enqueue(this, batch);
  }

  #readStartup(offset: number, length: number): void {
    const parameters = this.#pending.toString('utf8', offset + 8, offset + length).split('\0');
    this.user = parameters[parameters.indexOf('user') + 1];
    this.#started = true;
  }
}

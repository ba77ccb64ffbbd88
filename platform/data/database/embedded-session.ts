import type { PGlite } from '@electric-sql/pglite';
import type { Packet } from './embedded-messages.ts';
import type { LogSync } from './log-sync.ts';
import { SharedStatements } from './shared-statements.ts';

/**
 * The many connections on one PGlite, each speaking Postgres' wire protocol.
 *
 * One PGlite is one Postgres session. Batches (up to Sync) are therefore serialised, a connection keeps the session
 * while it is in a transaction, and the role follows the connection's user. Roles catch mistakes here; they are not a
 * security boundary, because one superuser session lies below.
 */
export class EmbeddedSession {
  readonly #db: Pick<PGlite, 'execProtocolRawStream' | 'isInTransaction'>;
  readonly #send: (answers: readonly Packet[]) => void;
  readonly #failed: (error: unknown) => void;
  readonly #log: LogSync | undefined;
  readonly #connections = new Map<number, Connection>();
  readonly #statements = new SharedStatements();
  #queue: Batch[] = [];
  /** Who is in a transaction. */
  #owner: Connection | undefined;
  #user: string | undefined;
  /** Answers that may leave as they are: nothing has been committed that they tell of. */
  #ready: Packet[] = [];
  /** Answers that tell of commits, their own or others', and leave when the log is durable. */
  #held: Packet[] = [];
  #syncing = false;

  /**
   * @param send takes answers, whose bytes are their own.
   * @param failed is told when the database itself breaks: what happens to it after that is unknown.
   * @param log what makes commits durable; undefined where nothing has to be.
   */
  constructor(
    db: Pick<PGlite, 'execProtocolRawStream' | 'isInTransaction'>,
    send: (answers: readonly Packet[]) => void,
    failed: (error: unknown) => void,
    log: LogSync | undefined,
  ) {
    this.#db = db;
    this.#send = send;
    this.#failed = failed;
    this.#log = log;
  }

  /** Takes bytes of a connection, cut anywhere. What they ask is done by `run`. */
  write(id: number, bytes: Uint8Array): void {
    let connection = this.#connections.get(id);
    if (connection === undefined) {
      connection = { id, user: undefined, pending: NOTHING };
      this.#connections.set(id, connection);
    }
    const batch = cutBatch(connection, bytes);
    if (batch === undefined) return;
    this.#queue.push({ connection, bytes: batch });
  }

  /** Does what was asked, but for those who wait while another connection is in a transaction, and answers. */
  run(): void {
    this.#drain();
    if (this.#ready.length > 0) this.#send(this.#ready.splice(0));
    if (this.#held.length === 0 || this.#syncing) return;
    if (this.#log?.pending) void this.#sendHeld(this.#log);
    else this.#send(this.#held.splice(0));
  }

  /** A connection went away: what it left open is rolled back, so that the next one does not inherit it. */
  release(id: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    this.#connections.delete(id);
    this.#queue = this.#queue.filter((batch) => batch.connection !== connection);
    if (this.#owner !== connection) return;
    this.#owner = undefined;
    this.#query('ROLLBACK');
  }

  #drain(): void {
    for (;;) {
      const index = this.#owner ? this.#queue.findIndex((batch) => batch.connection === this.#owner) : 0;
      const batch = index < 0 ? undefined : this.#queue.splice(index, 1)[0];
      if (batch === undefined) return;
      const answer = this.#run(batch);
      const open = this.#db.isInTransaction();
      this.#owner = open ? batch.connection : undefined;
      // Within a transaction no client is told of anything yet: its end will be held.
      (open ? this.#ready : this.#held).push(...answer);
    }
  }

  /** One sync at a time serves all that was answered until it began. */
  async #sendHeld(log: LogSync): Promise<void> {
    this.#syncing = true;
    try {
      while (this.#held.length > 0) {
        const answers = this.#held.splice(0);
        await log.later();
        this.#send(answers);
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#syncing = false;
    }
  }

  #run({ connection: { id, user }, bytes }: Batch): Packet[] {
    if (user !== undefined && user !== this.#user) {
      this.#query(signIn(user));
      this.#user = user;
    }
    const batch = this.#statements.take(bytes);
    let answer: Packet[] = batch.answer ? [[id, batch.answer]] : [];
    let size = 0;
    this.#execute(batch.bytes, (data) => {
      batch.answered(data);
      answer.push([id, data.slice()]);
      size += data.length;
      if (size < FLUSH_BYTES || this.#log?.pending) return;
      this.#send(answer);
      answer = [];
      size = 0;
    });
    return answer;
  }

  #query(sql: string): void {
    const text = Buffer.from(`${sql}\0`);
    const message = new Uint8Array(5 + text.length);
    message[0] = QUERY;
    new DataView(message.buffer).setInt32(1, 4 + text.length);
    message.set(text, 5);
    this.#execute(message, (data) => {
      if (data[0] === ERROR_RESPONSE) this.#failed(new Error(Buffer.from(data).toString('latin1')));
    });
  }

  /** PGlite runs a message before it returns; its promise only waits for file systems that are written later. */
  #execute(message: Uint8Array, onRawData: (data: Uint8Array) => void): void {
    this.#db.execProtocolRawStream(message, { syncToFs: false, onRawData }).catch(this.#failed);
  }
}

interface Connection {
  readonly id: number;
  user: string | undefined;
  pending: Uint8Array;
}

interface Batch {
  readonly connection: Connection;
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);
/** Long results are sent on in parts of this size, unless they may tell of what is not durable. */
const FLUSH_BYTES = 64 * 1024;

const QUERY = 0x51;
const SYNC = 0x53;
const PASSWORD = 0x70;
const ERROR_RESPONSE = 0x45;

/** An owner's role has a schema of its own: sextant_chat, chat. */
const signIn = (user: string): string =>
  user === 'postgres'
    ? 'SET SESSION AUTHORIZATION postgres; RESET search_path'
    : `SET SESSION AUTHORIZATION "${user}"; SET search_path = "${user.replace(/^sextant_/, '')}"`;

/** What has come up to the last message that asks for an answer; the rest is kept until more comes. */
function cutBatch(connection: Connection, bytes: Uint8Array): Uint8Array | undefined {
  const all =
    connection.pending.length === 0
      ? bytes
      : join([connection.pending, bytes], connection.pending.length + bytes.length);
  const view = new DataView(all.buffer, all.byteOffset, all.length);
  let offset = 0;
  let end = 0;
  while (all.length - offset >= 5) {
    const startup = connection.user === undefined;
    const length = startup ? view.getInt32(offset) : 1 + view.getInt32(offset + 1);
    if (all.length - offset < length) break;
    const type = startup ? undefined : all[offset];
    if (startup) connection.user = userOf(all.subarray(offset + 8, offset + length));
    offset += length;
    if (type === undefined || type === QUERY || type === SYNC || type === PASSWORD) end = offset;
  }
  connection.pending = all.subarray(end);
  return end === 0 ? undefined : all.subarray(0, end);
}

/** The user that a start-up message names. */
function userOf(parameters: Uint8Array): string {
  const names = Buffer.from(parameters).toString('utf8').split('\0');
  return names[names.indexOf('user') + 1]!;
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

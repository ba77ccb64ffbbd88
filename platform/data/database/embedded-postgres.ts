import { Worker } from 'node:worker_threads';
import { guarded } from '../../base/faults/guarded.ts';
import { ofThread } from '../../base/thread/messages.ts';
import { unopened } from './data-folder.ts';
import { EmbeddedConnection } from './embedded-connection.ts';
import { type Pack, type Packet, pack, unpack } from './embedded-messages.ts';

/** The way in which the thread opens its Postgres. */
export interface EmbeddedServer {
  /** Folder of the data; absent for a database in memory. */
  readonly directory?: string | undefined;
  /** Whether each commit reaches the disk before it is acknowledged. */
  readonly durable: boolean;
  /** A migrated data folder to start from, which is five times faster than initdb. */
  readonly template?: string | undefined;
}

/**
 * A message to the thread: what to open, once, and where to count syncs; then what connections say; a folder to copy
 * to; or the end.
 */
export type ToThread =
  | (EmbeddedServer & { readonly syncs: Int32Array<SharedArrayBuffer> })
  | Pack
  | { readonly copyTo: string }
  | 'close';
/**
 * A message from the thread: answers to connections; `open` once, when the database takes connections; a copy that is
 * made, or why it is not.
 */
export type FromThread = Pack | 'open' | { readonly copied: string; readonly problem: string | undefined };

/**
 * The embedded Postgres in a thread of its own: it opens beside whatever else a start does, and a long query holds up
 * only those who wait for the database. Connections are the wire protocol's bytes through a message port.
 *
 * When the thread dies, its connections break, and the next one starts another, which recovers as after a crash.
 */
export class EmbeddedPostgres implements AsyncDisposable {
  readonly #file: URL;
  readonly #server: EmbeddedServer;
  readonly #connections = new Map<number, EmbeddedConnection>();
  /** How often the log was made durable, counted by the thread. */
  readonly #syncs = new Int32Array(new SharedArrayBuffer(4));
  #next = 1;
  #running: Running | undefined;
  #closed = false;

  constructor(server: EmbeddedServer, file = new URL('./embedded-thread.ts', import.meta.url)) {
    this.#file = file;
    this.#server = server;
    this.#running = this.#start();
  }

  /** Resolves when the database takes connections. */
  get opened(): Promise<void> {
    return this.#current().opened;
  }

  get alive(): boolean {
    return this.#running !== undefined;
  }

  /** How often the log was made durable so far. */
  get syncs(): number {
    return Atomics.load(this.#syncs, 0);
  }

  /**
   * For pg's `stream` option. Typed loosely there: pg wants a net.Socket and uses the part of it that this has.
   *
   * @param after what else must be done before the connection is made.
   */
  connect(after: Promise<void> | undefined): never {
    const running = this.#current();
    const { opened } = running;
    const id = this.#next++;
    const connection = new EmbeddedConnection(after === undefined ? opened : opened.then(() => after), (bytes) => {
      if (bytes === null) this.#connections.delete(id);
      this.#say(running, [id, bytes]);
    });
    this.#connections.set(id, connection);
    return connection as never;
  }

  /**
   * Copies the data folder between two messages: no file changes meanwhile, so the copy is what a killed process would
   * leave behind at this moment. Folders of file systems that share blocks are copied in no time.
   *
   * @param folder that does not exist yet.
   */
  async copyTo(folder: string): Promise<void> {
    const running = this.#current();
    await running.opened;
    const copying = Promise.withResolvers<void>();
    running.copying.set(folder, copying);
    running.worker.postMessage({ copyTo: folder } satisfies ToThread);
    await copying.promise;
  }

  /** Ends the database as Postgres ends at a shutdown. What was not asked yet is not answered any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const running = this.#running;
    if (running === undefined) return;
    const opened = await running.opened.then(
      () => true,
      () => false,
    );
    if (!opened) return;
    running.worker.postMessage('close' satisfies ToThread);
    await running.ended;
  }

  /** All that connections say in this turn of the loop goes out as one message. */
  #say({ worker, outgoing }: Running, packet: Packet): void {
    if (outgoing.push(packet) > 1) return;
    setImmediate(() => {
      const message = pack(outgoing.splice(0));
      worker.postMessage(message satisfies ToThread, [message.bytes.buffer]);
    });
  }

  #current(): Running {
    if (this.#closed) throw new Error('The embedded database has been closed.');
    this.#running ??= this.#start();
    return this.#running;
  }

  #start(): Running {
    const worker = takeStarted() ?? new Worker(this.#file);
    worker.postMessage({ ...this.#server, syncs: this.#syncs } satisfies ToThread);
    const opening = Promise.withResolvers<void>();
    const ending = Promise.withResolvers<void>();
    const copying: Running['copying'] = new Map();
    let isOpen = false;
    opening.promise.then(
      () => {
        isOpen = true;
      },
      () => {},
    );
    const receive = (message: FromThread): void => {
      if (message === 'open') opening.resolve();
      else if ('copied' in message) {
        const copy = copying.get(message.copied);
        copying.delete(message.copied);
        if (message.problem === undefined) copy?.resolve();
        else copy?.reject(new Error(`The database could not be copied: ${message.problem}`));
      } else for (const [id, bytes] of unpack(message)) this.#connections.get(id)?.push(bytes);
    };
    worker.on('message', guarded({ where: 'embedded database' }, ofThread(receive)));
    const died = (error: Error) => {
      opening.reject(error);
      ending.resolve();
      for (const copy of copying.values()) copy.reject(error);
      if (this.#running?.worker !== worker) return;
      this.#running = undefined;
      for (const connection of [...this.#connections.values()]) connection.destroy(error);
    };
    worker.on('error', (cause) =>
      died(
        isOpen
          ? new Error(`The embedded database broke: ${messageOf(cause)}`, { cause })
          : unopened(cause, this.#server.directory),
      ),
    );
    worker.on('exit', () => died(new Error('The embedded database has ended.')));
    return { worker, opened: opening.promise, ended: ending.promise, outgoing: [], copying };
  }
}

/** Where the bundle's entry leaves a thread that it has started before it loads the code. */
const STARTED = Symbol.for('sextant.database');

function takeStarted(): Worker | undefined {
  const shared = globalThis as { [STARTED]?: Worker };
  const worker = shared[STARTED];
  delete shared[STARTED];
  worker?.ref();
  return worker;
}

interface Running {
  readonly worker: Worker;
  readonly opened: Promise<void>;
  readonly ended: Promise<void>;
  /** What connections have said in this turn of the loop. */
  readonly outgoing: Packet[];
  /** Copies that are asked for, by their folder. */
  readonly copying: Map<string, PromiseWithResolvers<void>>;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

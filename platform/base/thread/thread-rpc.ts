import { setTimeout as sleep } from 'node:timers/promises';
import {
  type MessagePort,
  parentPort,
  type ResourceLimits,
  type Transferable,
  Worker,
  workerData,
} from 'node:worker_threads';
import { CodedError, type ErrorCode } from '../errors/errors.ts';
import { guarded } from '../faults/guarded.ts';
import { ofThread } from './messages.ts';

/** The offer of a thread: methods of one argument each. */
export type Methods = Record<string, (argument: never, signal: AbortSignal) => unknown>;

interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}
interface Abort {
  readonly abort: number;
}
interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: {
    readonly message: string;
    readonly stack?: string;
    readonly code?: ErrorCode;
    readonly extensions?: object;
  };
}

type ArgumentOf<M extends Methods, K extends keyof M> = Parameters<M[K]>[0];
type ResultOf<M extends Methods, K extends keyof M> = Awaited<ReturnType<M[K]>>;

const DRAIN_MS = 5_000;

/**
 * Of a thread's new objects, in MiB. V8 would take three times 16 or more for each thread, and not give it back before
 * long; the threads here do one thing after another and make little that lasts.
 */
const YOUNG_GENERATION_MB = 12;

/** The conditions under which a thread lives. */
export interface ThreadOptions {
  /** Of its memory; a thread that needs more dies. */
  readonly limits?: ResourceLimits;
  /** It ends when nothing was asked of it for so long, in milliseconds. Default: it stays. */
  readonly idleMs?: number;
}

/** The options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** What the argument holds that moves to the thread instead of being copied. */
  readonly transfer?: readonly Transferable[];
}

/** How long a thread is asked for its processor time, in ms. */
const NATIVE_MS = 1_000;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread called like an object. It starts at the first call; if it dies, the calls under way fail with
 * SERVICE_UNAVAILABLE and the next call starts another. It does not keep the process alive while nothing is asked of
 * it.
 */
export class ThreadClient<M extends Methods> implements AsyncDisposable {
  readonly #file: URL;
  readonly #data: unknown;
  readonly #what: string;
  readonly #limits: ResourceLimits;
  readonly #idleMs: number | undefined;
  #idle: NodeJS.Timeout | undefined;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #next = 1;
  #closed = false;

  /**
   * @param file the thread's module, which calls `serve`.
   * @param data given to the thread's `start`.
   * @param what names the thread in errors, e.g. `The vector search`.
   */
  constructor(file: URL, data: unknown, what: string, { limits, idleMs }: ThreadOptions = {}) {
    this.#file = file;
    this.#data = data;
    this.#what = what;
    this.#limits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, ...limits };
    this.#idleMs = idleMs;
  }

  /** Starts the thread before the first call. */
  start(): void {
    if (!this.#closed) this.#start();
  }

  get started(): boolean {
    return this.#worker !== undefined;
  }

  call<K extends keyof M & string>(
    method: K,
    argument: ArgumentOf<M, K>,
    { signal, transfer }: CallOptions = {},
  ): Promise<ResultOf<M, K>> {
    if (this.#closed) return Promise.reject(new CodedError('SERVICE_UNAVAILABLE', `${this.#what} has been shut down.`));
    if (signal?.aborted) return Promise.reject(signal.reason);
    const worker = this.#start();
    clearTimeout(this.#idle);
    const id = this.#next++;
    return new Promise<ResultOf<M, K>>((resolve, reject) => {
      const abort = () => {
        worker.postMessage({ abort: id } satisfies Abort);
        this.#settle(id)?.reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const done = () => signal?.removeEventListener('abort', abort);
      this.#pending.set(id, {
        resolve: (value) => {
          done();
          resolve(value as ResultOf<M, K>);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      if (this.#pending.size === 1) worker.ref();
      worker.postMessage({ id, method, argument } satisfies Call, transfer ?? []);
    });
  }

  /** Memory of the thread alone, on its heap and outside of it, in bytes; 0 while there is none. */
  async memoryBytes(): Promise<number> {
    const statistics = await this.#worker?.getHeapStatistics().catch(() => undefined);
    return statistics === undefined ? 0 : statistics.used_heap_size + statistics.external_memory;
  }

  /**
   * Processor time that the thread has had, in milliseconds; undefined while there is none, and while it does not
   * answer because it works in native code.
   */
  async cpuMs(): Promise<number | undefined> {
    const used = await Promise.race([
      this.#worker?.cpuUsage().catch(() => undefined),
      sleep(NATIVE_MS, undefined, { ref: false }),
    ]);
    return used && (used.user + used.system) / 1_000;
  }

  /** Ends the thread if nothing is asked of it: its memory is free, and the next call starts another. */
  async release(): Promise<void> {
    if (this.#pending.size > 0) return;
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** Ends the thread now, whatever it does: the calls under way fail, and the next call starts another thread. */
  kill(): void {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll(`${this.#what} was ended.`);
    void worker?.terminate();
  }

  /** Waits for the calls under way, at most five seconds, and stops the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const end = Date.now() + DRAIN_MS;
    while (this.#pending.size > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll(`${this.#what} has been shut down.`);
    await worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#file, { workerData: this.#data, resourceLimits: this.#limits });
    this.#worker = worker;
    worker.unref();
    const receive = (answer: Answer): void => {
      const pending = this.#settle(answer.id);
      if (answer.failure === undefined) pending?.resolve(answer.value);
      else pending?.reject(revive(answer.failure));
    };
    worker.on('message', guarded({ where: 'worker message' }, ofThread(receive)));
    const died = (why: string, cause?: unknown) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#failAll(`${this.#what} stopped unexpectedly (${why}); it starts again with the next call.`, cause);
    };
    worker.on('error', (error) => died(error instanceof Error ? error.message : String(error), error));
    worker.on('exit', (code) => died(`exit code ${code}`));
    return worker;
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#rest();
    return pending;
  }

  /** Nothing is asked of the thread. */
  #rest(): void {
    this.#worker?.unref();
    clearTimeout(this.#idle);
    if (this.#idleMs !== undefined && this.#worker) this.#idle = setTimeout(() => this.kill(), this.#idleMs).unref();
  }

  /** @param cause why the thread died. */
  #failAll(message: string, cause?: unknown): void {
    for (const id of [...this.#pending.keys()])
      this.#settle(id)?.reject(new CodedError('SERVICE_UNAVAILABLE', message, { cause }));
  }
}

/**
 * Serves the calls of a thread's side. Calls are answered as they come, so a method that awaits lets others pass; until
 * `start` is done they wait.
 */
export function serve<Data, M extends Methods>(start: (data: Data) => M | Promise<M>): void {
  const port = parentPort as MessagePort;
  const running = new Map<number, AbortController>();
  const methods = Promise.resolve().then(() => start(workerData as Data));
  methods.catch((error: unknown) =>
    setImmediate(() => {
      throw error;
    }),
  );
  port.on('message', async (message: Call | Abort) => {
    if ('abort' in message) return running.get(message.abort)?.abort();
    const controller = new AbortController();
    running.set(message.id, controller);
    try {
      const started = await methods.catch(() => undefined);
      if (started === undefined) return;
      const method = started[message.method] as (argument: unknown, signal: AbortSignal) => unknown;
      // A turn of the loop, so that an abort that came with the call is seen before the work begins.
      await turn();
      controller.signal.throwIfAborted();
      const value = await method(message.argument, controller.signal);
      port.postMessage({ id: message.id, value } satisfies Answer);
    } catch (error) {
      port.postMessage({ id: message.id, failure: describe(error) } satisfies Answer);
    } finally {
      running.delete(message.id);
    }
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const describe = (error: unknown): NonNullable<Answer['failure']> => {
  if (error instanceof CodedError)
    return { message: error.message, code: error.code, extensions: { ...error.extensions } };
  if (error instanceof Error) return { message: error.message, ...(error.stack && { stack: error.stack }) };
  return { message: String(error) };
};

const revive = (failure: NonNullable<Answer['failure']>): Error => {
  if (failure.code !== undefined) return new CodedError(failure.code, failure.message, { ...failure.extensions });
  const error = new Error(failure.message);
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
};

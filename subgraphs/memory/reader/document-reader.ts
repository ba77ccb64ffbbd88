import { hasLittleMemory } from '#platform/base/config/available-memory.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { HeavyKind } from '#platform/base/thread/heavy-work.ts';
import { ThreadClient } from '#platform/base/thread/thread-rpc.ts';
import { DocumentProblem } from './problem.ts';
import type { ReadDocument } from './read-document.ts';
import type { Answer, ReaderMethods, RenderedPage } from './reader-thread.ts';

export interface ReaderLimits {
  /** Longest time for one document. */
  readonly timeoutMs: number;
  /** Most memory that reading one document may add, on the thread's heap and outside of it. */
  readonly memoryMb: number;
}

export const READER_LIMITS: ReaderLimits = { timeoutMs: 120_000, memoryMb: 768 };

/** The product at rest with the offline model, in MiB, and what must stay free beside a document. */
const OTHERS_MB = 384;

/** Returns the limits of a process: with little memory a document may take what the others leave. */
export const readerLimits = ({ memoryMb }: { readonly memoryMb: number }): ReaderLimits =>
  hasLittleMemory(memoryMb)
    ? { ...READER_LIMITS, memoryMb: Math.min(READER_LIMITS.memoryMb, Math.max(64, memoryMb - OTHERS_MB)) }
    : READER_LIMITS;

/** A file as it was uploaded. */
export interface UploadedFile {
  readonly contentType: string;
  /** Tells the format where the media type does not. */
  readonly fileName?: string | undefined;
  /** Whose it is: users take turns. */
  readonly userId?: string;
  /** What was read in pages that are pictures, by their number. */
  readonly recognised?: Readonly<Record<number, string>> | undefined;
}

/** Documents that are read at a time, one user's all but one. */
const THREADS = 2;
/** A thread without work is ended after this long: it holds the readers' code and caches. */
const IDLE_MS = 30_000;
const WATCH_MS = 100;

type Thread = ThreadClient<ReaderMethods>;

/**
 * A reader of documents in threads, each one after another. A file that takes too long or too much memory costs its own
 * thread and nothing else: the thread is ended and the next document gets a new one. A user holds all threads but one
 * at most, and waiting users take turns.
 */
export class DocumentReader implements HeavyKind, AsyncDisposable {
  readonly needsMb = 64;
  readonly #limits: ReaderLimits;
  readonly #threads: readonly Thread[];
  readonly #free: Thread[];
  /** Documents that are being read, by user. */
  readonly #held = new Map<string, number>();
  #waiting: { readonly userId: string; readonly start: (thread: Thread) => void }[] = [];

  constructor(limits: ReaderLimits = READER_LIMITS) {
    this.#limits = limits;
    this.#threads = Array.from(
      { length: THREADS },
      () =>
        new ThreadClient<ReaderMethods>(
          new URL('./reader-thread.ts', import.meta.url),
          undefined,
          'The document reader',
          {
            limits: { maxOldGenerationSizeMb: limits.memoryMb, maxYoungGenerationSizeMb: 24, stackSizeMb: 4 },
            idleMs: IDLE_MS,
          },
        ),
    );
    this.#free = [...this.#threads];
  }

  /**
   * @param bytes of the file.
   * @throws {DocumentProblem} with what is wrong with the document.
   */
  read(bytes: Uint8Array, file: UploadedFile, signal?: AbortSignal): Promise<ReadDocument> {
    const { contentType, fileName, recognised, userId = '' } = file;
    return this.#inTurn(userId, signal, (thread) => {
      const own = new Uint8Array(bytes);
      const request = { bytes: own, contentType, fileName, recognised };
      return this.#ask(thread, thread.call('read', request, { signal, transfer: [own.buffer] }));
    });
  }

  /**
   * Renders pages of a PDF as pictures.
   *
   * @throws {DocumentProblem} with what is wrong with the document.
   */
  renderPages(
    bytes: Uint8Array,
    pages: readonly number[],
    userId: string,
    signal?: AbortSignal,
  ): Promise<RenderedPage[]> {
    return this.#inTurn(userId, signal, (thread) => {
      const own = new Uint8Array(bytes);
      return this.#ask(thread, thread.call('render', { bytes: own, pages }, { signal, transfer: [own.buffer] }));
    });
  }

  /** Does something with a thread when it is the user's turn. */
  async #inTurn<T>(userId: string, signal: AbortSignal | undefined, work: (thread: Thread) => Promise<T>): Promise<T> {
    const thread = await new Promise<Thread>((start) => {
      this.#waiting.push({ userId, start });
      this.#next();
    });
    try {
      signal?.throwIfAborted();
      return await work(thread);
    } finally {
      const held = this.#held.get(userId)! - 1;
      if (held > 0) this.#held.set(userId, held);
      else this.#held.delete(userId);
      this.#free.push(thread);
      this.#next();
    }
  }

  end(): void {
    for (const thread of this.#threads) thread.kill();
  }

  async release(): Promise<void> {
    await Promise.all(this.#free.map((thread) => thread.release()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()));
  }

  /** Gives a free thread to the user who has waited longest of those that hold fewest. */
  #next(): void {
    const heldBy = ({ userId }: { userId: string }) => this.#held.get(userId) ?? 0;
    const [first] = this.#waiting.filter((one) => heldBy(one) < THREADS - 1).sort((a, b) => heldBy(a) - heldBy(b));
    const thread = first && this.#free.pop();
    if (!thread) return;
    this.#waiting = this.#waiting.filter((one) => one !== first);
    this.#held.set(first.userId, heldBy(first) + 1);
    first.start(thread);
  }

  /** Waits for a thread's answer, and ends the thread when it takes too much. */
  async #ask<Value>(thread: Thread, call: Promise<Answer<Value>>): Promise<Value> {
    const { promise: tooMuch, reject } = Promise.withResolvers<never>();
    tooMuch.catch(() => {});
    call.catch(() => {});
    const started = Date.now();
    let baseline: number | undefined;
    // The thread's own limit covers its heap only; pictures and archives are unpacked outside of it. What the rest of
    // the process needs meanwhile is not the document's.
    const look = async (): Promise<void> => {
      if (Date.now() - started > this.#limits.timeoutMs)
        reject(tooExpensive(`longer than ${this.#limits.timeoutMs / 1000} s`));
      const memory = await thread.memoryBytes();
      // A thread that is not up yet, or has ended, has none.
      if (memory > 0) baseline ??= memory;
      if (baseline !== undefined && memory - baseline > this.#limits.memoryMb * 1024 ** 2)
        reject(tooExpensive(`more than ${this.#limits.memoryMb} MB of memory`));
    };
    const watch = setInterval(guarded({ where: 'document reader' }, look), WATCH_MS);
    try {
      const answer = await Promise.race([call, tooMuch]);
      if ('problem' in answer) throw new DocumentProblem(answer.problem.code, answer.problem.message);
      return answer.value;
    } catch (error) {
      // Whatever it is doing now is of no use any more.
      if (!(error instanceof DocumentProblem) || error.code === 'TOO_EXPENSIVE') thread.kill();
      throw isOutOfMemory(error) ? tooExpensive(`more than ${this.#limits.memoryMb} MB of memory`) : error;
    } finally {
      clearInterval(watch);
    }
  }
}

const isOutOfMemory = (error: unknown): boolean =>
  ((error as Error | undefined)?.cause as { code?: string } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';

const tooExpensive = (what: string) =>
  new DocumentProblem(
    'TOO_EXPENSIVE',
    `Reading the document took ${what}, which is the limit: split it, or save it more simply.`,
  );

import { Worker } from 'node:worker_threads';
import { guarded } from '#platform/base/faults/guarded.ts';
import { ofThread } from '#platform/base/worker/messages.ts';
import { DocumentProblem } from './problem.ts';
import type { ReadDocument } from './read-document.ts';
import type { ReadAnswer, ReadRequest } from './reader-worker.ts';

export interface ReaderLimits {
  /** Longest time for one document. */
  readonly timeoutMs: number;
  /** Most memory that reading one document may add, on the thread's heap and outside of it. */
  readonly memoryMb: number;
}

export const READER_LIMITS: ReaderLimits = { timeoutMs: 120_000, memoryMb: 768 };

/** A thread without work is ended after this long: it holds the readers' code and caches. */
const IDLE_MS = 30_000;
const WATCH_MS = 100;

/**
 * A reader of documents in a thread, one after another. A file that takes too long or too much memory costs its own
 * thread and nothing else: the thread is ended and the next document gets a new one.
 */
export class DocumentReader implements AsyncDisposable {
  readonly #limits: ReaderLimits;
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(limits: ReaderLimits = READER_LIMITS) {
    this.#limits = limits;
  }

  /**
   * @param bytes of the file.
   * @throws {DocumentProblem} with what is wrong with the document.
   */
  read(bytes: Uint8Array, contentType: string, signal?: AbortSignal): Promise<ReadDocument> {
    const turn = this.#last.then(() => this.#read(bytes, contentType, signal));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#end();
  }

  async #read(bytes: Uint8Array, contentType: string, signal?: AbortSignal): Promise<ReadDocument> {
    signal?.throwIfAborted();
    if (this.#closed) throw new Error('the document reader is closed');
    clearTimeout(this.#idle);
    const worker = this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<ReadAnswer>();
    promise.catch(() => {});
    const started = Date.now();
    let baseline: number | undefined;
    // The thread's own limit covers its heap only; pictures and archives are unpacked outside of it. What the rest of
    // the process needs meanwhile is not the document's.
    const look = (): void => {
      if (Date.now() - started > this.#limits.timeoutMs) reject(tooExpensive('longer'));
      memoryOf(worker).then(
        (bytes) => {
          baseline ??= bytes;
          if (bytes - baseline > this.#limits.memoryMb * 1024 ** 2) reject(tooExpensive('more memory'));
        },
        // A thread that is not up yet, or has ended, has no heap; its end is told by its own event.
        () => {},
      );
    };
    const watch = setInterval(guarded({ where: 'document reader' }, look), WATCH_MS);
    const failed = (error: Error & { code?: string }) =>
      reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooExpensive('more memory') : error);
    const exited = () => reject(new Error('the thread that read the document ended'));
    const aborted = () => reject(signal?.reason);
    const answered = ofThread(resolve);
    worker.on('message', answered).on('error', failed).on('exit', exited);
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      // A copy: a Buffer may be a window on memory that others use.
      const own = new Uint8Array(bytes);
      worker.postMessage({ bytes: own, contentType } satisfies ReadRequest, [own.buffer]);
      const answer = await promise;
      this.#idle = setTimeout(
        guarded({ where: 'document reader' }, () => this.#end()),
        IDLE_MS,
      ).unref();
      if ('problem' in answer) throw new DocumentProblem(answer.problem.code, answer.problem.message);
      if ('failure' in answer) throw new Error(answer.failure);
      return answer.document;
    } catch (error) {
      // Whatever it is doing now is of no use any more.
      if (!(error instanceof DocumentProblem) || error.code === 'TOO_EXPENSIVE') await this.#end();
      throw error;
    } finally {
      clearInterval(watch);
      signal?.removeEventListener('abort', aborted);
      worker.off('message', answered).off('error', failed).off('exit', exited);
    }
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL('./reader-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.memoryMb, maxYoungGenerationSizeMb: 24, stackSizeMb: 4 },
    });
    // Errors while no document waits: the thread is replaced at the next document.
    worker.on('error', () => {});
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

/** Memory of a thread alone, on its heap and outside of it, in bytes. */
async function memoryOf(worker: Worker): Promise<number> {
  const { used_heap_size, external_memory } = await worker.getHeapStatistics();
  return used_heap_size + external_memory;
}

const tooExpensive = (what: string) =>
  new DocumentProblem(
    'TOO_EXPENSIVE',
    `Reading the document took ${what} than allowed: split it or save it more simply.`,
  );

import { AsyncLocalStorage } from 'node:async_hooks';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker as Thread } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import type { Worker } from 'tesseract.js';
import { Deadline } from '#platform/base/cancellation/deadline.ts';
import { untilAborted } from '#platform/base/cancellation/until-aborted.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { DPI, type PageLayout, SEGMENTATION } from './layouts.ts';
import type { RecognisedLines } from './recognised.ts';

/** A language to read, and the file of its data. */
export interface LanguageData {
  readonly code: string;
  readonly file: string;
}

export interface WorkerOptions {
  readonly log: Logger;
  /** The longest that each step may take: to start, to learn a language, to read a page. */
  readonly timeoutMs: number;
  /** Default: that of tesseract.js. */
  readonly thread?: URL | undefined;
}

const GZIP = '.gz';

/** Takes the thread that the library makes for the worker that is being started. */
const starting = new AsyncLocalStorage<(thread: Thread) => void>();
// The library hands its thread out when it has loaded, which is too late to hear of its end. Heard for good: a start
// that is given up may be over before its thread is there, which would go on then, and end the process by an error.
process.on('worker', (thread) => starting.getStore()?.(thread));

/**
 * A worker of tesseract.js with its thread. Its library waits for the thread without end, whether it is stuck or dead:
 * here every step has a deadline, and ends when the caller leaves or the thread does. After a step that fails, the
 * worker is to be ended.
 */
export class OcrWorker {
  /** Pages that it has read. */
  passes = 0;
  language: string;
  /** Whether its thread has ended, by itself or because it was told to. */
  ended = false;
  /** Languages whose data it has; its library reads the same list. */
  readonly #known: string[];
  readonly #timeoutMs: number;
  readonly #end = Promise.withResolvers<never>();
  #thread: Thread | undefined;
  #worker: Worker | undefined;
  #layout: PageLayout | undefined;

  private constructor({ timeoutMs }: WorkerOptions, language: string) {
    this.#timeoutMs = timeoutMs;
    this.language = language;
    this.#known = [language];
    this.#end.promise.catch(() => {});
  }

  /** @throws {CodedError} TIMEOUT; SERVICE_UNAVAILABLE when the thread ends. */
  static async start(options: WorkerOptions, language: LanguageData, signal?: AbortSignal): Promise<OcrWorker> {
    const { log, thread = new URL('./ocr-thread.ts', import.meta.url) } = options;
    const { createWorker, OEM } = await import('tesseract.js');
    signal?.throwIfAborted();
    const started = new OcrWorker(options, language.code);
    try {
      const creating = starting.run(
        (created) => started.#watch(created),
        () =>
          createWorker(started.#known, OEM.LSTM_ONLY, {
            workerPath: fileURLToPath(thread),
            langPath: path.dirname(language.file),
            gzip: language.file.endsWith(GZIP),
            // By default it writes the language data into the working directory and reads stale data from there.
            cacheMethod: 'none',
            // Without a handler one unreadable picture throws outside of any promise and ends the process.
            errorHandler: (error: unknown) => log.warn({ err: error }, 'text recognition failed'),
          }),
      );
      started.#worker = await started.#within(creating, signal);
      return started;
    } catch (error) {
      await started.terminate();
      throw error;
    }
  }

  /** Reads another language or layout from now on, where it is one. */
  async adapt(language: LanguageData, layout: PageLayout, signal?: AbortSignal): Promise<void> {
    if (this.language !== language.code) {
      await this.#within(this.#teach(language), signal);
      this.language = language.code;
      this.#layout = undefined;
    }
    if (this.#layout === layout) return;
    const parameters = { tessedit_pageseg_mode: SEGMENTATION[layout] as never, user_defined_dpi: DPI };
    await this.#within(this.#worker!.setParameters(parameters), signal);
    this.#layout = layout;
  }

  async read(png: Buffer, signal?: AbortSignal): Promise<RecognisedLines> {
    const { data } = await this.#within(this.#worker!.recognize(png, {}, { blocks: true, text: false }), signal);
    this.passes++;
    return linesOf(data.blocks ?? []);
  }

  async terminate(): Promise<void> {
    this.ended = true;
    await this.#thread?.terminate();
  }

  #watch(thread: Thread): void {
    this.#thread = thread;
    const ended = (why: string, cause?: unknown): void => {
      this.ended = true;
      const message = `Text recognition stopped unexpectedly (${why}); it starts again with the next page.`;
      this.#end.reject(new CodedError('SERVICE_UNAVAILABLE', message, { cause }));
    };
    thread.on('error', (error) => ended(error instanceof Error ? error.message : String(error), error));
    thread.on('exit', (code) => ended(`exit code ${code}`));
    // It was given up before it was there.
    if (this.ended) void thread.terminate();
  }

  /** Has the thread learn another language. Its library looks for data in one folder: this one is put in its place. */
  async #teach({ code, file }: LanguageData): Promise<void> {
    if (!this.#known.includes(code)) {
      const bytes = await readFile(file);
      await this.#worker!.FS('writeFile', [`${code}.traineddata`, file.endsWith(GZIP) ? gunzipSync(bytes) : bytes]);
      this.#known.push(code);
    }
    await this.#worker!.reinitialize(code);
  }

  async #within<T>(step: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    using deadline = new Deadline(this.#timeoutMs, signal);
    try {
      return await untilAborted(Promise.race([step, this.#end.promise]), deadline.signal);
    } catch (error) {
      if (!deadline.passed) throw error;
      throw new CodedError('TIMEOUT', `The text was not read within ${this.#timeoutMs / 1000} s.`);
    }
  }
}

interface EngineBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}
interface EngineBlock {
  paragraphs: { lines: { words: { text: string; confidence: number; bbox: EngineBox }[] }[] }[];
}

const linesOf = (blocks: readonly EngineBlock[]): RecognisedLines =>
  blocks
    .flatMap((block) => block.paragraphs.flatMap((paragraph) => paragraph.lines))
    .map((line) =>
      line.words.map(({ text, confidence, bbox }) => ({
        text,
        confidence,
        box: { x: bbox.x0, y: bbox.y0, width: bbox.x1 - bbox.x0, height: bbox.y1 - bbox.y0 },
      })),
    )
    .filter((words) => words.length > 0);

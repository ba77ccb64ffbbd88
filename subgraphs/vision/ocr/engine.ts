import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'tesseract.js';
import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';

/** A word as the engine saw it, in pixels of the prepared picture. */
export interface RecognisedWord {
  readonly text: string;
  readonly confidence: number;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** The lines from top to bottom, each a list of words. */
export type RecognisedLines = readonly (readonly RecognisedWord[])[];

/** An engine that recognises the text of a prepared picture. */
export interface OcrEngine extends AsyncDisposable {
  recognise(png: Buffer, signal?: AbortSignal): Promise<RecognisedLines>;
}

/** Workers leak a little with every page, and adapt to it: a fresh one now and then is cheaper than both. */
const PAGES_A_WORKER = 50;
const PAGE_TIMEOUT_MS = 60_000;
/** A worker holds more than a hundred MB: one without a page for so long ends. */
const IDLE_MS = 60_000;

/**
 * Creates a reader of text in pictures: tesseract.js with language data from npm: a pool whose workers start with the
 * first page and are renewed after PAGES_A_WORKER pages or a failure. One that has no page for a while ends.
 */
export function createOcrEngine(log: Logger, size = 1, idleMs = IDLE_MS): OcrEngine {
  const idle: PooledWorker[] = [];
  const waiting: ((worker: PooledWorker | undefined) => void)[] = [];
  let started = 0;
  let closed = false;

  const acquire = async (): Promise<PooledWorker> => {
    if (closed) throw new CodedError('SERVICE_UNAVAILABLE', 'Text recognition has been shut down.');
    const free = idle.pop();
    if (free) {
      clearTimeout(free.ending);
      return free;
    }
    if (started < size) return startCounted();
    const handed = await new Promise<PooledWorker | undefined>((resolve) => waiting.push(resolve));
    return handed ?? acquire();
  };
  const startCounted = async (): Promise<PooledWorker> => {
    started++;
    try {
      return await startWorker(log);
    } catch (error) {
      started--;
      throw error;
    }
  };
  const rest = (pooled: PooledWorker): void => {
    idle.push(pooled);
    const end = (): Promise<unknown> => {
      idle.splice(idle.indexOf(pooled), 1);
      started--;
      return pooled.worker.terminate();
    };
    pooled.ending = setTimeout(guarded({ where: 'text recognition', log }, end), idleMs).unref();
  };
  const release = async (pooled: PooledWorker, usable: boolean): Promise<void> => {
    if (usable && !closed && pooled.pages < PAGES_A_WORKER) {
      const next = waiting.shift();
      if (next) next(pooled);
      else rest(pooled);
      return;
    }
    started--;
    await pooled.worker.terminate();
    waiting.shift()?.(undefined);
  };

  return {
    async recognise(png, signal) {
      signal?.throwIfAborted();
      const pooled = await acquire();
      let usable = false;
      try {
        const page = pooled.worker.recognize(png, {}, { blocks: true, text: false });
        const { data } = await withDeadline(page, signal);
        pooled.pages++;
        usable = true;
        return linesOf(data.blocks ?? []);
      } finally {
        await release(pooled, usable);
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const wake of waiting.splice(0)) wake(undefined);
      await Promise.all(
        idle.splice(0).map(({ worker, ending }) => {
          clearTimeout(ending);
          return worker.terminate();
        }),
      );
    },
  };
}

interface PooledWorker {
  readonly worker: Worker;
  pages: number;
  /** Ends it, unless a page comes. */
  ending?: NodeJS.Timeout;
}

async function startWorker(log: Logger): Promise<PooledWorker> {
  const { createWorker, OEM, PSM } = await import('tesseract.js');
  const data = path.dirname(createRequire(import.meta.url).resolve('@tesseract.js-data/eng/package.json'));
  const worker = await createWorker('eng', OEM.LSTM_ONLY, {
    workerPath: fileURLToPath(new URL('./ocr-worker.ts', import.meta.url)),
    langPath: path.join(data, '4.0.0_best_int'),
    gzip: true,
    // By default it writes the language data into the working directory and reads stale data from there.
    cacheMethod: 'none',
    // Without a handler one unreadable picture throws outside of any promise and ends the process.
    errorHandler: (error: unknown) => log.warn({ err: error }, 'text recognition failed'),
  });
  // The library's own default takes a page for one block and mixes its columns.
  await worker.setParameters({ tessedit_pageseg_mode: PSM.AUTO });
  return { worker, pages: 0 };
}

async function withDeadline<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  const deadline = AbortSignal.timeout(PAGE_TIMEOUT_MS);
  const ended = signal ? AbortSignal.any([signal, deadline]) : deadline;
  const { promise, reject } = Promise.withResolvers<never>();
  const end = () =>
    reject(
      deadline.aborted
        ? new CodedError('TIMEOUT', `The text was not read within ${PAGE_TIMEOUT_MS / 1000} s.`)
        : ended.reason,
    );
  ended.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    ended.removeEventListener('abort', end);
    work.catch(() => {});
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

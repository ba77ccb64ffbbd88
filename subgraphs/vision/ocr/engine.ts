import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Worker } from 'tesseract.js';
import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { HeavyKind } from '#platform/base/thread/heavy-work.ts';
import type { OcrLanguages } from './languages.ts';
import type { RecognisedLines } from './recognised.ts';

/** The way in which text is expected to stand: in columns, as one block or one line, or here and there. */
export type PageLayout = 'page' | 'block' | 'line' | 'sparse';

export interface RecogniseOptions {
  readonly language: string;
  readonly layout?: PageLayout;
  readonly signal?: AbortSignal | undefined;
}

/** An engine that recognises the text of a prepared picture. */
export interface OcrEngine extends HeavyKind, AsyncDisposable {
  recognise(png: Buffer, options: RecogniseOptions): Promise<RecognisedLines>;
}

export interface EngineOptions {
  readonly log: Logger;
  readonly languages: Pick<OcrLanguages, 'fileOf'>;
  /** Pages at a time. */
  readonly size?: number;
  readonly idleMs?: number;
}

/** Workers leak a little with every page, and adapt to it: a fresh one now and then is cheaper than both. */
const PASSES_A_WORKER = 100;
const PAGE_TIMEOUT_MS = 60_000;
/** A worker holds more than a hundred MB: one without a page for so long ends. */
const IDLE_MS = 60_000;

/**
 * Creates a reader of text in pictures: tesseract.js with language data from npm: a pool whose workers start with the
 * first page and are renewed after PASSES_A_WORKER passes or a failure. One that has no page for a while ends.
 */
export function createOcrEngine({ log, languages, size = 1, idleMs = IDLE_MS }: EngineOptions): OcrEngine {
  const idle: PooledWorker[] = [];
  const waiting: ((worker: PooledWorker | undefined) => void)[] = [];
  let started = 0;
  let closed = false;

  const acquire = async (language: string): Promise<PooledWorker> => {
    if (closed) throw new CodedError('SERVICE_UNAVAILABLE', 'Text recognition has been shut down.');
    const same = idle.findLastIndex((pooled) => pooled.language === language);
    // To start another worker costs as much as to teach one another language, and more memory.
    const [free] = idle.splice(same === -1 ? idle.length - 1 : same, 1);
    if (free) {
      clearTimeout(free.ending);
      return free;
    }
    if (started < size) return startCounted(language);
    const handed = await new Promise<PooledWorker | undefined>((resolve) => waiting.push(resolve));
    return handed ?? acquire(language);
  };
  const startCounted = async (language: string): Promise<PooledWorker> => {
    started++;
    try {
      return await startWorker(log, language, languages.fileOf(language));
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
  const endIdle = async (): Promise<void> => {
    const ended = idle.splice(0).map(({ worker, ending }) => {
      clearTimeout(ending);
      started--;
      return worker.terminate();
    });
    await Promise.all(ended);
  };
  const giveBack = async (pooled: PooledWorker, usable: boolean): Promise<void> => {
    if (usable && !closed && pooled.passes < PASSES_A_WORKER) {
      const next = waiting.shift();
      if (next) next(pooled);
      else rest(pooled);
      return;
    }
    started--;
    await pooled.worker.terminate();
    waiting.shift()?.(undefined);
  };
  /** Makes a worker read another language or layout, where it was the one for others. */
  const adapt = async (pooled: PooledWorker, language: string, layout: PageLayout): Promise<void> => {
    if (pooled.language !== language) {
      await teach(pooled, language, languages.fileOf(language));
      pooled.language = language;
      pooled.layout = undefined;
    }
    if (pooled.layout === layout) return;
    await pooled.worker.setParameters({ tessedit_pageseg_mode: SEGMENTATION[layout] as never, user_defined_dpi: DPI });
    pooled.layout = layout;
  };

  return {
    async recognise(png, { language, layout = 'page', signal }) {
      signal?.throwIfAborted();
      const pooled = await acquire(language);
      let usable = false;
      try {
        await adapt(pooled, language, layout);
        const page = pooled.worker.recognize(png, {}, { blocks: true, text: false });
        const { data } = await withDeadline(page, signal);
        pooled.passes++;
        usable = true;
        return linesOf(data.blocks ?? []);
      } finally {
        await giveBack(pooled, usable);
      }
    },
    release: endIdle,
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const wake of waiting.splice(0)) wake(undefined);
      await endIdle();
    },
  };
}

/** Tesseract's modes of segmentation. Its library's own default takes a page for one block and mixes its columns. */
const SEGMENTATION: Record<PageLayout, string> = { page: '3', block: '6', line: '7', sparse: '11' };

/** Prepared pictures say none, and what the engine takes for it itself can be 25 for a small one. */
const DPI = '300';

interface PooledWorker {
  readonly worker: Worker;
  /** Languages whose data it has; its library reads the same list. */
  readonly known: string[];
  language: string;
  layout: PageLayout | undefined;
  passes: number;
  /** Ends it, unless a page comes. */
  ending?: NodeJS.Timeout;
}

async function startWorker(log: Logger, language: string, file: string): Promise<PooledWorker> {
  const { createWorker, OEM } = await import('tesseract.js');
  const known = [language];
  const worker = await createWorker(known, OEM.LSTM_ONLY, {
    workerPath: fileURLToPath(new URL('./ocr-thread.ts', import.meta.url)),
    langPath: path.dirname(file),
    gzip: file.endsWith(GZIP),
    // By default it writes the language data into the working directory and reads stale data from there.
    cacheMethod: 'none',
    // Without a handler one unreadable picture throws outside of any promise and ends the process.
    errorHandler: (error: unknown) => log.warn({ err: error }, 'text recognition failed'),
  });
  return { worker, known, language, layout: undefined, passes: 0 };
}

/** Has a worker read another language. Its library looks for all data in one folder: this one is put in its place. */
async function teach({ worker, known }: PooledWorker, language: string, file: string): Promise<void> {
  if (!known.includes(language)) {
    const bytes = await readFile(file);
    await worker.FS('writeFile', [`${language}.traineddata`, file.endsWith(GZIP) ? gunzipSync(bytes) : bytes]);
    known.push(language);
  }
  await worker.reinitialize(language);
}

const GZIP = '.gz';

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

import { CodedError } from '#platform/base/errors/errors.ts';
import { Bulkhead } from '#platform/base/faults/bulkhead.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { HeavyKind } from '#platform/base/thread/heavy-work.ts';
import type { OcrLanguages } from './languages.ts';
import type { PageLayout } from './layouts.ts';
import { OcrWorker } from './ocr-worker.ts';
import type { RecognisedLines } from './recognised.ts';

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
  /** The longest that each step of a page may take. */
  readonly timeoutMs?: number;
  /** The thread of the workers. */
  readonly thread?: URL;
}

/** Workers leak a little with every page, and adapt to it: a fresh one now and then is cheaper than both. */
const PASSES_A_WORKER = 100;
const TIMEOUT_MS = 60_000;
/** Memory that a page takes, with its worker, in MiB. */
const NEEDS_MB = 96;
/** A worker holds more than a hundred MB: one without a page for so long ends. */
const IDLE_MS = 60_000;

/** A worker that has nothing to do, and what ends it unless a page comes. */
interface Idle {
  readonly worker: OcrWorker;
  readonly ending: NodeJS.Timeout;
}

/**
 * Creates a reader of text in pictures: tesseract.js with language data from npm: a pool whose workers start with the
 * first page and are renewed after PASSES_A_WORKER passes or a failure. One that has no page for a while ends.
 */
export function createOcrEngine(options: EngineOptions): OcrEngine {
  const { log, languages, size = 1, idleMs = IDLE_MS, timeoutMs = TIMEOUT_MS, thread } = options;
  const idle: Idle[] = [];
  const busy = new Set<OcrWorker>();
  const places = new Bulkhead(size);
  const closing = new AbortController();

  /** Takes a worker out of those that wait for a page. */
  const wake = (index: number): OcrWorker | undefined => {
    const [taken] = idle.splice(index, 1);
    clearTimeout(taken?.ending);
    return taken?.worker;
  };
  /** A worker that waits, one of the same language if there is one; where none waits, a new one fits. */
  const acquire = (language: string, signal: AbortSignal | undefined): Promise<OcrWorker> | OcrWorker => {
    for (let index = idle.length - 1; index >= 0; index--) if (idle[index]!.worker.ended) wake(index);
    const same = idle.findLastIndex(({ worker }) => worker.language === language);
    // To start another worker costs as much as to teach one another language, and more memory.
    const free = idle.length > 0 ? wake(same === -1 ? idle.length - 1 : same) : undefined;
    return (
      free ?? OcrWorker.start({ log, timeoutMs, thread }, { code: language, file: languages.fileOf(language) }, signal)
    );
  };
  const giveBack = async (worker: OcrWorker, usable: boolean): Promise<void> => {
    if (!usable || closing.signal.aborted || worker.passes >= PASSES_A_WORKER) return worker.terminate();
    const end = async (): Promise<void> => wake(idle.findIndex((one) => one.worker === worker))?.terminate();
    idle.push({ worker, ending: setTimeout(guarded({ where: 'text recognition', log }, end), idleMs).unref() });
  };
  const endIdle = async (): Promise<void> => {
    const ended = idle.splice(0).map(({ worker, ending }) => {
      clearTimeout(ending);
      return worker.terminate();
    });
    await Promise.all(ended);
  };

  return {
    recognise(png, { language, layout = 'page', signal }) {
      const read = async (): Promise<RecognisedLines> => {
        const worker = await acquire(language, signal);
        let usable = false;
        busy.add(worker);
        try {
          await worker.adapt({ code: language, file: languages.fileOf(language) }, layout, signal);
          const lines = await worker.read(png, signal);
          usable = true;
          return lines;
        } finally {
          busy.delete(worker);
          await giveBack(worker, usable);
        }
      };
      return places.run(read, {
        signal: signal ? AbortSignal.any([signal, closing.signal]) : closing.signal,
      });
    },
    needsMb: NEEDS_MB,
    release: endIdle,
    end() {
      for (const worker of busy) void worker.terminate();
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new CodedError('SERVICE_UNAVAILABLE', 'Text recognition has been shut down.'));
      await endIdle();
    },
  };
}

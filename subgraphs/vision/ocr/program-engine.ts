import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CodedError } from '#platform/base/errors/errors.ts';
import { Bulkhead } from '#platform/base/faults/bulkhead.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { OcrEngine, RecogniseOptions } from './engine.ts';
import type { OcrLanguages } from './languages.ts';
import { DPI, SEGMENTATION } from './layouts.ts';
import type { OcrProgram } from './program.ts';
import type { RecognisedLines } from './recognised.ts';
import { runProgram } from './run-program.ts';
import { linesOfTsv } from './tsv.ts';

export interface ProgramEngineOptions {
  readonly log: Logger;
  readonly program: OcrProgram;
  readonly languages: Pick<OcrLanguages, 'fileOf'>;
  /** The engine that reads a page where the program fails. */
  readonly instead: OcrEngine;
  /** Pages at a time. */
  readonly size?: number;
  /** The longest that the program may take for a page. */
  readonly timeoutMs?: number;
}

/** An engine that is a program of the machine. */
export interface ProgramEngine extends OcrEngine {
  /** Why its last page was read by the other engine. */
  readonly problem: string | undefined;
}

const TIMEOUT_MS = 60_000;
/** Of one page: some hundred thousand words. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Memory that the program may ask for, in bytes: what it takes for the largest page is less than a third. */
const MAX_MEMORY = 1024 ** 3;
/** Sets the bound and becomes the program. It is a part of every usual Linux. */
const PRLIMIT = '/usr/bin/prlimit';
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const GZIP = '.gz';
/** After so many pages that it failed in a row, the program is left alone for a while. */
const MAX_FAILURES = 3;
const REST_MS = 600_000;

/**
 * Creates a reader of text in pictures that is the program `tesseract` of the machine, run once for each pass. A page
 * that it fails is read by the other engine; a program that keeps failing is asked again after ten minutes.
 */
export function createProgramEngine(options: ProgramEngineOptions): ProgramEngine {
  const { log, program, languages, instead, size = 1, timeoutMs = TIMEOUT_MS } = options;
  const places = new Bulkhead(size);
  const closing = new AbortController();
  const data = new UnpackedData();
  const bound = existsSync(PRLIMIT) ? [`--as=${MAX_MEMORY}`, '--', program.file] : undefined;
  let working = new AbortController();
  let failures = 0;
  let restsUntil = 0;
  let problem: string | undefined;

  const read = async (png: Buffer, { language, layout = 'page' }: RecogniseOptions, signal: AbortSignal) => {
    const folder = await data.folderOf(language, languages.fileOf(language));
    const args = ['stdin', 'stdout', '--tessdata-dir', folder, '-l', language, '--oem', '1', '--dpi', DPI];
    args.push('--psm', SEGMENTATION[layout], '-c', 'tessedit_create_tsv=1');
    const run = { input: png, timeoutMs, signal, maxBytes: MAX_BYTES };
    const tsv = await (bound ? runProgram(PRLIMIT, [...bound, ...args], run) : runProgram(program.file, args, run));
    return linesOfTsv(tsv.toString());
  };
  const failed = (error: unknown): void => {
    problem = `${program.file} failed: ${error instanceof Error ? error.message : String(error)}`;
    log.warn({ err: error, program: program.file }, 'a program failed to read a page, which is read without it');
    if (++failures % MAX_FAILURES === 0) restsUntil = performance.now() + REST_MS;
  };
  const readOrElse = async (png: Buffer, page: RecogniseOptions, outer: AbortSignal): Promise<RecognisedLines> => {
    // What is not a picture the program takes for a list of files to read.
    if (!png.subarray(0, PNG.length).equals(PNG)) throw new TypeError('a page to read is a PNG');
    const signal = AbortSignal.any([outer, working.signal]);
    if (performance.now() >= restsUntil) {
      try {
        const lines = await read(png, page, signal);
        failures = 0;
        problem = undefined;
        return lines;
      } catch (error) {
        signal.throwIfAborted();
        failed(error);
      }
    }
    return instead.recognise(png, page);
  };

  return {
    recognise(png, page) {
      const signal = page.signal ? AbortSignal.any([page.signal, closing.signal]) : closing.signal;
      return places.run(() => readOrElse(png, page, signal), { signal });
    },
    get problem() {
      return problem;
    },
    needsMb: instead.needsMb,
    release: () => instead.release(),
    end() {
      working.abort(new CodedError('SERVICE_UNAVAILABLE', 'Text recognition was ended to free memory.'));
      working = new AbortController();
      instead.end?.();
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new CodedError('SERVICE_UNAVAILABLE', 'Text recognition has been shut down.'));
      await instead[Symbol.asyncDispose]();
      await data[Symbol.asyncDispose]();
    },
  };
}

/** Language data as the program reads it: a folder with a file that is not packed. */
class UnpackedData implements AsyncDisposable {
  readonly #folders = new Map<string, Promise<string>>();

  /** Returns a folder that has the data of a language; packed data is unpacked once, and removed in the end. */
  async folderOf(language: string, file: string): Promise<string> {
    if (!file.endsWith(GZIP)) return path.dirname(file);
    await this.#forgetRemoved(language, file);
    const known = this.#folders.get(file);
    if (known !== undefined) return known;
    const unpacking = unpack(language, file);
    this.#folders.set(file, unpacking);
    unpacking.catch(() => this.#folders.delete(file));
    return unpacking;
  }

  /** What cleans up temporary files may remove those of a server that runs for long. */
  async #forgetRemoved(language: string, file: string): Promise<void> {
    const known = this.#folders.get(file);
    if (known === undefined) return;
    const folder = await known;
    if (existsSync(dataIn(folder, language)) || this.#folders.get(file) !== known) return;
    this.#folders.delete(file);
    await rm(folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const folders = await Promise.allSettled(this.#folders.values());
    for (const folder of folders)
      if (folder.status === 'fulfilled') await rm(folder.value, { recursive: true, force: true });
  }
}

async function unpack(language: string, file: string): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sextant-ocr-'));
  try {
    await writeFile(dataIn(folder, language), await promisify(gunzip)(await readFile(file)));
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

const dataIn = (folder: string, language: string): string => path.join(folder, `${language}.traineddata`);

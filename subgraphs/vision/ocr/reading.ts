import type { Config } from '#platform/base/config/config.ts';
import type { State } from '#platform/base/faults/state-of.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { createOcrEngine, type OcrEngine } from './engine.ts';
import { findLanguages, type OcrLanguages } from './languages.ts';
import { findProgram } from './program.ts';
import { createProgramEngine } from './program-engine.ts';

/** The means by which texts in pictures are read here. */
export interface Reading extends AsyncDisposable {
  readonly engine: OcrEngine;
  readonly languages: OcrLanguages;
  /** What is to be said of them in /health. */
  health(): State;
}

export interface ReadingOptions {
  readonly config: Pick<Config, 'OCR_DATA' | 'OCR_LANGUAGES' | 'OCR_PROGRAM'>;
  readonly log: Logger;
  /** Pages at a time. */
  readonly size: number;
}

/** Opens the engine that reads pages: the program of the machine where there is one, otherwise WebAssembly. */
export async function openReading({ config, log, size }: ReadingOptions): Promise<Reading> {
  const { program, problem } = await findProgram(config);
  if (problem !== undefined) log.warn({ problem }, 'texts in pictures are read without the program OCR_PROGRAM');
  const languages = findLanguages(config, program?.dataFolder);
  if (languages.missing.length > 0)
    log.warn({ languages: languages.missing }, 'texts in some languages cannot be read: their data is missing');
  const ours = createOcrEngine({ log, languages, size });
  const theirs = program && createProgramEngine({ log, program, languages, size, instead: ours });
  const engine = theirs ?? ours;
  return {
    engine,
    languages,
    health() {
      const detail = theirs?.problem ?? problem;
      // Texts are read all the same, only slower.
      return { status: 'up', ...(detail !== undefined && { detail: `OCR_PROGRAM: ${detail}` }) };
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** The means of reading, opened when they are first asked for, so that a start does not wait for a program. */
export class LazyReading implements AsyncDisposable {
  readonly #options: ReadingOptions;
  #opening: Promise<Reading> | undefined;
  #opened: Reading | undefined;

  /** @throws Error where OCR_DATA cannot be read: that is told at the start. */
  constructor(options: ReadingOptions) {
    this.#options = options;
    findLanguages(options.config);
  }

  async get(): Promise<Reading> {
    this.#opening ??= openReading(this.#options).catch((error: unknown) => {
      // What is wrong with a folder may be mended while the server runs.
      this.#opening = undefined;
      throw error;
    });
    this.#opened = await this.#opening;
    return this.#opened;
  }

  /** What is known by now. */
  health(): State {
    return this.#opened?.health() ?? { status: 'up' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#opening)?.[Symbol.asyncDispose]();
  }
}

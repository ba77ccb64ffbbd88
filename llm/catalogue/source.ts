import { existsSync, unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '#platform/base/config/config.ts';
import { withSecretFiles } from '#platform/base/config/secret-files.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Catalogue } from './catalogue.ts';
import { environmentCatalogue } from './environment.ts';

export interface CatalogueSource {
  /** Whether it is written by the administrator, who may name what is not taken by itself. */
  readonly isWritten: boolean;
  /** @throws NOT_CONFIGURED when llm.yaml is wrong and no earlier version of it was right. */
  current(): Promise<Catalogue>;
  close(): void;
}

export interface SourceOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Fills `${NAME}` in llm.yaml. */
  readonly env?: Record<string, string | undefined>;
  /** How often the file is looked at, in milliseconds. */
  readonly watchMs?: number;
}

/** Servers come and go: what was found or listed is looked up again after so long, at the next call. */
const FRESH_MS = 60_000;
/** Sooner while there is nothing to talk to, but not with every request. */
const EMPTY_FRESH_MS = 5_000;

/**
 * Opens the source of the catalogue: llm.yaml where there is one at the start, else the environment and this machine.
 */
export function openCatalogue(options: SourceOptions): CatalogueSource {
  const file = path.resolve(options.config.home, options.config.LLM_CONFIG);
  return existsSync(file) ? new FileSource(file, options) : new EnvironmentSource(options);
}

/** Returns a catalogue made by the caller, for tests and measurements. */
export const fixedCatalogue = (catalogue: Catalogue): CatalogueSource => ({
  isWritten: true,
  current: async () => catalogue,
  close: () => undefined,
});

/** Read with the first call, then again whenever it changes. A wrong version never replaces a right one. */
class FileSource implements CatalogueSource {
  readonly isWritten = true;
  readonly #file: string;
  readonly #options: SourceOptions;
  #current: Promise<Catalogue> | undefined;

  constructor(file: string, options: SourceOptions) {
    this.#file = file;
    this.#options = options;
    // Polling: Kubernetes replaces mounted files by links, which watching by events does not see.
    watchFile(file, { interval: options.watchMs ?? 2_000, persistent: false }, () => void this.#reload());
  }

  current(): Promise<Catalogue> {
    this.#current ??= this.#read().catch((error: Error) => {
      this.#current = undefined;
      this.#options.log.error({ file: this.#file }, error.message);
      throw new CodedError(
        'NOT_CONFIGURED',
        'The catalogue of language models is wrong. The administrator finds the mistakes in the log.',
      );
    });
    return this.#current;
  }

  close(): void {
    unwatchFile(this.#file);
  }

  async #reload(): Promise<void> {
    try {
      const next = await this.#read();
      this.#current = Promise.resolve(next);
      this.#options.log.info({ models: [...next.aliases.keys()] }, 'llm.yaml was read again');
    } catch (error) {
      this.#options.log.error(
        { file: this.#file },
        `llm.yaml was changed and is wrong; the earlier version stays. ${(error as Error).message}`,
      );
    }
  }

  async #read(): Promise<Catalogue> {
    const { parseCatalogue } = await import('./file.ts');
    return parseCatalogue(
      await readFile(this.#file, 'utf8'),
      withSecretFiles(this.#options.env ?? process.env),
      this.#options.config.LLM_TIMEOUT_MS,
    );
  }
}

class EnvironmentSource implements CatalogueSource {
  readonly isWritten = false;
  readonly #options: SourceOptions;
  #known: Catalogue | undefined;
  #loading: Promise<Catalogue> | undefined;
  #loadedAt = 0;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  /** The first call waits for it; later ones get what is known while it is looked up again. */
  async current(): Promise<Catalogue> {
    const known = this.#known;
    const age = Date.now() - this.#loadedAt;
    if (!known || known.aliases.size === 0) return known && age < EMPTY_FRESH_MS ? known : this.#load();
    if (age > FRESH_MS)
      this.#load().catch((error: unknown) => this.#options.log.warn({ err: error }, 'looking for models failed'));
    return known;
  }

  close(): void {}

  #load(): Promise<Catalogue> {
    this.#loading ??= environmentCatalogue(this.#options.config)
      .then((found) => this.#take(found))
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }

  #take(found: Catalogue): Catalogue {
    this.#loadedAt = Date.now();
    // A server that restarts must not take its models away from those who talk to it.
    if (this.#known && found.problems.length > 0 && found.aliases.size < this.#known.aliases.size) return this.#known;
    const names = [...found.aliases.keys()];
    if (names.join() !== [...(this.#known?.aliases.keys() ?? [])].join()) {
      this.#options.log.info(
        { models: names, origin: found.source },
        names.length > 0 ? 'language models' : 'no language model',
      );
    }
    this.#known = found;
    return found;
  }
}

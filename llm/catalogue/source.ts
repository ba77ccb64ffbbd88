import type { Config } from '#platform/config/config.ts';
import type { Logger } from '#platform/log/log.ts';
import type { Catalogue } from './catalogue.ts';
import { environmentCatalogue } from './environment.ts';

export interface CatalogueSource {
  current(): Promise<Catalogue>;
  close(): void;
}

export interface SourceOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly given: Catalogue | undefined;
  readonly onChange: () => void;
}

/** Servers come and go: what was found or listed is looked up again after so long, when somebody asks. */
const FRESH_MS = 60_000;
/** Sooner while there is nothing to talk to, but not with every request. */
const EMPTY_FRESH_MS = 5_000;

/** Where the catalogue comes from: llm.yaml where there is one, else the environment and this machine. */
export function openCatalogue(options: SourceOptions): CatalogueSource {
  const { given } = options;
  if (given) return { current: async () => given, close: () => undefined };
  return new EnvironmentSource(options);
}

class EnvironmentSource implements CatalogueSource {
  readonly #options: SourceOptions;
  #known: Catalogue | undefined;
  #loading: Promise<Catalogue> | undefined;
  #loadedAt = 0;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  /** The first call waits for it; later ones get what is known while it is looked up anew. */
  async current(): Promise<Catalogue> {
    const known = this.#known;
    if (!known || known.aliases.size === 0) {
      return known && Date.now() - this.#loadedAt < EMPTY_FRESH_MS ? known : this.#load();
    }
    if (Date.now() - this.#loadedAt > FRESH_MS) {
      this.#load().catch((error: unknown) => this.#options.log.warn({ err: error }, 'looking for models failed'));
    }
    return known;
  }

  close(): void {}

  #load(): Promise<Catalogue> {
    this.#loading ??= environmentCatalogue(this.#options.config)
      .then((found) => {
        this.#loadedAt = Date.now();
        // A server that restarts must not take its models away from those who talk to it.
        if (this.#known && found.aliases.size < this.#known.aliases.size && found.problems.length > 0)
          return this.#known;
        const names = [...found.aliases.keys()];
        if (names.join() !== [...(this.#known?.aliases.keys() ?? [])].join()) {
          this.#options.log.info(
            { models: names, origin: found.origin },
            names.length > 0 ? 'language models' : 'no language model',
          );
        }
        this.#known = found;
        return found;
      })
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }
}

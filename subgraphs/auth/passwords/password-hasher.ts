import { hash, parseOptions, verify } from '@node-rs/argon2';
import type { Histogram } from 'prom-client';
import { hasLittleMemory } from '#platform/base/config/available-memory.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { Bulkhead } from '#platform/base/faults/bulkhead.ts';

/** argon2id as the OWASP password storage cheat sheet wants it at the least: 19 MiB, 2 passes, 1 lane; about 10 ms. */
export const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
export type HashParameters = { readonly [K in keyof typeof PARAMETERS]: number };

/**
 * Hashes at once and hashes that wait: more would starve the event loop's thread pool, and the database with it. Each
 * takes its memory.
 */
const AT_ONCE = hasLittleMemory() ? 1 : 3;
const WAITING = 200;

/**
 * The hasher of passwords, a few at a time; a flood beyond the queue is turned away instead of slowing everybody down.
 */
export class PasswordHasher {
  readonly #parameters: HashParameters;
  readonly #seconds: Histogram;
  readonly #bulkhead = new Bulkhead(AT_ONCE, WAITING);
  /** What a password is compared with when there is no account, so that it takes as long. */
  readonly #decoy: Promise<string>;

  constructor(seconds: Histogram, parameters: HashParameters = PARAMETERS) {
    this.#seconds = seconds;
    this.#parameters = parameters;
    this.#decoy = hash('a password that no account has', parameters);
  }

  /** @throws {CodedError} SERVICE_UNAVAILABLE when too many wait already. */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(normalized(password), this.#parameters));
  }

  /** Takes the same time whether or not there is a hash to compare with. */
  async verify(stored: string | null | undefined, password: string): Promise<boolean> {
    const against = stored ?? (await this.#decoy);
    const matches = await this.#inTurn(() => verify(against, normalized(password)));
    return matches && stored != null;
  }

  /** Whether it was made with other parameters than today's: hash again while the password is at hand. */
  isOutdated(stored: string): boolean {
    const made = parseOptions(stored);
    return (Object.keys(this.#parameters) as (keyof HashParameters)[]).some(
      (key) => made[key] !== this.#parameters[key],
    );
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const end = this.#seconds.startTimer();
    try {
      if (this.#bulkhead.isFull)
        throw new CodedError('SERVICE_UNAVAILABLE', 'Too many people sign in at this moment: try again in 3 s.', {
          retryAfter: 3,
        });
      return await this.#bulkhead.run(work);
    } finally {
      end();
    }
  }
}

/** One password, however the keyboard composes its characters (NIST SP 800-63B 3.1.1.2). */
const normalized = (password: string): string => password.normalize('NFKC');

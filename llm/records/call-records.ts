import { setTimeout as sleep } from 'node:timers/promises';
import type { UsageEvent } from './usage-event.ts';

/** Shortest time between two writings, in ms. */
const EVERY_MS = 200;

interface Waiting {
  readonly event: UsageEvent;
  readonly written: PromiseWithResolvers<void>;
}

/**
 * The records of model calls on their way to the database. The first is written at once; those that end while one is
 * written, or soon after it, are written together. A killed process loses what ended in the last fifth of a second.
 */
export class CallRecords implements AsyncDisposable {
  readonly #write: (events: readonly UsageEvent[]) => Promise<unknown>;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  readonly #closing = new AbortController();

  /** @param write all or none of them. */
  constructor(write: (events: readonly UsageEvent[]) => Promise<unknown>) {
    this.#write = write;
  }

  /** Resolves when the record is written. @throws as writing does. */
  add(event: UsageEvent): Promise<void> {
    const written = Promise.withResolvers<void>();
    this.#waiting.push({ event, written });
    this.#writing ??= this.#run();
    return written.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#writing;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0);
      try {
        await this.#write(some.map(({ event }) => event));
        for (const { written } of some) written.resolve();
      } catch (error) {
        for (const { written } of some) written.reject(error);
      }
      await sleep(EVERY_MS, undefined, { signal: this.#closing.signal, ref: false }).catch(() => {});
    }
    this.#writing = undefined;
  }
}

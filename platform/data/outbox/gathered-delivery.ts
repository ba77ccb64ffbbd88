import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import type { Delivery } from './event-bus.ts';

/** How long the events of one lane wait for those of others, in ms. */
const GATHER_MS = 10;

interface Waiting {
  readonly batch: readonly Delivery[];
  readonly settled: PromiseWithResolvers<Delivery[]>;
}

/**
 * A delivery that puts together what several lanes bring at about the same time: few events are handled in one
 * transaction, and not in one for each lane. What is more than a transaction takes is handled side by side.
 */
export class GatheredDelivery {
  readonly #deliver: (batch: readonly Delivery[]) => Promise<Delivery[]>;
  readonly #most: number;
  readonly #log: Logger;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param most events that are put together. */
  constructor(deliver: (batch: readonly Delivery[]) => Promise<Delivery[]>, most: number, log: Logger) {
    this.#deliver = deliver;
    this.#most = most;
    this.#log = log;
  }

  /** @returns those of the batch that failed. @throws as the delivery does, for all that were put together. */
  deliver(batch: readonly Delivery[]): Promise<Delivery[]> {
    const settled = Promise.withResolvers<Delivery[]>();
    this.#waiting.push({ batch, settled });
    this.#timer ??= setTimeout(
      guarded({ where: 'inbox', log: this.#log }, () => this.#handOn()),
      GATHER_MS,
    );
    return settled.promise;
  }

  #handOn(): void {
    this.#timer = undefined;
    let together: Waiting[] = [];
    let events = 0;
    for (const one of this.#waiting.splice(0)) {
      if (events > 0 && events + one.batch.length > this.#most) {
        void this.#handle(together);
        [together, events] = [[], 0];
      }
      together.push(one);
      events += one.batch.length;
    }
    void this.#handle(together);
  }

  /** Never rejects. */
  async #handle(together: readonly Waiting[]): Promise<void> {
    try {
      const failed = new Set(await this.#deliver(together.flatMap(({ batch }) => batch)));
      for (const { batch, settled } of together) settled.resolve(batch.filter((one) => failed.has(one)));
    } catch (error) {
      for (const { settled } of together) settled.reject(error);
    }
  }
}

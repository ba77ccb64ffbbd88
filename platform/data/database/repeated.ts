import { setTimeout as sleep } from 'node:timers/promises';
import { outageOf } from '../../base/errors/outage.ts';
import { backoff } from '../../base/faults/backoff.ts';

/** Tries in all. Those that met once meet again only by chance: their pauses differ. */
const MAX_TRIES = 5;
const PAUSE = { firstMs: 10, maxMs: 200, isSpread: true } as const;

/**
 * Does work of the database that takes effect as a whole or not at all, and does it again where Postgres gave it up for
 * others that changed the same rows at the same time: a deadlock, or a write that cannot be put in an order.
 *
 * @throws what the work throws; after five tries the refusal of Postgres, which is an outage (`contended`).
 */
export async function repeated<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === MAX_TRIES || outageOf(error) !== 'contended') throw error;
      await sleep(backoff(tries, PAUSE));
    }
  }
}

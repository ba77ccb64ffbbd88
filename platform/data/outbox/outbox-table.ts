import type { PlatformEvent } from '../../contracts/events.ts';
import { LAZILY } from '../database/lazy-commit.ts';
import { INSERT_EVENTS, type SqlClient, type SqlTransaction } from './outbox.ts';

/** How long published events are kept: what can be published again when Redis loses its memory. */
const KEEP = `interval '24 hours'`;
/** A relay hands over within this time, or another does. */
const TRANSACTION = { maxWait: 5_000, timeout: 10_000 };

interface Row {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly aggregate: string;
  readonly payload: unknown;
  readonly recorded_at: Date | string;
}

/** A fact to be inserted. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly aggregate: string;
  readonly payload: unknown;
}

/**
 * The SQL of `outbox_events`, unqualified: the owner's role or search path says whose. A published event has
 * `claimed_until` as well: relays of an earlier version, which may run beside this one while an installation is
 * updated, leave it empty.
 */
export class OutboxTable {
  readonly #owner: string;
  readonly #client: SqlClient;

  constructor(owner: string, client: SqlClient) {
    this.#owner = owner;
    this.#client = client;
  }

  static async insert(tx: SqlTransaction, events: readonly NewEvent[]): Promise<void> {
    await tx.$executeRawUnsafe(INSERT_EVENTS.join('$1::jsonb'), JSON.stringify(events));
  }

  async pending(): Promise<number> {
    const rows = await this.#client.$queryRawUnsafe<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM outbox_events WHERE published_at IS NULL`,
    );
    return Number(rows[0]!.count);
  }

  /**
   * Reads the oldest events that wait, hands them over, and notes those that were taken.
   *
   * @param alone whether at most one relay of the owner may do so at a time. The events are then read, handed over and
   *   noted in one transaction, so that what `unpublish` makes wait again is not noted as published by a relay that
   *   read it before. Otherwise no transaction is open meanwhile.
   * @param hand returns whether the events were taken.
   * @returns how many waited; `busy` when another relay is at it.
   */
  async handOver(
    limit: number,
    alone: boolean,
    hand: (events: readonly PlatformEvent[]) => Promise<boolean>,
  ): Promise<number | 'busy'> {
    const work = async (on: SqlTransaction) => {
      const events = await this.#waiting(on, limit);
      if (events.length > 0 && (await hand(events))) await this.#published(on, events);
      return events.length;
    };
    if (!alone) return work(this.#client);
    return this.#client.$transaction(async (tx) => {
      const [row] = await tx.$queryRawUnsafe<{ mine: boolean }[]>(
        `SELECT pg_try_advisory_xact_lock(hashtext($1)) AS mine`,
        this.#lock,
      );
      return row!.mine ? work(tx) : 'busy';
    }, TRANSACTION);
  }

  async #waiting(on: SqlTransaction, limit: number): Promise<PlatformEvent[]> {
    const rows = await on.$queryRawUnsafe<Row[]>(
      `SELECT id, type, version, aggregate, payload, recorded_at FROM outbox_events
       WHERE published_at IS NULL ORDER BY position LIMIT ${limit}`,
    );
    return rows.map(
      ({ id, type, version, aggregate, payload, recorded_at }) =>
        ({
          id,
          type,
          version,
          owner: this.#owner,
          aggregate,
          payload,
          recordedAt: new Date(recorded_at),
        }) as PlatformEvent,
    );
  }

  /** A note that is lost makes the events come again, and consumers know them by their ids. */
  async #published(on: SqlTransaction, events: readonly PlatformEvent[]): Promise<void> {
    await on.$executeRawUnsafe(
      `UPDATE outbox_events SET published_at = clock_timestamp(), claimed_until = clock_timestamp()
       WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text($1::jsonb)) AND ${LAZILY}`,
      JSON.stringify(events.map(({ id }) => id)),
    );
  }

  /**
   * What is still kept counts as unpublished again: all of it, or what was published within ten minutes of the last.
   *
   * @returns how many had been published.
   */
  async unpublish(which: 'all' | 'latest'): Promise<number> {
    const latest = `published_at > (SELECT max(published_at) FROM outbox_events) - interval '10 minutes'`;
    return this.#alone((tx) =>
      tx.$executeRawUnsafe(
        `UPDATE outbox_events SET published_at = NULL, claimed_until = NULL
         WHERE ${which === 'all' ? 'published_at IS NOT NULL' : latest}`,
      ),
    );
  }

  /**
   * Makes wait again what a relay of an earlier version has published: it publishes where consumers of this version do
   * not read.
   */
  async unpublishFormer(): Promise<void> {
    await this.#alone((tx) =>
      tx.$executeRawUnsafe(
        `UPDATE outbox_events SET published_at = NULL WHERE published_at IS NOT NULL AND claimed_until IS NULL`,
      ),
    );
  }

  async deleteOld(): Promise<void> {
    await this.#client.$executeRawUnsafe(`DELETE FROM outbox_events WHERE published_at < clock_timestamp() - ${KEEP}`);
  }

  get #lock(): string {
    return `outbox ${this.#owner}`;
  }

  /** No relay of the owner reads or notes meanwhile. */
  async #alone<Result>(work: (tx: SqlTransaction) => PromiseLike<Result>): Promise<Result> {
    return this.#client.$transaction(async (tx) => {
      await tx.$executeRawUnsafe(`SELECT pg_advisory_xact_lock(hashtext($1))`, this.#lock);
      return work(tx);
    });
  }
}

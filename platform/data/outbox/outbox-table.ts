import type { PlatformEvent } from '../../contracts/events.ts';
import type { SqlClient, SqlTransaction } from './outbox.ts';

/** How long a relay that died may sit on what it had claimed. */
const CLAIM = `interval '30 seconds'`;
/** How long published events are kept: what can be published again when Redis loses its memory. */
const KEEP = `interval '24 hours'`;

interface Row {
  readonly position: bigint | number | string;
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly aggregate: string;
  readonly payload: unknown;
  readonly recorded_at: Date | string;
  readonly claim: string;
}

/** Events that one relay may hand over, in order, until a time that also names the claim. */
export interface Claim {
  readonly events: readonly PlatformEvent[];
  readonly until: string;
}

/** The SQL of `outbox_events`, unqualified: the owner's role or search path says whose. */
export class OutboxTable {
  readonly #owner: string;
  readonly #client: SqlClient;

  constructor(owner: string, client: SqlClient) {
    this.#owner = owner;
    this.#client = client;
  }

  static async insert(
    tx: SqlTransaction,
    event: { id: string; type: string; version: number; aggregate: string; payload: unknown },
  ): Promise<void> {
    await tx.$executeRawUnsafe(
      `INSERT INTO outbox_events (id, type, version, aggregate, payload) VALUES ($1::uuid, $2, $3::int, $4, $5::jsonb)`,
      event.id,
      event.type,
      event.version,
      event.aggregate,
      JSON.stringify(event.payload),
    );
  }

  async pending(): Promise<number> {
    const rows = await this.#client.$queryRawUnsafe<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM outbox_events WHERE published_at IS NULL`,
    );
    return Number(rows[0]!.count);
  }

  /**
   * Takes the oldest events that nobody else is handing over, in order. An event waits while an earlier one of its
   * aggregate is claimed.
   */
  async claim(limit: number): Promise<Claim> {
    const waiting = await this.#client.$queryRawUnsafe<unknown[]>(
      `SELECT 1 AS one FROM outbox_events
       WHERE published_at IS NULL AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) LIMIT 1`,
    );
    if (waiting.length === 0) return { events: [], until: '' };
    const rows = await this.#alone((tx) =>
      tx.$queryRawUnsafe<Row[]>(
        `WITH busy AS MATERIALIZED (
           SELECT aggregate, min(position) AS first FROM outbox_events
           WHERE published_at IS NULL AND claimed_until >= clock_timestamp() GROUP BY aggregate)
         UPDATE outbox_events SET claimed_until = (SELECT clock_timestamp() + ${CLAIM})
         WHERE position = ANY (ARRAY(
           SELECT position FROM outbox_events o
           WHERE published_at IS NULL AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
             AND NOT EXISTS (SELECT 1 FROM busy WHERE busy.aggregate = o.aggregate AND busy.first < o.position)
           ORDER BY position LIMIT ${limit} FOR UPDATE OF o SKIP LOCKED))
         RETURNING position, id, type, version, aggregate, payload, recorded_at, claimed_until::text AS claim`,
      ),
    );
    const events = rows
      .sort((a, b) => (BigInt(a.position) < BigInt(b.position) ? -1 : 1))
      .map(
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
    return { events, until: rows[0]?.claim ?? '' };
  }

  async published(claim: Claim): Promise<void> {
    await this.#settle('published_at = clock_timestamp(), claimed_until = NULL', claim);
  }

  async release(claim: Claim): Promise<void> {
    await this.#settle('claimed_until = NULL', claim);
  }

  /**
   * What is still kept counts as unpublished again: all of it, or what was published within ten minutes of the last.
   *
   * @returns how many had been published.
   */
  async unpublish(which: 'all' | 'latest'): Promise<number> {
    const latest = `published_at > (SELECT max(published_at) FROM outbox_events) - interval '10 minutes'`;
    return this.#alone(async (tx) => {
      await tx.$executeRawUnsafe(`UPDATE outbox_events SET claimed_until = NULL WHERE published_at IS NULL`);
      return tx.$executeRawUnsafe(
        `UPDATE outbox_events SET published_at = NULL WHERE ${which === 'all' ? 'published_at IS NOT NULL' : latest}`,
      );
    });
  }

  async deleteOld(): Promise<void> {
    await this.#client.$executeRawUnsafe(`DELETE FROM outbox_events WHERE published_at < clock_timestamp() - ${KEEP}`);
  }

  /** Only where the claim still stands: what was unpublished meanwhile must not count as published by us. */
  async #settle(assignment: string, { events, until }: Claim): Promise<void> {
    const ids = JSON.stringify(events.map((event) => event.id));
    await this.#alone((tx) =>
      tx.$executeRawUnsafe(
        `UPDATE outbox_events SET ${assignment} WHERE claimed_until = $2::text::timestamptz
           AND id IN (SELECT value::uuid FROM jsonb_array_elements_text($1::jsonb))`,
        ids,
        until,
      ),
    );
  }

  /** One relay of an owner at a time: they see one another's claims, and do not lock rows in different orders. */
  async #alone<Result>(work: (tx: SqlTransaction) => PromiseLike<Result>): Promise<Result> {
    return this.#client.$transaction(async (tx) => {
      await tx.$executeRawUnsafe(`SELECT pg_advisory_xact_lock(hashtext($1))`, `outbox ${this.#owner}`);
      return work(tx);
    });
  }
}

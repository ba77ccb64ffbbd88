import type { PlatformEvent } from './events.ts';
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
   * aggregate is claimed; the advisory lock makes claims see one another.
   */
  async claim(limit: number): Promise<PlatformEvent[]> {
    const waiting = await this.#client.$queryRawUnsafe<unknown[]>(
      `SELECT 1 AS one FROM outbox_events
       WHERE published_at IS NULL AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) LIMIT 1`,
    );
    if (waiting.length === 0) return [];
    const rows = await this.#client.$transaction(async (tx) => {
      await tx.$executeRawUnsafe(`SELECT pg_advisory_xact_lock(hashtext($1))`, `outbox ${this.#owner}`);
      return tx.$queryRawUnsafe<Row[]>(
        `WITH busy AS MATERIALIZED (
           SELECT aggregate, min(position) AS first FROM outbox_events
           WHERE published_at IS NULL AND claimed_until >= clock_timestamp() GROUP BY aggregate)
         UPDATE outbox_events SET claimed_until = clock_timestamp() + ${CLAIM}
         WHERE position = ANY (ARRAY(
           SELECT position FROM outbox_events o
           WHERE published_at IS NULL AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
             AND NOT EXISTS (SELECT 1 FROM busy WHERE busy.aggregate = o.aggregate AND busy.first < o.position)
           ORDER BY position LIMIT ${limit} FOR UPDATE OF o SKIP LOCKED))
         RETURNING position, id, type, version, aggregate, payload, recorded_at`,
      );
    });
    return rows
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
  }

  async published(ids: readonly string[]): Promise<void> {
    await this.#update('published_at = clock_timestamp(), claimed_until = NULL', ids);
  }

  async release(ids: readonly string[]): Promise<void> {
    await this.#update('claimed_until = NULL', ids);
  }

  /**
   * What is still kept counts as unpublished again: all of it, or what was published within ten minutes of the last.
   *
   * @returns how many had been published.
   */
  async unpublish(which: 'all' | 'latest'): Promise<number> {
    const latest = `published_at > (SELECT max(published_at) FROM outbox_events) - interval '10 minutes'`;
    return this.#client.$transaction(async (tx) => {
      await tx.$executeRawUnsafe(`UPDATE outbox_events SET claimed_until = NULL WHERE published_at IS NULL`);
      return tx.$executeRawUnsafe(
        `UPDATE outbox_events SET published_at = NULL WHERE ${which === 'all' ? 'published_at IS NOT NULL' : latest}`,
      );
    });
  }

  async deleteOld(): Promise<void> {
    await this.#client.$executeRawUnsafe(`DELETE FROM outbox_events WHERE published_at < clock_timestamp() - ${KEEP}`);
  }

  async #update(assignment: string, ids: readonly string[]): Promise<void> {
    await this.#client.$executeRawUnsafe(
      `UPDATE outbox_events SET ${assignment} WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text($1::jsonb))`,
      JSON.stringify(ids),
    );
  }
}

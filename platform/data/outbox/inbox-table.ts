import type { EventType, PlatformEvent } from '../../contracts/events.ts';
import type { SqlClient, SqlTransaction } from './outbox.ts';

const KEEP = `interval '7 days'`;

/** The events that something is deleted, and what in a payload names it. */
const DELETIONS = {
  'user.deleted': 'userId',
  'conversation.deleted': 'conversationId',
  'message.deleted': 'messageId',
} as const satisfies Partial<Record<EventType, string>>;

type Deletion = Readonly<Record<(typeof DELETIONS)[keyof typeof DELETIONS], string>>;

/** The SQL of `inbox_events`, unqualified: the owner's role or search path says whose. */
export class InboxTable {
  readonly #client: SqlClient;

  constructor(client: SqlClient) {
    this.#client = client;
  }

  /**
   * Notes events that are about to take effect. Where another transaction is at the same event, this waits until that
   * one ends. The ids are in one order in all transactions, so that two do not wait for one another.
   *
   * @returns the ids of those that have had no effect yet.
   */
  static async note(tx: SqlTransaction, events: readonly PlatformEvent[]): Promise<Set<string>> {
    // The ids come as one value: a client takes apart each row and each column of it.
    const rows = await tx.$queryRawUnsafe<{ ids: string }[]>(
      `WITH noted AS (
         INSERT INTO inbox_events (id, type)
         SELECT DISTINCT ON (id) id, type FROM json_to_recordset($1::json) AS event (id uuid, type text) ORDER BY id
         ON CONFLICT (id) DO NOTHING RETURNING id)
       SELECT coalesce(string_agg(id::text, ','), '') AS ids FROM noted`,
      JSON.stringify(events.map(({ id, type }) => ({ id, type }))),
    );
    return new Set(rows[0]!.ids.split(','));
  }

  /** @throws when the database does not answer. */
  async check(): Promise<void> {
    await this.#client.$queryRawUnsafe('SELECT 1 AS one');
  }

  async park(event: PlatformEvent, attempts: number, problem: string): Promise<void> {
    await this.#client.$executeRawUnsafe(
      `INSERT INTO inbox_events (id, type, parked_at, attempts, problem, event)
       VALUES ($1::uuid, $2, clock_timestamp(), $3::int, $4, $5::jsonb) ON CONFLICT (id) DO NOTHING`,
      event.id,
      event.type,
      attempts,
      problem,
      JSON.stringify(event),
    );
  }

  /** Parked events that a person wants tried again (`ParkedWork.retry`). */
  async wanted(): Promise<PlatformEvent[]> {
    const rows = await this.#client.$queryRawUnsafe<{ event: PlatformEvent }[]>(
      `SELECT event FROM inbox_events WHERE parked_at IS NOT NULL AND attempts = 0 ORDER BY id LIMIT 100`,
    );
    return rows.map(({ event }) => event);
  }

  /** Takes a wanted event out, so that it counts as new. @returns false when another process was quicker. */
  static async take(tx: SqlTransaction, id: string): Promise<boolean> {
    const sql = `DELETE FROM inbox_events WHERE id = $1::uuid AND parked_at IS NOT NULL AND attempts = 0`;
    return (await tx.$executeRawUnsafe(sql, id)) === 1;
  }

  /**
   * Gives up what is parked and holds what users have written, where that is deleted now: tried again later it would
   * bring it back, and until then it would lie here. Done before the effects of the deletion: what is tried again at
   * this moment is waited for, and deleted with the rest.
   */
  static async dropDeleted(tx: SqlTransaction, events: readonly PlatformEvent[]): Promise<void> {
    for (const [type, key] of Object.entries(DELETIONS)) {
      const gone = events
        .filter((event) => event.type === type)
        .map(({ payload }) => (payload as unknown as Deletion)[key]);
      if (gone.length === 0) continue;
      await tx.$executeRawUnsafe(
        `UPDATE inbox_events
         SET parked_at = NULL, event = NULL, handled_at = clock_timestamp(), problem = 'what it was about is deleted'
         WHERE parked_at IS NOT NULL AND type IN ('message.completed', 'user.registered')
           AND event -> 'payload' ->> $1::text = ANY($2::text[])`,
        key,
        gone,
      );
    }
  }

  /** It failed again. */
  async parkAgain(id: string, problem: string): Promise<void> {
    await this.#client.$executeRawUnsafe(
      `UPDATE inbox_events SET attempts = 1, problem = $2, parked_at = clock_timestamp()
       WHERE id = $1::uuid AND parked_at IS NOT NULL`,
      id,
      problem,
    );
  }

  async deleteOld(): Promise<void> {
    await this.#client.$executeRawUnsafe(
      `DELETE FROM inbox_events WHERE parked_at IS NULL AND handled_at < clock_timestamp() - ${KEEP}`,
    );
  }
}

import type { EventInput, EventPayload, EventType, PlatformEvent } from '../../contracts/events.ts';

/**
 * The outbox: facts that others need are written to `outbox_events` of the owner's schema in the transaction of the
 * change itself; a relay hands them to the event bus, at least once, in order per aggregate. A consumer notes the
 * event's id in `inbox_events` of its own schema in the transaction of the effect, so the effect happens exactly once.
 *
 * Both tables are the same for every owner. Copy the models into prisma/<owner>/schema.prisma:
 *
 * ```prisma
 * /// Facts for others, written with the change they tell of; the platform's relay delivers them.
 * model OutboxEvent {
 *   position     BigInt    @id @default(autoincrement())
 *   id           String    @unique @db.Uuid
 *   type         String
 *   version      Int
 *   aggregate    String
 *   payload      Json
 *   recordedAt   DateTime  @default(now()) @map("recorded_at") @db.Timestamptz(3)
 *   /// Set with publishedAt, but for what a relay of an earlier version has published.
 *   claimedUntil DateTime? @map("claimed_until") @db.Timestamptz(3)
 *   publishedAt  DateTime? @map("published_at") @db.Timestamptz(3)
 *
 *   @@index([publishedAt, position])
 *   @@map("outbox_events")
 * }
 *
 * /// Events of others that took effect here, or were parked after failing too often.
 * model InboxEvent {
 *   id         String    @id @db.Uuid
 *   type       String
 *   handledAt  DateTime  @default(now()) @map("handled_at") @db.Timestamptz(3)
 *   parkedAt   DateTime? @map("parked_at") @db.Timestamptz(3)
 *   attempts   Int       @default(1)
 *   problem    String?
 *   event      Json?
 *
 *   @@index([handledAt])
 *   @@map("inbox_events")
 * }
 * ```
 *
 * and append to its migration: `CREATE INDEX "inbox_events_parked" ON "inbox_events" ("parked_at") WHERE "parked_at" IS
 * NOT NULL;`
 */
export interface Outbox {
  /**
   * Records a fact in a running transaction: it is delivered if and only if the transaction commits.
   *
   * @param tx the client that `$transaction(async (tx) => …)` gives.
   * @returns the event's id.
   * @throws {ZodError} the payload is not what events.ts says: a programming error.
   */
  record<T extends EventType>(tx: SqlTransaction, type: T, payload: EventInput<T>): Promise<string>;
  /** Records facts that belong to no other change, by one statement, in this order. @throws as `record`. */
  recordAlone(facts: readonly Fact[]): Promise<void>;
  /** Prepares facts for a statement that makes its change and records them at once. @throws as `record`. */
  prepare(facts: readonly Fact[]): PreparedFacts;
}

/** The events of a statement that records them itself, by `INSERT_EVENTS`. */
export interface PreparedFacts {
  /** JSON of a list of rows. */
  readonly rows: string;
  /** Says that the statement has been committed: the events are handed over at once. */
  recorded(): void;
}

/** The text around an expression that gives `PreparedFacts.rows` as jsonb. Null, as no rows, records nothing. */
export const INSERT_EVENTS = [
  `INSERT INTO outbox_events (id, type, version, aggregate, payload)
   SELECT (fact->>'id')::uuid, fact->>'type', (fact->>'version')::int, fact->>'aggregate', fact->'payload'
   FROM jsonb_array_elements(`,
  ') WITH ORDINALITY AS facts (fact, place) ORDER BY place',
] as const;

/** A fact of any type, as its producer gives it. */
export type Fact = { [T in EventType]: { readonly type: T; readonly payload: EventInput<T> } }[EventType];

/** The part of a Prisma client inside `$transaction` that the outbox needs; every generated client has it. */
export interface SqlTransaction {
  $executeRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<number>;
  $queryRawUnsafe<Rows = unknown>(sql: string, ...values: unknown[]): PromiseLike<Rows>;
}

/** The part of a Prisma client that the outbox needs. `Tx` is the type of client inside its transactions. */
export interface SqlClient<Tx extends SqlTransaction = SqlTransaction> extends SqlTransaction {
  $transaction<Result>(
    work: (tx: Tx) => Promise<Result>,
    options?: { maxWait?: number; timeout?: number },
  ): Promise<Result>;
}

/**
 * The work that a consumer does about events, inside the transaction that also notes their ids. It writes through `tx`
 * only; what cannot be undone (a mail, a call) does not belong here. Up to `MAX_BATCH` events share a transaction. A
 * throw rolls it back; the events are then tried in smaller batches, until the one that fails is alone. That one is
 * tried again with growing pauses; after `MAX_ATTEMPTS` it is parked in `inbox_events` (`parked_at`, `problem`, the
 * event itself) with an error in the log and a metric, and later events of its aggregate go on.
 */
export type EventHandlers<Tx extends SqlTransaction> = {
  readonly [T in EventType]?: EventHandler<T, Tx> | BatchHandler<T, Tx>;
};

export type EventHandler<T extends EventType, Tx extends SqlTransaction> = (
  event: PlatformEvent<T>,
  tx: Tx,
) => Promise<void>;

/** A handler that takes what comes together by few statements. The same object may stand for several types. */
export interface BatchHandler<T extends EventType, Tx extends SqlTransaction> {
  /** @param events at least one, in order; each is new. */
  handle(events: readonly PlatformEvent<T>[], tx: Tx): Promise<void>;
}

export type { EventInput, EventPayload, EventType, PlatformEvent };

/** Failures after which an event is parked. */
export const MAX_ATTEMPTS = 5;
/** Events in one transaction of a consumer. */
export const MAX_BATCH = 100;

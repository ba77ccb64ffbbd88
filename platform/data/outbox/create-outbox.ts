import type { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import type { Logger } from '../../base/log/log.ts';
import { EVENTS, type EventInput, type EventType, patienceOf } from '../../contracts/events.ts';
import { afterCommit } from '../database/after-commit.ts';
import type { EventBus } from './event-bus.ts';
import type { Fact, Outbox, SqlClient, SqlTransaction } from './outbox.ts';
import { type NewEvent, OutboxTable } from './outbox-table.ts';
import { Relay } from './relay.ts';

/**
 * Opens the outbox of one owner, and the relay that hands its events to the bus. Any number of processes may run one on
 * the same tables.
 *
 * @param options.client the owner's Prisma client, which tells its commits (`tellsCommits`).
 * @param options.lookMs longest time between two looks for what another process recorded and did not hand over.
 */
export function createOutbox(options: {
  owner: string;
  client: SqlClient;
  events: EventBus;
  log: Logger;
  metrics: Registry;
  lifecycle: AsyncDisposableStack;
  lookMs?: number;
}): Outbox {
  const relay = new Relay(options.owner, new OutboxTable(options.owner, options.client), options);
  options.lifecycle.defer(() => relay.close());
  return {
    async record<T extends EventType>(tx: SqlTransaction, type: T, payload: EventInput<T>): Promise<string> {
      const event = eventOf(type, payload);
      afterCommit(tx, () => relay.wake(patienceOf(type, payload)));
      await OutboxTable.insert(tx, [event]);
      return event.id;
    },
    async recordAlone(facts) {
      if (facts.length === 0) return;
      await OutboxTable.insert(
        options.client,
        facts.map(({ type, payload }) => eventOf(type, payload)),
      );
      relay.wake(patience(facts));
    },
    prepare: (facts) => ({
      rows: JSON.stringify(facts.map(({ type, payload }) => eventOf(type, payload))),
      recorded: () => {
        if (facts.length > 0) relay.wake(patience(facts));
      },
    }),
  };
}

/** How long facts that were recorded together may wait: as long as the most urgent of them. */
const patience = (facts: readonly Fact[]): number =>
  Math.min(...facts.map(({ type, payload }) => patienceOf(type, payload)));

function eventOf(type: EventType, payload: unknown): NewEvent {
  const { version, payload: schema, aggregate } = EVENTS[type];
  const checked = schema.parse(payload);
  return {
    id: uuidv7(),
    type,
    version,
    aggregate: (aggregate as (checked: unknown) => string)(checked),
    payload: checked,
  };
}

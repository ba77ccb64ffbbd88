import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import { storeMetrics } from '../../base/metrics/store-metrics.ts';
import { EVENTS, type PlatformEvent } from '../../contracts/events.ts';
import type { EventBus } from './event-bus.ts';
import { type EventHandlers, MAX_ATTEMPTS, type SqlClient, type SqlTransaction } from './outbox.ts';

const TRANSACTION = { maxWait: 5_000, timeout: 30_000 };
const KEEP = `interval '7 days'`;
const HOUSEKEEPING_MS = 3_600_000;

const NOTE = `INSERT INTO inbox_events (id, type) VALUES ($1::uuid, $2) ON CONFLICT (id) DO NOTHING`;
const PARK = `
INSERT INTO inbox_events (id, type, parked_at, attempts, problem, event)
VALUES ($1::uuid, $2, clock_timestamp(), $3::int, $4, $5::jsonb) ON CONFLICT (id) DO NOTHING`;

/**
 * Lets a subgraph take part in what others tell. Call it once, before the process calls `events.start()`.
 *
 * @param consumer name of the subgraph; its replicas share the work.
 * @param client the subgraph's Prisma client; `handlers` write through the transaction they are given.
 */
export async function consumeEvents<Tx extends SqlTransaction>(options: {
  consumer: string;
  client: SqlClient<Tx>;
  events: EventBus;
  handlers: EventHandlers<Tx>;
  log: Logger;
  metrics: Registry;
  lifecycle: AsyncDisposableStack;
  /** Pause before the second attempt, in ms; each later one is four times as long. Default 50. */
  retryMs?: number;
}): Promise<void> {
  const { consumer, client, handlers, log, retryMs = 50 } = options;
  const { inboxEvents } = storeMetrics(options.metrics);

  /** The effect and the note that it happened, or neither. */
  const handle = (event: PlatformEvent, effect: (event: PlatformEvent, tx: Tx) => Promise<void>) =>
    client.$transaction(async (tx) => {
      // Where another process is at the same event, this waits for its transaction to end.
      if ((await tx.$executeRawUnsafe(NOTE, event.id, event.type)) === 0) return 'duplicate';
      await effect(event, tx);
      return 'handled';
    }, TRANSACTION);

  const park = async (event: PlatformEvent, attempts: number, error: unknown) => {
    const problem = error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 2_000) : String(error);
    await client.$executeRawUnsafe(PARK, event.id, event.type, attempts, problem, JSON.stringify(event));
    inboxEvents.inc({ consumer, outcome: 'parked' });
    log.error(
      { err: error, eventId: event.id, type: event.type, attempts },
      'An event failed too often and is parked in inbox_events.',
    );
  };

  const member = await options.events.join(consumer, async (event, deliveries, signal) => {
    const effect = handlers[event.type] as ((event: PlatformEvent, tx: Tx) => Promise<void>) | undefined;
    if (!effect) return;
    const payload = EVENTS[event.type].payload.safeParse(event.payload);
    if (!payload.success) return park(event, 1, payload.error);
    const checked = { ...event, payload: payload.data } as PlatformEvent;
    if (deliveries > MAX_ATTEMPTS)
      return park(event, deliveries, new Error('it was never confirmed: did it end the process?'));
    for (let attempt = 1; ; attempt++) {
      try {
        inboxEvents.inc({ consumer, outcome: await handle(checked, effect) });
        return;
      } catch (error) {
        // A database that is away is no fault of the event: it comes again, as often as it takes.
        await client.$queryRawUnsafe('SELECT 1 AS one');
        if (attempt >= MAX_ATTEMPTS) return park(event, attempt, error);
        inboxEvents.inc({ consumer, outcome: 'retried' });
        log.warn(
          { err: error, eventId: event.id, type: event.type, attempt },
          'An event could not be handled; trying again.',
        );
      }
      await sleep(retryMs * 4 ** (attempt - 1), undefined, { signal });
    }
  });

  const forget = () =>
    void Promise.resolve(
      client.$executeRawUnsafe(
        `DELETE FROM inbox_events WHERE parked_at IS NULL AND handled_at < clock_timestamp() - ${KEEP}`,
      ),
    ).catch((error) => log.warn({ err: error }, 'Old inbox events could not be deleted.'));
  const housekeeping = setInterval(guarded({ where: 'inbox', log }, forget), HOUSEKEEPING_MS).unref();
  options.lifecycle.defer(async () => {
    clearInterval(housekeeping);
    await member[Symbol.asyncDispose]();
  });
}

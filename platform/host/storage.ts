import { every } from '../base/faults/every.ts';
import { guarded } from '../base/faults/guarded.ts';
import { storeMetrics } from '../base/metrics/store-metrics.ts';
import type { Owner } from '../contracts/owners.ts';
import type { ClientClass } from '../data/database/database.ts';
import { JobRunner, jobTopic } from '../data/jobs/job-runner.ts';
import { consumeEvents, type ParkedEvents } from '../data/outbox/consume-events.ts';
import { createOutbox } from '../data/outbox/create-outbox.ts';
import type { EventHandlers, Outbox, SqlClient, SqlTransaction } from '../data/outbox/outbox.ts';
import { ParkedWork } from '../data/parked-work.ts';
import type { Route } from './definition.ts';
import { parkedRoutes } from './parked-routes.ts';
import type { Platform } from './platform.ts';

/** How often what is parked is counted, in ms. */
const COUNT_PARKED_MS = 60_000;

/**
 * The storage that a subgraph with tables opens first: its tables, what it tells others, what it hears, what it does
 * later.
 */
export interface Storage<Client, Tx extends SqlTransaction> {
  /** The owner's Prisma client. */
  readonly db: Client & SqlClient<Tx>;
  /** What the subgraph tells others. The relay of its events starts at the first use. */
  readonly outbox: Outbox;
  /**
   * Creates a runner of jobs. The subgraph starts it; the platform closes it.
   *
   * @param gatherMs how long the end of a job waits for that of others, in ms.
   */
  jobs(concurrency?: number, gatherMs?: number): JobRunner<Tx>;
  /** Jobs and events that failed too often. */
  readonly parked: ParkedWork;
  /** Routes by which administrators list, retry and drop what is parked; the subgraph serves them. */
  readonly parkedRoutes: readonly Route[];
  /**
   * Hears the events of others. Called once, with a handler for each type of event.
   *
   * @param options.lanes how many replicas may work at the same time; default 1.
   * @param options.batch events in one transaction at most, where other users of the database do not wait for it: the
   *   embedded one does one transaction at a time, and keeps to the default.
   */
  consume(handlers: EventHandlers<Tx>, options?: { readonly lanes?: number; readonly batch?: number }): Promise<void>;
}

/**
 * Opens the storage of an owner. What it opens is closed with the subgraph.
 *
 * @param Client the owner's generated Prisma client.
 */
export async function openStorage<Client extends SqlClient<Tx>, Tx extends SqlTransaction>(
  { config, database, events, topics, log, metrics, lifecycle }: Platform,
  owner: Owner,
  Client: ClientClass<Client & SqlClient<Tx>>,
): Promise<Storage<Client, Tx>> {
  const db = await database.client(owner, Client);
  const shared = { client: db, events, log, metrics, lifecycle };
  let outbox: Outbox | undefined;
  let consumer: ParkedEvents | undefined;
  const parked = new ParkedWork(db, () => {
    void topics.publish(jobTopic(owner), null);
    guarded({ where: 'parked events', log }, async () => consumer?.tryParked())();
  });
  const count = async (): Promise<void> => {
    storeMetrics(metrics).parkedWork.set({ owner }, await parked.count());
  };
  lifecycle.defer(every(COUNT_PARKED_MS, { where: 'parked work', log }, count));
  void events.started.then(guarded({ where: 'parked work', log }, count));
  return {
    db,
    parked,
    parkedRoutes: parkedRoutes(parked),
    get outbox() {
      outbox ??= createOutbox({ ...shared, owner });
      return outbox;
    },
    jobs: (concurrency, gatherMs) =>
      lifecycle.use(
        new JobRunner<Tx>(db, {
          owner,
          log,
          metrics,
          topics,
          exclusive: config.DATABASE_URL === undefined,
          concurrency,
          gatherMs,
        }),
      ),
    async consume(handlers, { lanes, batch } = {}) {
      const most = config.DATABASE_URL === undefined ? undefined : batch;
      consumer = await consumeEvents<Tx>({ ...shared, consumer: owner, handlers, lanes, batch: most });
    },
  };
}

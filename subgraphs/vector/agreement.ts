import type { Registry } from 'prom-client';
import type { State } from '#platform/base/faults/state-of.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Jobs } from '#platform/data/jobs/jobs.ts';
import type { Prisma, PrismaClient } from '#prisma/vector/client/client.ts';
import type { VectorStore } from '#retrieval/vectors/vector-store.ts';
import { vectorMetrics } from './metrics.ts';
import { countObjects, differencesOf, isUnsure, lostObjects, orphansOf } from './reconcile.ts';

/** The kind of the jobs that compare collections with the store. */
export const COMPARE_COLLECTIONS = 'compare-collections';

const DAY_MS = 86_400_000;
/** Less than the hour after which it is asked again. */
const HALF_HOUR_MS = 1_800_000;

export interface AgreementOptions {
  readonly db: PrismaClient;
  readonly store: () => Promise<VectorStore>;
  /** Runs the comparison, which may take minutes. */
  readonly jobs: Jobs<Prisma.TransactionClient>;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Time after which a difference is looked at again, in ms: longer than an upsert takes. */
  readonly settleMs: number;
}

/**
 * The agreement of collections with what the store holds of them, which exists nowhere else: they are compared once a
 * day, or each hour, by a job, which one of all processes takes. Nothing can be made again, so what is gone is counted
 * beside the collection, and told.
 */
export class Agreement {
  readonly #options: AgreementOptions;
  #lost = 0;

  /** Registers the job: before `jobs` starts. */
  constructor(options: AgreementOptions) {
    this.#options = options;
    options.jobs.handle(COMPARE_COLLECTIONS, { run: (_, { signal }) => this.#compare(signal) });
  }

  /**
   * Queues a comparison unless there was one lately, one is under way, or one waits for a person. Lately is within a
   * day, and where it is not sure what the store must hold, within half an hour. Never rejects.
   */
  async queueDue(): Promise<void> {
    const { db, log } = this.#options;
    try {
      await this.#note();
      const lately = (await isUnsure(db)) ? HALF_HOUR_MS : DAY_MS;
      const recent = { state: 'DONE', finishedAt: { gt: new Date(Date.now() - lately) } };
      const OR = [{ state: { in: ['RUNNING', 'PARKED'] } }, recent];
      if ((await db.job.count({ where: { kind: COMPARE_COLLECTIONS, OR } })) === 0) await this.queue();
    } catch (error) {
      log.warn({ err: error }, 'whether collections are to be compared with the store could not be found out');
    }
  }

  /** Queues a comparison; one that waits already is enough. */
  async queue(): Promise<void> {
    const { db, jobs } = this.#options;
    await db.$transaction((tx) => jobs.enqueue(tx, COMPARE_COLLECTIONS, null, { key: 'collections' }));
  }

  /** Adds what was lost to what the store says of itself. */
  health(store: State): State {
    if (store.status === 'down' || this.#lost === 0) return store;
    return { status: 'up', detail: `objects of vector collections that the store has lost: ${this.#lost}` };
  }

  async #compare(signal: AbortSignal): Promise<void> {
    const { db, store, log, settleMs } = this.#options;
    const opened = await store();
    const losses = await countObjects(db, await differencesOf(db, opened, { settleMs, signal }));
    const lost = losses.reduce((sum, loss) => sum + loss.lost, 0);
    const collections = losses.map(({ id }) => id);
    const orphans = await orphansOf(db, opened);
    if (lost > 0)
      log.warn(
        { lost, collections: collections.length, examples: collections.slice(0, 5) },
        'the vector store has lost objects of collections, which exist nowhere else: restore a backup, or have their owners send them again',
      );
    if (orphans.length > 0)
      log.warn(
        { spaces: orphans.length, examples: orphans.slice(0, 5) },
        'the vector store holds spaces of collections that do not exist: `sextant reindex` removes them',
      );
    await this.#note();
  }

  async #note(): Promise<void> {
    this.#lost = await lostObjects(this.#options.db);
    vectorMetrics(this.#options.metrics).objectsLost.set(this.#lost);
  }
}

import type { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { type State, stateOf } from '../../base/faults/state-of.ts';
import type { Logger } from '../../base/log/log.ts';
import { storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { Owner } from '../../contracts/owners.ts';
import { JobRefused, type Jobs } from '../jobs/jobs.ts';
import type { SqlClient, SqlTransaction } from '../outbox/outbox.ts';
import { compareFiles, type FileComparison, type FileRows, MostFilesHaveNoRow } from './compare-files.ts';
import { claimFiles, FilesOfAnother } from './file-claim.ts';
import type { UsedFiles } from './used-files.ts';

/** The kind of the jobs that compare files with rows. */
export const COMPARE_FILES = 'compare-files';

export interface OwnedFilesOptions<Tx extends SqlTransaction> {
  readonly owner: Owner;
  readonly client: SqlClient<Tx>;
  readonly used: UsedFiles;
  readonly rows: FileRows;
  /** Runs the comparison, which may take minutes. */
  readonly jobs: Jobs<Tx>;
  readonly log: Logger;
  readonly metrics: Registry;
}

/**
 * The agreement of an owner's files with its rows: they are compared once a day by a job, which one of all processes
 * takes. What the last comparison found is read by all of them.
 */
export class OwnedFiles<Tx extends SqlTransaction> {
  readonly #options: OwnedFilesOptions<Tx>;
  #missing = 0;

  /** Registers the job: before `jobs` starts. */
  constructor(options: OwnedFilesOptions<Tx>) {
    this.#options = options;
    options.jobs.handle(COMPARE_FILES, { run: (_, { id, signal }) => this.#compare(id, signal) });
  }

  /**
   * Queues a comparison unless there was one within a day, one is under way, or one waits for a person. Never rejects.
   */
  async queueDue(): Promise<void> {
    try {
      await this.#queueDue();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'whether files are to be compared with their rows could not be found out');
    }
  }

  async #queueDue(): Promise<void> {
    const { client, jobs } = this.#options;
    this.#note(await lastMissing(client));
    const [known] = await client.$queryRawUnsafe<{ there: boolean }[]>(
      `SELECT EXISTS (SELECT FROM jobs WHERE kind = $1 AND (
         state IN ('RUNNING', 'PARKED') OR (state = 'DONE' AND finished_at > now() - interval '1 day'))) AS there`,
      COMPARE_FILES,
    );
    if (known!.there) return;
    await client.$transaction((tx) => jobs.enqueue(tx, COMPARE_FILES, null, { key: 'files' }));
  }

  /** The state of the storage, and what the last comparison missed. */
  async health(): Promise<State> {
    const health = await stateOf((signal) => this.#options.used.blobs.health(signal));
    if (health.status === 'down') return health;
    if (this.#options.used.isContested())
      return { status: 'up', detail: 'another installation uses the same files: none is deleted' };
    if (this.#missing === 0) return health;
    return { status: 'up', detail: `files that rows name are missing: ${this.#missing}` };
  }

  async #compare(id: string, signal: AbortSignal): Promise<(tx: Tx) => Promise<void>> {
    const { owner, client, rows, log, metrics } = this.#options;
    const { blobs } = this.#options.used;
    // Not every key may list uploads, and not every server can: to compare needs neither.
    await blobs.endAbandoned().then(
      (ended) => ended > 0 && log.info({ ended }, 'ended uploads that earlier processes left unfinished'),
      (error: unknown) => log.warn({ err: error }, 'cannot end unfinished uploads in the storage of files'),
    );
    const compare = async () => {
      const { removesFrom } = await claimFiles(client, blobs, owner);
      return compareFiles(blobs, rows, { signal, removes: removesFrom.getTime() > Date.now() ? 'none' : 'some' });
    };
    const found = await compare().catch((error: unknown) => {
      const isRefusal = error instanceof MostFilesHaveNoRow || error instanceof FilesOfAnother;
      throw isRefusal ? new JobRefused(error.message) : error;
    });
    storeMetrics(metrics).filesRemoved.inc({ owner }, found.removed);
    const level = found.removed + found.missing > 0 ? 'warn' : found.strangers > 0 ? 'info' : 'debug';
    log[level](found, 'files were compared with their rows');
    return async (tx) => {
      // Read by lastMissing, in all processes.
      const sql = 'UPDATE jobs SET done = $2::int, total = $3::int WHERE id = $1::uuid';
      await tx.$executeRawUnsafe(sql, id, found.needed - found.missing, found.needed);
      this.#note(found.missing);
    };
  }

  #note(missing: number): void {
    this.#missing = missing;
    storeMetrics(this.#options.metrics).filesMissing.set({ owner: this.#options.owner }, missing);
  }
}

/** Returns how many files of an owner's rows were missing at the last comparison of the last week. */
export async function lastMissing(client: Pick<SqlTransaction, '$queryRawUnsafe'>): Promise<number> {
  const [last] = await client.$queryRawUnsafe<{ missing: number }[]>(
    `SELECT total - done AS missing FROM jobs WHERE kind = $1 AND state = 'DONE'
     ORDER BY finished_at DESC LIMIT 1`,
    COMPARE_FILES,
  );
  return last?.missing ?? 0;
}

/**
 * Notes a comparison that a person asked for, as if the job had made it: all processes say what it found. Comparisons
 * that were refused are given up, since one with another decision has taken their place.
 */
export async function noteComparison(
  client: Pick<SqlTransaction, '$executeRawUnsafe'>,
  { needed, missing }: Pick<FileComparison, 'needed' | 'missing'>,
): Promise<void> {
  await client.$executeRawUnsafe(`DELETE FROM jobs WHERE kind = $1 AND state = 'PARKED'`, COMPARE_FILES);
  await client.$executeRawUnsafe(
    `INSERT INTO jobs (id, kind, payload, state, done, total, finished_at)
     VALUES ($1::uuid, $2, 'null', 'DONE', $3::int, $4::int, now())`,
    uuidv7(),
    COMPARE_FILES,
    needed - missing,
    needed,
  );
}

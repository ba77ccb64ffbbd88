import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import type { SqlTransaction } from '../outbox/outbox.ts';
import type { Ended, JobEnd, JobTable } from './job-table.ts';

interface Waiting<Tx extends SqlTransaction> {
  readonly end: JobEnd<Tx>;
  readonly settled: PromiseWithResolvers<Ended | undefined>;
}

/** The ends of the jobs of a process. Those that come within a short time of one another share a transaction. */
export class JobEnds<Tx extends SqlTransaction> {
  readonly #table: Pick<JobTable<Tx>, 'finish'>;
  readonly #gatherMs: number;
  readonly #log: Logger;
  #waiting: Waiting<Tx>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isHurried = false;

  /** @param gatherMs how long an end waits for others; 0: each has a transaction of its own. */
  constructor(table: Pick<JobTable<Tx>, 'finish'>, gatherMs: number, log: Logger) {
    this.#table = table;
    this.#gatherMs = gatherMs;
    this.#log = log;
  }

  /**
   * Ends a job together with its effect. An effect that fails does not fail the other ends.
   *
   * @returns undefined when the job is no longer ours: then nothing was written.
   */
  end(end: JobEnd<Tx>): Promise<Ended | undefined> {
    if (this.#gatherMs === 0 || this.#isHurried) return this.#alone(end);
    const settled = Promise.withResolvers<Ended | undefined>();
    this.#waiting.push({ end, settled });
    this.#timer ??= setTimeout(
      guarded({ where: 'jobs', log: this.#log }, () => this.#write()),
      this.#gatherMs,
    );
    return settled.promise;
  }

  /** Waits for nothing from here on: the process ends. */
  hurry(): void {
    this.#isHurried = true;
    void this.#write();
  }

  async #alone(end: JobEnd<Tx>): Promise<Ended | undefined> {
    return (await this.#table.finish([end])).get(end.job.lease);
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    try {
      const ended = await this.#table.finish(
        waiting.map(({ end }) => end),
        true,
      );
      for (const { end, settled } of waiting) settled.resolve(ended.get(end.job.lease));
    } catch (error) {
      if (waiting.length === 1) {
        waiting[0]!.settled.reject(error);
        return;
      }
      // One of the effects has failed, and the end of each is written for itself.
      for (const { end, settled } of waiting) await this.#alone(end).then(settled.resolve, settled.reject);
    }
  }
}

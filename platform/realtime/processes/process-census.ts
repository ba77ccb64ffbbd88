import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import type { Subscription, Topics } from '../topics/topics.ts';
import { type ProcessReport, processReport } from './process-report.ts';

/** A process that was heard of. */
export interface SeenProcess {
  readonly report: ProcessReport;
  readonly seenAt: Date;
  /** Whether it answered this time. One that is stopped, frozen or cut off is remembered for a while. */
  readonly isAnswering: boolean;
}

const TOPIC = 'processes:asked';
/** Prefix of the topic on which a census hears the answers. */
const ANSWERS = 'processes:answer:';
/** How long answers are waited for, in ms: at least, for processes that are not known yet, and at most. */
const LEAST_MS = 400;
const PATIENCE_MS = 1_500;
/** How long a process that does not answer any more is told of, in ms. */
const REMEMBERED_MS = 120_000;
const MAX_PROCESSES = 1_000;

/**
 * Answers each census with a report of this process.
 *
 * @param report made again for each census.
 * @returns when this process is heard of; `close` ends it.
 */
export function answerCensus(topics: Topics, report: () => Promise<ProcessReport>, log: Logger): Promise<Subscription> {
  const answer = guarded({ where: 'process census', log }, async (asked: unknown) => {
    if (typeof asked === 'string' && asked.startsWith(ANSWERS)) await topics.publish(asked, await report());
  });
  return topics.subscribe(TOPIC, answer);
}

/** The question to all processes of this installation: who is there, and how is each? One at a time is under way. */
export class ProcessCensus {
  readonly #topics: Topics;
  readonly #known = new Map<string, SeenProcess>();
  #running: Promise<readonly SeenProcess[]> | undefined;

  constructor(topics: Topics) {
    this.#topics = topics;
  }

  /** Asks, waits until all that are known have answered, at least for a moment, and returns who is or was there. */
  take(): Promise<readonly SeenProcess[]> {
    this.#running ??= this.#ask().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #ask(): Promise<readonly SeenProcess[]> {
    const topic = `${ANSWERS}${randomUUID()}`;
    const answered = new Map<string, SeenProcess>();
    const awaited = new Set([...this.#known].flatMap(([key, { isAnswering }]) => (isAnswering ? [key] : [])));
    const { promise: complete, resolve } = Promise.withResolvers<void>();
    const heard = await this.#topics.subscribe(topic, (answer) => {
      const report = processReport.safeParse(answer).data;
      if (!report || answered.size >= MAX_PROCESSES) return;
      const key = `${report.service} ${report.instance}`;
      answered.set(key, { report, seenAt: new Date(), isAnswering: true });
      awaited.delete(key);
      if (awaited.size === 0 && this.#known.size > 0) resolve();
    });
    try {
      await this.#topics.publish(TOPIC, topic);
      const least = sleep(LEAST_MS, undefined, { ref: false });
      await Promise.race([Promise.all([complete, least]), sleep(PATIENCE_MS, undefined, { ref: false })]);
    } finally {
      heard.close();
    }
    const forgotten = Date.now() - REMEMBERED_MS;
    for (const [key, seen] of this.#known) {
      if (seen.seenAt.getTime() < forgotten) this.#known.delete(key);
      else this.#known.set(key, { ...seen, isAnswering: false });
    }
    for (const [key, seen] of answered) this.#known.set(key, seen);
    return [...this.#known.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }
}

const keyOf = ({ report }: SeenProcess): string => `${report.service} ${report.instance}`;

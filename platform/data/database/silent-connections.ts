import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import pg from 'pg';
import { every } from '../../base/faults/every.ts';
import type { Logger } from '../../base/log/log.ts';

/** Longest silence of the server within a query before it is asked for a sign of life, in milliseconds. */
const SILENCE_MS = 15_000;
/** How long a sign of life may take, in milliseconds. */
const ANSWER_MS = 5_000;
const LOOKS_OF_SILENCE = 3;

/** A connection, and what has gone over it. */
interface Watched {
  readonly client: pg.Client & { readonly processID?: number | null };
  readonly connection: EventEmitter & { readonly stream: Socket };
  /** Bytes that had been sent when the server had last answered all of it. */
  answered: number;
  /** Bytes in both directions at the last look. */
  passed: number;
  /** Since when nothing has passed that is waited for. */
  since: number;
}

export interface SilenceOptions {
  /** How the server is asked for a sign of life. */
  readonly probe: () => pg.ClientConfig;
  readonly silenceMs?: number | undefined;
  readonly log?: Logger | undefined;
}

/**
 * The connections whose server may be gone without a word: a machine that lost its power, a failover, a network that
 * drops what it is given. TCP notices that after a quarter of an hour, and so long each query would wait, and with it
 * its place in the pool. So a server that is silent within a query is asked over another connection whether it is at
 * it. A query that takes its time goes on; one of which the server knows nothing, or whose server does not answer,
 * ends as one whose connection broke.
 */
export class SilentConnections {
  readonly #options: SilenceOptions;
  readonly #silenceMs: number;
  readonly #open = new Set<Watched>();
  #stop: (() => void) | undefined;
  #isLooking = false;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
  }

  /** Watches a connection until it ends. */
  watch(client: pg.Client): void {
    const { connection } = client as unknown as Pick<Watched, 'connection'>;
    const watched: Watched = { client, connection, answered: 0, passed: 0, since: performance.now() };
    // Before pg sends the next query, which this makes it do.
    connection.prependListener('readyForQuery', () => {
      watched.answered = connection.stream.bytesWritten;
    });
    client.once('end', () => {
      this.#open.delete(watched);
      if (this.#open.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    });
    this.#open.add(watched);
    const guard = { where: 'database', log: this.#options.log };
    this.#stop ??= every(this.#silenceMs / LOOKS_OF_SILENCE, guard, () => this.#look());
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    const silent = [...this.#open].filter((one) => this.#isSilent(one));
    if (silent.length === 0) return;
    this.#isLooking = true;
    const working = await this.#working().finally(() => {
      this.#isLooking = false;
    });
    for (const one of silent) {
      if (working === 'unknown' || !this.#isSilent(one) || working.has(one.client.processID ?? -1)) continue;
      this.#options.log?.warn('a query is given up: the server is silent and knows nothing of it');
      one.connection.stream.destroy(new Error('Connection terminated: the server is silent'));
    }
  }

  #isSilent(one: Watched): boolean {
    // Not connected yet: that has a time limit of its own, and the server knows nothing of a query.
    if (one.client.processID == null) return false;
    const { bytesRead, bytesWritten } = one.connection.stream;
    const [now, passed] = [performance.now(), bytesRead + bytesWritten];
    if (bytesWritten === one.answered || passed !== one.passed) [one.passed, one.since] = [passed, now];
    return now - one.since >= this.#silenceMs;
  }

  /** The server's processes that are at a query; none where it does not answer. */
  async #working(): Promise<ReadonlySet<number> | 'unknown'> {
    const probe: Watched['client'] = new pg.Client({
      ...this.#options.probe(),
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
    });
    probe.on('error', () => {});
    try {
      await probe.connect();
      // One that waits for the client has not got the query, or does not get rid of the answer.
      const { rows } = await probe.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE state = 'active' AND wait_event_type IS DISTINCT FROM 'Client'`,
      );
      const working = new Set(rows.map(({ pid }) => pid));
      // This one is at work. A pooler that stands in front calls it otherwise, and all the others too.
      return working.has(probe.processID ?? -1) ? working : 'unknown';
    } catch (error) {
      // A refusal is a sign of life: it has no connection to spare, or starts.
      return error instanceof pg.DatabaseError ? 'unknown' : new Set();
    } finally {
      (probe as unknown as Pick<Watched, 'connection'>).connection.stream.destroy();
    }
  }
}

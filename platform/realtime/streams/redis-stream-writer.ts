import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../../base/faults/backoff.ts';
import { every } from '../../base/faults/every.ts';
import { guarded } from '../../base/faults/guarded.ts';
import type { JsonObject } from '../../base/json/json.ts';
import type { StoreMetrics } from '../../base/metrics/store-metrics.ts';
import { unavailable } from '../redis/redis.ts';
import { checkFinal, joinChunks } from './chunks.ts';
import type { LogBuffer } from './log-buffer.ts';
import type { StreamScripts } from './redis-stream-scripts.ts';
import { StreamFencedError, StreamFinishedError } from './stream-errors.ts';
import type { Chunk, StreamLimits, StreamWriter } from './stream-log.ts';

export interface RedisWriterOptions {
  readonly stream: string;
  readonly epoch: number;
  readonly token: string;
  readonly born: string;
  readonly leaseMs: number;
  /** When Redis was asked for the lease, by `performance.now()`. */
  readonly openedAt: number;
  /** Own copy of the stream, with what earlier producers wrote; what a Redis that lost it is given again. */
  readonly buffer: LogBuffer;
  readonly limits: StreamLimits;
  readonly keys: { readonly log: string; readonly meta: string };
  readonly scripts: StreamScripts;
  readonly metrics: StoreMetrics;
  /** Called when Redis has confirmed more. @param final what the stream has ended with, if it has. */
  readonly onConfirmed: (writer: RedisStreamWriter, final: JsonObject | undefined) => void;
  readonly onClose: (writer: RedisStreamWriter) => void;
}

const BATCH_CHUNKS = 500;
/** How long a caller waits for Redis, in ms. */
const PATIENCE_MS = 2_000;
/** How long an end that Redis did not hear is repeated, in ms. */
const LAST_WORD_MS = 60_000;

/**
 * The producer of a stream in Redis. Chunks are numbered here, because there is only one producer, and go out in the
 * background, as many in one call as have gathered while the last was under way.
 */
export class RedisStreamWriter implements StreamWriter {
  readonly #options: RedisWriterOptions;
  readonly #stop = new AbortController();
  readonly #stopRenewing: () => void;
  readonly #waiters = new Set<{ done: () => boolean; resolve: () => void; reject: (error: Error) => void }>();
  #confirmed: number;
  /** When what Redis has confirmed last was sent. */
  #confirmedAt: number;
  #final: JsonObject | undefined;
  #finishDeadline = Number.POSITIVE_INFINITY;
  #ended = false;
  #released = false;
  #closed = false;
  #pumping = false;
  #sending: Promise<void> | undefined;
  #fenced: StreamFencedError | undefined;

  constructor(options: RedisWriterOptions) {
    this.#options = options;
    this.#confirmed = options.buffer.last;
    this.#confirmedAt = options.openedAt;
    this.#stopRenewing = every(options.leaseMs / 3, { where: 'stream' }, () => this.renew());
    options.metrics.streamProducers.inc();
  }

  get stream(): string {
    return this.#options.stream;
  }
  get epoch(): number {
    return this.#options.epoch;
  }
  get last(): number {
    return this.#options.buffer.last;
  }
  get stopRequested(): AbortSignal {
    return this.#stop.signal;
  }
  get born(): string {
    return this.#options.born;
  }
  get chunks(): readonly Chunk[] {
    return this.#options.buffer.chunks;
  }
  /** How many chunks Redis has confirmed. */
  get confirmed(): number {
    return this.#confirmed;
  }
  /** Resolves when Redis has answered what is under way to it, or has not. */
  async answered(): Promise<void> {
    await this.#sending?.catch(() => undefined);
  }
  /** Whether the stream is this producer's, as far as Redis has said within the time of its lease. */
  get isHeld(): boolean {
    return (
      !this.#closed && !this.#released && !this.#ended && performance.now() - this.#confirmedAt < this.#options.leaseMs
    );
  }

  append(chunk: Chunk): number {
    const { buffer, stream, limits, metrics } = this.#options;
    if (this.#fenced) throw this.#fenced;
    if (this.#final || this.#released || this.#closed) throw new StreamFinishedError(stream);
    buffer.checkLimits(stream, chunk, limits);
    metrics.streamChunks.inc();
    metrics.streamPending.inc();
    const seq = buffer.append(chunk);
    this.#schedule();
    return seq;
  }

  content(): Chunk[] {
    return joinChunks(this.#options.buffer.chunks);
  }

  async flush(): Promise<void> {
    const target = this.last;
    await this.#reach(() => this.#confirmed >= target);
  }

  async finish(final: JsonObject): Promise<void> {
    checkFinal(final);
    if (this.#released) throw new StreamFinishedError(this.stream);
    if (!this.#final) {
      this.#final = final;
      this.#finishDeadline = performance.now() + LAST_WORD_MS;
      this.#schedule();
    }
    await this.#reach(() => this.#ended);
  }

  async release(): Promise<void> {
    if (this.#released || this.#closed || this.#final) return;
    this.#released = true;
    try {
      await this.flush();
      await this.#options.scripts.release(this.#options.keys.meta, this.#options.token);
    } catch {
      // It lapses by itself.
    }
    this.close();
  }

  /** Shows life, outside the rhythm when Redis has just come back. */
  renew(): void {
    if (!this.#closed && !this.#pumping) this.#schedule(true);
  }

  stop(): void {
    this.#stop.abort();
  }

  fence(): void {
    if (this.#fenced || this.#ended) return;
    this.#fenced = new StreamFencedError(this.stream, this.epoch);
    this.#options.metrics.streamFenced.inc();
    this.close();
    this.#stop.abort(this.#fenced);
  }

  /** Stops all background work; what Redis has not heard by now it never will. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopRenewing();
    this.#options.metrics.streamProducers.dec();
    this.#options.metrics.streamPending.dec(this.last - this.#confirmed);
    this.#settle();
    this.#options.onClose(this);
  }

  #schedule(renewOnly = false): void {
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    // Everything appended in this turn goes out together, and with what other producers append in it.
    process.nextTick(guarded({ where: 'stream' }, () => this.#pump(renewOnly)));
  }

  async #pump(renew: boolean): Promise<void> {
    for (let failures = 0; !this.#closed; ) {
      const due = this.#confirmed < this.last || (this.#final !== undefined && !this.#ended);
      if (!due && !renew) break;
      try {
        this.#sending = this.#send();
        await this.#sending;
        renew = false;
        failures = 0;
      } catch {
        if (performance.now() > this.#finishDeadline) this.close();
        await sleep(backoff(++failures, { firstMs: 25, maxMs: 500 }), undefined, { ref: false });
      }
      this.#settle();
    }
    this.#pumping = false;
    this.#sending = undefined;
    if (this.#ended) this.close();
  }

  async #send(): Promise<void> {
    const { buffer, scripts, keys, token, leaseMs, limits } = this.#options;
    const from = this.#confirmed;
    const batch = buffer.chunks.slice(from, from + BATCH_CHUNKS);
    const complete = from + batch.length === buffer.last;
    const final = complete && this.#final ? JSON.stringify(this.#final) : '';
    const ttlMs = final ? limits.finishedTtlMs : limits.idleTtlMs;
    const texts = batch.map((chunk) => JSON.stringify(chunk));
    const sentAt = performance.now();
    const reply = (await scripts.append(keys.log, keys.meta, token, from + 1, leaseMs, ttlMs, final, ...texts)) as
      | ['ok', last: number, stop: number]
      | ['fenced']
      | ['missing'];
    if (this.#closed) return;
    if (reply[0] === 'fenced') this.fence();
    else if (reply[0] === 'missing') await this.#restore();
    else {
      this.#confirmed = from + batch.length;
      this.#confirmedAt = sentAt;
      this.#options.metrics.streamPending.dec(batch.length);
      if (final) this.#ended = true;
      this.#options.onConfirmed(this, final ? this.#final : undefined);
      if (reply[2] === 1) this.stop();
    }
  }

  /** Redis has lost the stream: it gets it again from our copy, with the same numbers, so readers notice nothing. */
  async #restore(): Promise<void> {
    const { scripts, keys, token, epoch, leaseMs, limits, born, metrics } = this.#options;
    const reply = (await scripts.restore(keys.log, keys.meta, token, epoch, leaseMs, limits.idleTtlMs, born)) as [
      string,
    ];
    if (this.#closed) return;
    if (reply[0] === 'fenced') {
      this.fence();
      return;
    }
    metrics.streamRestored.inc();
    metrics.streamPending.inc(this.#confirmed);
    this.#confirmed = 0;
  }

  async #reach(done: () => boolean): Promise<void> {
    if (this.#fenced) throw this.#fenced;
    if (done()) return;
    if (this.#closed) throw unavailable(new Error('the stream log was closed'));
    await new Promise<void>((resolve, reject) => {
      const waiter = { done, resolve, reject };
      const timer = setTimeout(() => finish(() => reject(unavailable(new Error('no answer in time')))), PATIENCE_MS);
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        settle();
      };
      waiter.resolve = () => finish(resolve);
      waiter.reject = (error) => finish(() => reject(error));
      this.#waiters.add(waiter);
    });
  }

  #settle(): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.done()) waiter.resolve();
      else if (this.#fenced) waiter.reject(this.#fenced);
      else if (this.#closed) waiter.reject(unavailable(new Error('the stream log was closed')));
    }
  }
}
